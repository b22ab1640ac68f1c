from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

FIRST = """
CREATE UNIQUE INDEX CONCURRENTLY consignment_first_per_merchant
ON fulfilment_consignment (order_id, merchant_id) WHERE divided_from_id IS NULL
"""
ONCE = "CREATE UNIQUE INDEX CONCURRENTLY consignment_line_once ON fulfilment_consignmentline (consignment_id, line_id)"


class Migration(migrations.Migration):
    """Built beside the writers; the old constraints go only afterwards."""

    atomic = False

    dependencies = [
        ("fulfilment", "0006_divisions"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="consignment",
            index=models.Index(
                condition=Q(("status", "confirmed")),
                fields=["merchant", "promised_by", "id"],
                name="consignment_to_pack",
            ),
        ),
        AddIndexConcurrently(
            model_name="consignment",
            index=models.Index(fields=["merchant", "-placed_at", "-id"], name="consignment_newest"),
        ),
        migrations.RunSQL(FIRST, "DROP INDEX CONCURRENTLY IF EXISTS consignment_first_per_merchant"),
        migrations.RunSQL(ONCE, "DROP INDEX CONCURRENTLY IF EXISTS consignment_line_once"),
    ]
