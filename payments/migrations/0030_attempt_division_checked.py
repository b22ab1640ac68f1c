from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0029_part_divisions"),
    ]

    operations = [
        ValidateConstraint(model_name="providerattempt", name="attempt_action_known"),
    ]
