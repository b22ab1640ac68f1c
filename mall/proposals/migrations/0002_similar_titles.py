"""Products of a similar name are found by trigrams; built beside a live table."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("proposals", "0001_initial")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS proposals_similar_titles "
            "ON catalogue_product USING gin (title gin_trgm_ops)",
            "DROP INDEX CONCURRENTLY IF EXISTS proposals_similar_titles",
        ),
    ]
