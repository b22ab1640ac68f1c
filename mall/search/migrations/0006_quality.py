"""Quality is computed by one function, where an entry is written and where all are weighed anew."""

from pathlib import Path

from django.db import migrations

QUALITY = (Path(__file__).parent / "sql" / "quality.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("search", "0005_old_columns")]

    operations = [migrations.RunSQL(QUALITY, "DROP FUNCTION search_quality")]
