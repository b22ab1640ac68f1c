"""What is looked at before a payment is asked for, and what was paid without a second factor since the last."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0005_cases"),
    ]

    operations = [
        migrations.CreateModel(
            name="FreePayments",
            fields=[
                ("account", models.CharField(max_length=34, primary_key=True, serialize=False)),
                ("payments", models.PositiveIntegerField(default=0)),
                ("spent", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Screening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outcome", models.CharField(max_length=10)),
                ("reasons", models.JSONField()),
                ("facts", models.JSONField()),
                ("at", models.DateTimeField()),
                ("due_at", models.DateTimeField(null=True)),
                ("state", models.CharField(default="none", max_length=12)),
                ("taken_by", models.CharField(blank=True, max_length=80)),
                ("taken_at", models.DateTimeField(null=True)),
                ("first_by", models.CharField(blank=True, max_length=80)),
                ("first_at", models.DateTimeField(null=True)),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Sighting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=10)),
                ("subject", models.CharField(max_length=64)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="UsedCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("holder", models.CharField(max_length=80)),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.DeleteModel(
            name="StepUpCounter",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payment_state_known",
        ),
        migrations.AddField(
            model_name="payment",
            name="address",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="payment",
            name="device",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        # Processes of the former release, which do not name these columns, go on writing while this one starts.
        migrations.RunSQL(
            "ALTER TABLE payments_payment ALTER device SET DEFAULT '', ALTER address SET DEFAULT ''",
            "ALTER TABLE payments_payment ALTER device DROP DEFAULT, ALTER address DROP DEFAULT",
        ),
        AddConstraintNotValid(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "recorded",
                            "authorising",
                            "authorised",
                            "action_required",
                            "in_review",
                            "refused",
                            "expired",
                            "voided",
                            "captured",
                        ),
                    )
                ),
                name="payment_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="freepayments",
            constraint=models.CheckConstraint(condition=models.Q(("spent__gte", 0)), name="free_not_negative"),
        ),
        migrations.AddField(
            model_name="screening",
            name="payment",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="screening", to="payments.payment"
            ),
        ),
        migrations.AddField(
            model_name="sighting",
            name="payment",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="sightings", to="payments.payment"
            ),
        ),
        migrations.AddIndex(
            model_name="usedcode",
            index=models.Index(fields=["at"], name="used_code_age"),
        ),
        migrations.AddConstraint(
            model_name="usedcode",
            constraint=models.UniqueConstraint(fields=("holder", "digest"), name="one_use_a_code"),
        ),
        migrations.AddIndex(
            model_name="screening",
            index=models.Index(
                condition=models.Q(("state__in", ("held", "seconded"))), fields=["due_at"], name="screening_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ("pass", "challenge", "hold", "refuse"))),
                name="screening_outcome_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("none", "held", "seconded", "approved", "refused", "expired"))),
                name="screening_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("first_by", ""),
                    models.Q(("first_by", models.F("decided_by")), _negated=True),
                    ("state", "refused"),
                    _connector="OR",
                ),
                name="screening_second_is_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="screening",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "hold"), _negated=True), ("due_at__isnull", False), _connector="OR"
                ),
                name="held_until_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="sighting",
            index=models.Index(fields=["kind", "subject", "at"], name="sighting_counted"),
        ),
        migrations.AddConstraint(
            model_name="sighting",
            constraint=models.UniqueConstraint(fields=("payment", "kind", "subject"), name="one_sighting_a_subject"),
        ),
        migrations.AddConstraint(
            model_name="sighting",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("payer", "account", "card", "device", "address"))),
                name="sighting_kind_known",
            ),
        ),
    ]
