from django.db import migrations

# Whoever set a tier alone, before changes took two people, is named; the market's beginning agreed.
FORWARDS = """
    INSERT INTO payments_tierchange (kind, subject, tier, begins_on, reason, state, proposed_by, proposed_at,
                                     decided_by, decided_at, note)
    SELECT 'account', holder, tier, (at AT TIME ZONE 'UTC')::date, 'Set before changes took two people.', 'agreed',
           "by", at, 'bank', at, ''
    FROM payments_accounttier WHERE "by" <> 'bank' ORDER BY id
"""
BACKWARDS = """
    INSERT INTO payments_accounttier (holder, tier, "by", at)
    SELECT DISTINCT ON (subject) subject, tier, proposed_by, decided_at FROM payments_tierchange
    WHERE kind = 'account' AND state = 'agreed' ORDER BY subject, begins_on DESC, id DESC
    ON CONFLICT (holder) DO UPDATE SET tier = excluded.tier, "by" = excluded."by", at = excluded.at
"""


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0025_tiers"),
    ]

    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
