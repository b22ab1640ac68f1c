from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """Look at the rows that were there, beside whoever writes meanwhile."""

    dependencies = [
        ("partner", "0011_kept_price_and_version"),
    ]

    operations = [
        ValidateConstraint(model_name="stockrecord", name="partner_price_asked_or_kept"),
    ]
