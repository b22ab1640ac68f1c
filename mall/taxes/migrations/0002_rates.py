"""The rates of value-added tax in the member states of the European Union, as dated data."""

import csv
from datetime import UTC, datetime
from pathlib import Path

from django.db import migrations

ENTERED_BY = "system"
_FILE = Path(__file__).parent / "data" / "rates.csv"


def enter(apps, schema_editor):
    TaxRate = apps.get_model("taxes", "TaxRate")
    with _FILE.open() as rows:
        TaxRate.objects.bulk_create(
            [
                TaxRate(
                    country=row["country"],
                    tax_class=row["tax_class"],
                    rate_bps=int(row["rate_bps"]),
                    starts_on=row["starts_on"],
                    entered_by=ENTERED_BY,
                    entered_at=datetime(2026, 1, 1, tzinfo=UTC),
                )
                for row in csv.DictReader(rows)
            ],
            ignore_conflicts=True,
        )


def take_back(apps, schema_editor):
    apps.get_model("taxes", "TaxRate").objects.filter(entered_by=ENTERED_BY).delete()


class Migration(migrations.Migration):
    dependencies = [("taxes", "0001_initial")]

    operations = [migrations.RunPython(enter, take_back)]
