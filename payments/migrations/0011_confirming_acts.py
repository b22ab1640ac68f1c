from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

# Questions are short-lived: what the older shape cannot hold is dropped on the way back.
FORGET = "DELETE FROM payments_stepupchallenge WHERE amount IS NULL OR factor = 'passkey'"


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0010_money_elsewhere"),
    ]

    operations = [
        migrations.AddField(
            model_name="stepupchallenge",
            name="return_url",
            field=models.CharField(blank=True, db_default="", max_length=500),
        ),
        migrations.AddField(model_name="stepupchallenge", name="taken_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(model_name="stepupchallenge", name="amount", field=models.BigIntegerField(null=True)),
        migrations.AlterField(
            model_name="stepupchallenge", name="currency", field=models.CharField(blank=True, max_length=3)
        ),
        migrations.RemoveConstraint(model_name="stepupchallenge", name="challenge_factor_known"),
        AddConstraintNotValid(
            model_name="stepupchallenge",
            constraint=models.CheckConstraint(
                condition=Q(factor__in=("passkey", "totp", "email")), name="challenge_factor_known"
            ),
        ),
        AddConstraintNotValid(
            model_name="stepupchallenge",
            constraint=models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(passed_at__isnull=False), name="challenge_passed_before_taken"
            ),
        ),
        migrations.RunSQL(sql=migrations.RunSQL.noop, reverse_sql=FORGET),
    ]
