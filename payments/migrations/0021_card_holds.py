import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0020_provider_events"),
    ]

    operations = [
        migrations.CreateModel(
            name="CardCustomer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payer", models.CharField(max_length=260, unique=True)),
                ("reference", models.CharField(max_length=80, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="CardHoldQuestion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("state", models.CharField(default="asked", max_length=20)),
                ("reason", models.CharField(max_length=500)),
                ("deadline", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
                ("source", models.CharField(blank=True, max_length=200)),
                ("action_url", models.CharField(blank=True, max_length=500)),
                ("pending", models.JSONField(default=dict)),
                ("turn", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="SavedCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payer", models.CharField(max_length=260)),
                ("reference", models.CharField(max_length=80, unique=True)),
                ("brand", models.CharField(max_length=30)),
                ("last4", models.CharField(max_length=4)),
                ("expires_year", models.PositiveSmallIntegerField()),
                ("expires_month", models.PositiveSmallIntegerField()),
                ("saved_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="providerattempt",
            name="attempt_action_known",
        ),
        AddConstraintNotValid(
            model_name="providerattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("action__in", ("authorise", "capture", "void", "refund", "renew", "replace"))),
                name="attempt_action_known",
            ),
        ),
        migrations.AddField(
            model_name="cardholdquestion",
            name="tender",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="hold_questions", to="payments.tender"
            ),
        ),
        migrations.AddIndex(
            model_name="savedcard",
            index=models.Index(
                condition=models.Q(("removed_at__isnull", True)), fields=["payer", "-saved_at"], name="card_kept"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_month__gte", 1), ("expires_month__lte", 12)), name="card_month_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="cardholdquestion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("replaced", "lapsed")), _negated=True),
                fields=("tender",),
                name="one_open_hold_question_a_tender",
            ),
        ),
        migrations.AddConstraint(
            model_name="cardholdquestion",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("asked", "answering", "replaced", "lapsed"))),
                name="card_hold_state_known",
            ),
        ),
    ]
