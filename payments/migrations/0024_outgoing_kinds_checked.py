from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0023_refunds_elsewhere"),
    ]

    operations = [
        ValidateConstraint(model_name="outgoingpayment", name="outgoing_kind_known"),
    ]
