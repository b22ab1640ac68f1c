"""The columns that nothing reads any more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("search", "0004_indexes")]

    operations = [
        migrations.RemoveField(
            model_name="searchentry",
            name="categories",
        ),
        migrations.RemoveField(
            model_name="searchentry",
            name="document",
        ),
        migrations.RemoveField(
            model_name="searchentry",
            name="merchants",
        ),
        migrations.RemoveField(
            model_name="searchentry",
            name="text",
        ),
    ]
