"""What must always hold of returns: what is kept for them is what they are about, and pieces are not returned twice."""

from __future__ import annotations

from django.db import connection

from mall import bank
from mall.returns import _rows, states
from mall.returns.models import Return

SHOWN = 20

_PIECES = """
SELECT cl.id, cl.title, cl.quantity, sum(rl.quantity) FROM returns_returnline rl
JOIN returns_return r ON r.id = rl.of_id
JOIN fulfilment_consignmentline cl ON cl.id = rl.line_id
WHERE r.outcome <> ALL(%s)
GROUP BY cl.id HAVING sum(rl.quantity) > cl.quantity OR sum(rl.amount) > cl.amount ORDER BY cl.id LIMIT %s
"""


def check_returns() -> list[str]:
    """The bank keeps for open returns what is still asked for, for nothing else, and no piece goes back twice.

    What an event still on its way will bring is no mismatch: a refund that is to be paid is still kept.
    """
    rows = Return.objects.filter(state__in=states.OPEN).values_list("number", "claimed", "refunded")
    asked = {_rows.claim_key(number=number): claimed - refunded for number, claimed, refunded in rows}
    kept = bank.open_claims()
    problems = [
        f"For {key} the bank keeps {kept.get(key, 0)} minor units, and {asked.get(key, 0)} are asked for."
        for key in sorted(asked.keys() | kept.keys())
        if kept.get(key, 0) != asked.get(key, 0) and not _is_being_paid(key=key)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_PIECES, [list(states.GIVEN_UP), SHOWN])
        problems += [
            f"Of line {identifier} ({title}) {back} of {bought} pieces go back, or more than was paid for them."
            for identifier, title, bought, back in cursor.fetchall()
        ]
    return problems[: 2 * SHOWN]


def _is_being_paid(*, key: str) -> bool:
    """Tell whether the bank paid a refund of a return that the return has not learnt of yet."""
    number = key.removeprefix("return:")
    row = Return.objects.filter(number=number).first()
    if row is None:
        return False
    unpaid = row.refunds.filter(paid_at__isnull=True)
    keys = [bank.refund_key(number=row.consignment.number, key=refund.key) for refund in unpaid]
    paid = sum(bank.refunds_done(keys=keys).values())
    return paid > 0 and bank.claims_left(keys=[key]).get(key) == row.claimed - row.refunded - paid
