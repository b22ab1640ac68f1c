"""An entry names its product's first photograph."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("search", "0007_variants"),
        ("catalogue", "0032_category_exclude_from_menu_category_long_description"),
    ]

    operations = [
        migrations.AddField(
            model_name="searchentry",
            name="photo",
            field=models.CharField(blank=True, db_default="", max_length=255),
        ),
    ]
