from pathlib import Path

from django.db import migrations, models

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
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("code", models.TextField(unique=True)),
                ("account_class", models.TextField()),
                ("currency", models.TextField()),
                ("normal_side", models.TextField()),
                ("floor", models.BigIntegerField(null=True)),
                ("hot", models.BooleanField()),
                ("owner", models.TextField()),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("xid", models.BigIntegerField()),
            ],
            options={"db_table": "ledger_account", "managed": False},
        ),
        migrations.CreateModel(
            name="Journal",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("recorded_at", models.DateTimeField()),
                ("happened_at", models.DateTimeField()),
                ("xid", models.BigIntegerField()),
                ("event", models.TextField()),
                ("reference", models.TextField()),
                ("currency", models.TextField()),
                ("metadata", models.JSONField()),
            ],
            options={"db_table": "ledger_journal", "managed": False},
        ),
    ]
