from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    """The constraints that take disputes in, checked on the rows that are there, under a lock that lets others write."""

    dependencies = [
        ("payments", "0008_disputes_and_provider_balance"),
    ]

    operations = [
        ValidateConstraint(model_name="part", name="part_escrow_not_negative"),
        ValidateConstraint(model_name="part", name="part_refunded_within_released"),
        ValidateConstraint(model_name="share", name="share_amounts_in_order"),
    ]
