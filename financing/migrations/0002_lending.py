import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("financing", "0001_features_underwriting")]

    operations = [
        migrations.CreateModel(
            name="ClosedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True)),
                ("loans", models.PositiveIntegerField()),
                ("finished_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Borrower",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                ("credit", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("reference", "currency"), name="borrower_once"),
                    models.CheckConstraint(condition=models.Q(("credit__gte", 0)), name="borrower_credit_not_negative"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("currency", models.CharField(max_length=3)),
                ("version", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("installments", "Instalments"), ("advance", "Merchant advance")], max_length=20
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("active", "Active"), ("retired", "Retired")],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("installments", models.PositiveSmallIntegerField()),
                ("frequency", models.CharField(default="months", max_length=10)),
                ("repay_every", models.PositiveSmallIntegerField(default=1)),
                ("amortization", models.CharField(default="equal_installments", max_length=20)),
                ("annual_rate_bps", models.PositiveIntegerField(default=0)),
                ("day_count", models.CharField(default="30/360", max_length=20)),
                ("fee_bps", models.PositiveIntegerField(default=0)),
                ("share_bps", models.PositiveIntegerField(default=0)),
                ("minimum_bps", models.PositiveIntegerField(default=0)),
                ("subsidy_bps", models.PositiveIntegerField(default=0)),
                ("minimum_amount", models.BigIntegerField()),
                ("maximum_amount", models.BigIntegerField()),
                ("grace_days", models.PositiveSmallIntegerField(default=5)),
                ("late_fee", models.BigIntegerField(default=0)),
                ("charge_off_days", models.PositiveSmallIntegerField(default=180)),
                ("early_rule", models.CharField(default="next", max_length=10)),
                ("waterfall", models.CharField(default="fees,interest,principal", max_length=60)),
                ("text_version", models.CharField(max_length=40)),
                ("proposed_by", models.CharField(max_length=80)),
                ("proposed_at", models.DateTimeField()),
                ("approved_by", models.CharField(blank=True, max_length=80)),
                ("approved_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("code", "currency", "version"), name="product_version_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")), fields=("code", "currency"), name="product_one_active"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "draft"),
                            models.Q(models.Q(("approved_by", ""), _negated=True), ("approved_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="product_active_is_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                        name="product_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("minimum_amount__gt", 0), ("maximum_amount__gte", models.F("minimum_amount"))
                        ),
                        name="product_amounts_in_order",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("installments__gt", 0), ("repay_every__gt", 0)),
                        name="product_has_installments",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("share_bps__lte", 10000), ("minimum_bps__lte", 10000), ("subsidy_bps__lt", 10000)
                        ),
                        name="product_shares_below_one",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Loan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("installments", "Instalments"), ("advance", "Merchant advance")], max_length=20
                    ),
                ),
                ("borrower", models.CharField(max_length=80)),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("signed", "Signed"),
                            ("active", "Active"),
                            ("closed", "Paid off"),
                            ("charged_off", "Charged off"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="signed",
                        max_length=12,
                    ),
                ),
                ("application", models.PositiveBigIntegerField(null=True, unique=True)),
                ("tender_id", models.PositiveBigIntegerField(null=True, unique=True)),
                ("payment_id", models.PositiveBigIntegerField(null=True)),
                ("reference", models.CharField(max_length=80)),
                ("merchant", models.CharField(blank=True, max_length=80)),
                ("repay_account", models.CharField(blank=True, max_length=40)),
                ("autopay", models.BooleanField(default=True)),
                ("principal", models.BigIntegerField()),
                ("annual_rate_bps", models.PositiveIntegerField(default=0)),
                ("fee", models.BigIntegerField(default=0)),
                ("share_bps", models.PositiveIntegerField(default=0)),
                ("subsidy_bps", models.PositiveIntegerField(default=0)),
                ("apr_bps", models.IntegerField(default=0)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("undrawn", models.BigIntegerField()),
                ("disbursed", models.BigIntegerField(default=0)),
                ("outstanding", models.BigIntegerField(default=0)),
                ("repaid", models.BigIntegerField(default=0)),
                ("refunded", models.BigIntegerField(default=0)),
                ("charged_off", models.BigIntegerField(default=0)),
                ("recovered", models.BigIntegerField(default=0)),
                ("interest", models.BigIntegerField(default=0)),
                ("fees", models.BigIntegerField(default=0)),
                ("deferred", models.BigIntegerField(default=0)),
                ("suspended", models.BigIntegerField(default=0)),
                ("earning_rate", models.BigIntegerField(default=0)),
                ("earning_rest", models.BigIntegerField(default=0)),
                ("interest_paid", models.BigIntegerField(default=0)),
                ("fees_paid", models.BigIntegerField(default=0)),
                ("days_late", models.PositiveIntegerField(default=0)),
                ("worst_days_late", models.PositiveIntegerField(default=0)),
                ("signed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("disbursed_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("closed_through", models.DateField()),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="financing.borrower"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="financing.product"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Installment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField()),
                ("due_on", models.DateField()),
                ("principal", models.BigIntegerField()),
                ("interest_planned", models.BigIntegerField(default=0)),
                ("fee_planned", models.BigIntegerField(default=0)),
                ("interest", models.BigIntegerField(default=0)),
                ("fee", models.BigIntegerField(default=0)),
                ("principal_paid", models.BigIntegerField(default=0)),
                ("interest_paid", models.BigIntegerField(default=0)),
                ("fee_paid", models.BigIntegerField(default=0)),
                ("principal_days", models.BigIntegerField(default=0)),
                ("late_fee", models.BigIntegerField(default=0)),
                ("overdue_said", models.PositiveSmallIntegerField(default=0)),
                ("settled_on", models.DateField(null=True)),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="schedule", to="financing.loan"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("settled_on", None)), fields=["due_on"], name="installment_open_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("loan", "number"), name="installment_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fee_paid__gte", 0),
                            ("interest_paid__gte", 0),
                            ("principal_paid__gte", 0),
                            ("principal_paid__lte", models.F("principal")),
                            ("interest_paid__lte", models.F("interest")),
                            ("fee_paid__lte", models.F("fee")),
                        ),
                        name="installment_paid_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.TextField()),
                ("text_version", models.CharField(max_length=40)),
                ("terms", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("signer", models.CharField(max_length=80)),
                ("signature", models.CharField(max_length=120)),
                ("evidence", models.JSONField(default=dict)),
                ("signed_at", models.DateTimeField()),
                (
                    "loan",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="agreement", to="financing.loan"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("signature", ""), _negated=True), name="agreement_is_signed"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256", ""), _negated=True), name="agreement_has_hash"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="LoanEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event", models.CharField(max_length=12)),
                ("number", models.PositiveSmallIntegerField(default=0)),
                ("known_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True)),
                ("amount", models.BigIntegerField(default=0)),
                ("days_late", models.PositiveIntegerField(default=0)),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="financing.loan"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["known_at"], name="loan_event_by_time")],
            },
        ),
        migrations.CreateModel(
            name="LoanTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200, unique=True)),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("principal", models.BigIntegerField(default=0)),
                ("interest", models.BigIntegerField(default=0)),
                ("fees", models.BigIntegerField(default=0)),
                ("credit", models.BigIntegerField(default=0)),
                ("source", models.CharField(blank=True, max_length=80)),
                ("reference", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "loan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="transactions", to="financing.loan"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["loan", "at"], name="loan_transaction_by_loan")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("credit__gte", 0), ("fees__gte", 0), ("interest__gte", 0), ("principal__gte", 0)
                        ),
                        name="loan_transaction_not_negative",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="loan",
            index=models.Index(fields=["borrower", "currency", "state"], name="loan_by_borrower"),
        ),
        migrations.AddIndex(
            model_name="loan",
            index=models.Index(
                condition=models.Q(("state__in", ["signed", "active"])),
                fields=["id"],
                name="loan_to_close",
            ),
        ),
        migrations.AddIndex(
            model_name="loan",
            index=models.Index(
                condition=models.Q(("kind", "advance"), ("state", "active")), fields=["merchant"], name="loan_advance"
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(condition=models.Q(("principal__gt", 0)), name="loan_principal_positive"),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "disbursed",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("outstanding"), "+", models.F("repaid")
                                ),
                                "+",
                                models.F("refunded"),
                            ),
                            "+",
                            models.F("charged_off"),
                        ),
                    )
                ),
                name="loan_disbursed_is_somewhere",
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undrawn__gte", 0),
                    (
                        "principal__gte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("disbursed"), "+", models.F("undrawn")
                        ),
                    ),
                ),
                name="loan_drawn_within_signed",
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("charged_off__gte", 0),
                    ("outstanding__gte", 0),
                    ("refunded__gte", 0),
                    ("repaid__gte", 0),
                    ("deferred__gte", 0),
                    ("fees__gte", 0),
                    ("interest__gte", 0),
                    ("suspended__gte", 0),
                ),
                name="loan_amounts_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="loan",
            constraint=models.CheckConstraint(
                condition=models.Q(("suspended__lte", models.F("interest"))), name="loan_suspended_within"
            ),
        ),
        # Every running loan and one line of it change every day: room on their pages keeps that cheap.
        migrations.RunSQL(
            "ALTER TABLE financing_loan SET (fillfactor = 60); ALTER TABLE financing_installment SET (fillfactor = 70)",
            "ALTER TABLE financing_loan RESET (fillfactor); ALTER TABLE financing_installment RESET (fillfactor)",
        ),
    ]
