import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("fulfilment", "0007_indexes_of_divided"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    model_name="consignment",
                    constraint=models.UniqueConstraint(
                        condition=Q(("divided_from__isnull", True)),
                        fields=("order", "merchant"),
                        name="consignment_first_per_merchant",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="consignmentline",
                    constraint=models.UniqueConstraint(fields=("consignment", "line"), name="consignment_line_once"),
                ),
            ],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE fulfilment_consignmentline "
                    "ADD CONSTRAINT consignment_line_once UNIQUE USING INDEX consignment_line_once",
                    # The index goes with its constraint; the step before builds it again.
                    "ALTER TABLE fulfilment_consignmentline DROP CONSTRAINT consignment_line_once",
                ),
            ],
        ),
        migrations.RemoveConstraint(model_name="consignment", name="consignment_one_per_merchant"),
        migrations.AlterField(
            model_name="consignmentline",
            name="line",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="consignment_lines", to="order.line"
            ),
        ),
    ]
