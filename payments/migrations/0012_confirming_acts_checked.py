from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ("payments", "0011_confirming_acts"),
    ]

    operations = [
        ValidateConstraint(model_name="stepupchallenge", name="challenge_factor_known"),
        ValidateConstraint(model_name="stepupchallenge", name="challenge_passed_before_taken"),
    ]
