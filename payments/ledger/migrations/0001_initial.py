from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
PARTS = ("guards", "read", "post", "closings", "evidence")


def sql(name: str) -> str:
    return (SQL / name).read_text(encoding="utf-8")


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.RunSQL(sql("tables.sql"), sql("drop.sql")),
        *(migrations.RunSQL(sql(f"{name}.sql"), migrations.RunSQL.noop) for name in PARTS),
    ]
