"""Rules of attributes."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [("catalogue", "0032_category_exclude_from_menu_category_long_description")]

    operations = [
        migrations.CreateModel(
            name="AttributeRule",
            fields=[
                (
                    "attribute",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="rule",
                        serialize=False,
                        to="catalogue.productattribute",
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=16)),
                ("least", models.FloatField(null=True)),
                ("most", models.FloatField(null=True)),
                ("varies", models.BooleanField(default=False)),
                ("filterable", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("least__isnull", True),
                            ("most__isnull", True),
                            ("least__lte", models.F("most")),
                            _connector="OR",
                        ),
                        name="attribute_bounds_in_order",
                    )
                ],
            },
        ),
    ]
