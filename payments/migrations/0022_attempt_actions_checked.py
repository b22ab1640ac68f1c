from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0021_card_holds"),
    ]

    operations = [
        ValidateConstraint(model_name="providerattempt", name="attempt_action_known"),
    ]
