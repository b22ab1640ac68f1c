"""The payments there are are checked against the new states while others are paid."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_screening")]

    operations = [ValidateConstraint(model_name="payment", name="payment_state_known")]
