import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0019_making_up"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProviderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=20)),
                ("event_id", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=80)),
                ("subject", models.CharField(blank=True, max_length=120)),
                ("happened_at", models.DateTimeField()),
                ("body", models.JSONField()),
                ("source", models.CharField(max_length=10)),
                ("state", models.CharField(default="received", max_length=12)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("problem", models.CharField(blank=True, max_length=500)),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(
                condition=models.Q(("state", "received")), fields=["due_at"], name="provider_event_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="providerevent",
            index=models.Index(fields=["subject", "happened_at"], name="provider_event_of_subject"),
        ),
        migrations.AddConstraint(
            model_name="providerevent",
            constraint=models.UniqueConstraint(fields=("provider", "event_id"), name="one_row_a_provider_event"),
        ),
        migrations.AddConstraint(
            model_name="providerevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("received", "handled", "ignored", "questioned"))),
                name="provider_event_state_known",
            ),
        ),
    ]
