"""Offers say in what condition a thing is and how long it takes to leave; constant defaults rewrite no row."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

CONDITION = models.CheckConstraint(condition=Q(condition__in=("new", "renewed", "used")), name="partner_condition_known")
HANDLING = models.CheckConstraint(
    condition=Q(handling_days__gte=0, handling_days__lte=30), name="partner_handling_within_a_month"
)


class Migration(migrations.Migration):
    dependencies = [("partner", "0008_stock_never_oversold")]

    operations = [
        migrations.AddField(
            model_name="stockrecord",
            name="condition",
            field=models.CharField(
                choices=[("new", "New"), ("renewed", "Renewed"), ("used", "Used")],
                db_default="new",
                default="new",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="stockrecord",
            name="handling_days",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        AddConstraintNotValid(model_name="stockrecord", constraint=CONDITION),
        AddConstraintNotValid(model_name="stockrecord", constraint=HANDLING),
    ]
