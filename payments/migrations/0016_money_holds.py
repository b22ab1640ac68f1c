import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0015_recorded_at_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="MoneyHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("merchant", models.CharField(max_length=80)),
                ("part_reference", models.CharField(blank=True, max_length=80)),
                ("reason", models.CharField(max_length=500)),
                ("state", models.CharField(default="asked", max_length=16)),
                ("asked_by", models.CharField(max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, max_length=80)),
                ("decided_at", models.DateTimeField(null=True)),
                ("release_reason", models.CharField(blank=True, max_length=500)),
                ("release_asked_by", models.CharField(blank=True, max_length=80)),
                ("release_asked_at", models.DateTimeField(null=True)),
                ("released_by", models.CharField(blank=True, max_length=80)),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-asked_at", "-id"], name="hold_latest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ("asked", "held", "declined", "release_asked", "released"))),
                        name="hold_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_by", ""),
                            models.Q(("decided_by", models.F("asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="hold_agreed_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by", ""),
                            models.Q(("released_by", models.F("release_asked_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="hold_released_by_another",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ("declined", "released")), _negated=True),
                        fields=("merchant", "part_reference"),
                        name="one_open_hold",
                    ),
                ],
            },
        ),
    ]
