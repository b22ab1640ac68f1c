import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0022_attempt_actions_checked"),
    ]

    operations = [
        migrations.AddField(
            model_name="failedrefund",
            name="outgoing",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="failed_refund",
                to="payments.outgoingpayment",
            ),
        ),
        migrations.RemoveConstraint(model_name="outgoingpayment", name="outgoing_kind_known"),
        AddConstraintNotValid(
            model_name="outgoingpayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("payout", "transfer", "send_back", "refund"))),
                name="outgoing_kind_known",
            ),
        ),
    ]
