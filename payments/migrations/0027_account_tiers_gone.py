from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0026_tiers_moved"),
    ]

    operations = [
        migrations.DeleteModel(name="AccountTier"),
    ]
