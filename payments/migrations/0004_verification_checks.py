from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("payments", "0003_verification"),
    ]

    operations = [
        migrations.AddField(model_name="verification", name="checks", field=models.JSONField(default=list)),
    ]
