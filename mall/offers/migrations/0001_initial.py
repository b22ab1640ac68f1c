"""The buy box's weights by version, and how well merchants do."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ("merchants", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BuyBoxWeights",
            fields=[
                ("version", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("price", models.PositiveIntegerField()),
                ("speed", models.PositiveIntegerField()),
                ("quality", models.PositiveIntegerField()),
                ("stock", models.PositiveIntegerField()),
                ("reason", models.CharField(max_length=300)),
                ("at", models.DateTimeField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "price",
                                models.expressions.CombinedExpression(
                                    models.expressions.CombinedExpression(
                                        models.expressions.CombinedExpression(
                                            models.Value(10000), "-", models.F("speed")
                                        ),
                                        "-",
                                        models.F("quality"),
                                    ),
                                    "-",
                                    models.F("stock"),
                                ),
                            )
                        ),
                        name="buy_box_weights_are_a_whole",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MerchantStanding",
            fields=[
                (
                    "merchant",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="standing",
                        serialize=False,
                        to="merchants.merchant",
                    ),
                ),
                ("rating", models.FloatField(null=True)),
                ("reviews", models.PositiveIntegerField()),
                ("sent", models.PositiveIntegerField()),
                ("late_bps", models.PositiveIntegerField()),
                ("cancelled_bps", models.PositiveIntegerField()),
                ("quality", models.FloatField()),
                ("counted_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quality__gte", 0), ("quality__lte", 1)),
                        name="standing_quality_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cancelled_bps__lte", 10000), ("late_bps__lte", 10000)),
                        name="standing_shares_are_shares",
                    ),
                ],
            },
        ),
    ]
