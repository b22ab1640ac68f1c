"""One merchant makes one offer of one product in one condition; built beside a live table."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("partner", "0009_condition_and_handling")]

    operations = [
        ValidateConstraint(model_name="stockrecord", name="partner_condition_known"),
        ValidateConstraint(model_name="stockrecord", name="partner_handling_within_a_month"),
        migrations.RunSQL(
            "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS partner_one_offer_per_condition "
            "ON partner_stockrecord (partner_id, product_id, condition)",
            migrations.RunSQL.noop,
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE partner_stockrecord ADD CONSTRAINT partner_one_offer_per_condition "
                    "UNIQUE USING INDEX partner_one_offer_per_condition",
                    "ALTER TABLE partner_stockrecord DROP CONSTRAINT partner_one_offer_per_condition",
                )
            ],
            state_operations=[
                migrations.AddConstraint(
                    model_name="stockrecord",
                    constraint=models.UniqueConstraint(
                        fields=("partner", "product", "condition"), name="partner_one_offer_per_condition"
                    ),
                )
            ],
        ),
    ]
