"""The weights to begin with."""

from datetime import UTC, datetime

from django.db import migrations


def put(apps, schema_editor):
    apps.get_model("offers", "BuyBoxWeights").objects.get_or_create(
        version=1,
        defaults={
            "price": 6_000,
            "speed": 1_500,
            "quality": 2_000,
            "stock": 500,
            "reason": "To begin with: what it costs at the door decides, unless stores differ clearly.",
            "at": datetime(2026, 1, 1, tzinfo=UTC),
        },
    )


class Migration(migrations.Migration):
    dependencies = [("offers", "0001_initial")]

    operations = [migrations.RunPython(put, migrations.RunPython.noop)]
