import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0024_outgoing_kinds_checked"),
    ]

    operations = [
        migrations.CreateModel(
            name="TierChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=80)),
                ("tier", models.CharField(max_length=20)),
                ("begins_on", models.DateField()),
                ("reason", models.CharField(max_length=500)),
                ("state", models.CharField(default="proposed", max_length=12)),
                ("proposed_by", models.CharField(max_length=80)),
                ("proposed_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.AddField(
            model_name="settlement",
            name="reserve_bps",
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="settlement",
            name="reserve_tier",
            field=models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddIndex(
            model_name="tierchange",
            index=models.Index(
                condition=models.Q(("state", "agreed")),
                fields=["kind", "subject", "-begins_on"],
                name="tier_change_agreed",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("account", "reserve"))), name="tier_change_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="tierchange",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("proposed", "agreed", "declined", "withdrawn"))),
                name="tier_change_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("proposed", "withdrawn")),
                    models.Q(
                        models.Q(("decided_by", ""), _negated=True),
                        models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="tier_change_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierchange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "proposed")), fields=("kind", "subject"), name="one_tier_change_proposed"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tierchange",
            trigger=pgtrigger.compiler.Trigger(
                name="history",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.\"state\" IS DISTINCT FROM 'proposed')",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="cecb7475664042bf3fdaa783bae256b3380f690c",
                    operation="UPDATE",
                    pgid="pgtrigger_history_b7b61",
                    table="payments_tierchange",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tierchange",
            trigger=pgtrigger.compiler.Trigger(
                name="kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9ac04f0be951cdfdb1ae59148be9c430e39b379e",
                    operation="DELETE",
                    pgid="pgtrigger_kept_fc760",
                    table="payments_tierchange",
                    when="BEFORE",
                ),
            ),
        ),
    ]
