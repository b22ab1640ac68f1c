from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('payments', '0017_other_bank'),
    ]

    operations = [
        AddIndexConcurrently(
            model_name='share',
            index=models.Index(condition=models.Q(('provider_reference', ''), _negated=True), fields=['provider_reference'], name='share_at_provider'),
        ),
    ]
