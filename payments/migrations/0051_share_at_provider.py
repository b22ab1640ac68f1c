from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("payments", "0050_provider_events"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="share",
            index=models.Index(
                fields=["provider_reference"],
                name="share_at_provider",
                condition=models.Q(("provider_reference", ""), _negated=True),
            ),
        ),
    ]
