"""What must always hold between payments' rows and the book; run by `manage.py ledger verify`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from django.db import connection

from payments.ledger import errors
from payments.ledger import queries as ledger

AT_ONCE = 10_000
# Problems of one kind that are named; the rest are counted.
NAMED = 50

PARTS_AGAINST_MOVEMENTS = """
    WITH captured AS (SELECT part_id, sum(amount) AS total FROM payments_capture GROUP BY part_id),
    cancelled AS (SELECT part_id, sum(amount) AS total FROM payments_cancellation GROUP BY part_id),
    released AS (SELECT part_id, sum(amount) AS total FROM payments_release GROUP BY part_id),
    refunded AS (
        SELECT part_id, sum(from_escrow) AS before, sum(amount - from_escrow) AS after
        FROM payments_refund GROUP BY part_id
    ),
    shares AS (
        SELECT part_id, sum(amount) AS amount, sum(captured) AS captured, sum(cancelled) AS cancelled,
               sum(refunded) AS refunded, sum(released) AS released
        FROM payments_share GROUP BY part_id
    )
    SELECT part.reference FROM payments_part AS part
    LEFT JOIN captured ON captured.part_id = part.id
    LEFT JOIN cancelled ON cancelled.part_id = part.id
    LEFT JOIN released ON released.part_id = part.id
    LEFT JOIN refunded ON refunded.part_id = part.id
    LEFT JOIN shares ON shares.part_id = part.id
    WHERE (part.captured, part.cancelled, part.released, part.refunded_before, part.refunded_after)
          IS DISTINCT FROM (coalesce(captured.total, 0), coalesce(cancelled.total, 0), coalesce(released.total, 0),
                            coalesce(refunded.before, 0), coalesce(refunded.after, 0))
       OR (part.amount, part.captured, part.cancelled, part.released, part.refunded_before + part.refunded_after)
          IS DISTINCT FROM (shares.amount, shares.captured, shares.cancelled, shares.released, shares.refunded)
    ORDER BY part.id
"""

TENDERS_AGAINST_LEGS = """
    WITH legs AS (
        SELECT tender_id, sum(amount) FILTER (WHERE capture_id IS NOT NULL) AS captured,
               sum(amount) FILTER (WHERE refund_id IS NOT NULL) AS refunded
        FROM payments_movementleg GROUP BY tender_id
    ),
    shares AS (
        SELECT tender_id, sum(amount) AS amount, sum(captured) AS captured, sum(refunded) AS refunded
        FROM payments_share GROUP BY tender_id
    )
    SELECT tender.id, payment.reference FROM payments_tender AS tender
    JOIN payments_payment AS payment ON payment.id = tender.payment_id
    LEFT JOIN legs ON legs.tender_id = tender.id
    LEFT JOIN shares ON shares.tender_id = tender.id
    WHERE NOT (0 <= tender.refunded AND tender.refunded <= tender.captured
               AND tender.captured <= tender.authorised AND tender.authorised <= tender.amount)
       OR (tender.captured, tender.refunded) IS DISTINCT FROM (coalesce(legs.captured, 0), coalesce(legs.refunded, 0))
       OR (tender.amount, tender.captured, tender.refunded)
          IS DISTINCT FROM (shares.amount, shares.captured, shares.refunded)
    ORDER BY tender.id
"""

LEFT_HALF_DONE = """
    SELECT 'the provider has not answered for ' || key || ' in an hour' FROM payments_providerattempt
    WHERE state <> 'applied' AND recorded_at < now() - interval '1 hour'
    UNION ALL
    SELECT 'payment ' || payment.id || ' of ' || reference || ' is being authorised, and nobody was asked'
    FROM payments_payment AS payment
    WHERE state = 'authorising' AND NOT EXISTS (
        SELECT FROM payments_providerattempt AS attempt JOIN payments_tender AS tender ON tender.id = attempt.tender_id
        WHERE tender.payment_id = payment.id AND attempt.state <> 'applied'
    )
    UNION ALL
    SELECT 'payment ' || payment.id || ' of ' || payment.reference || ' is ' || payment.state || ' and still holds '
           || part.reference
    FROM payments_payment AS payment JOIN payments_part AS part ON part.payment_id = payment.id
    WHERE payment.state IN ('refused', 'expired', 'voided') AND part.amount > part.captured + part.cancelled
      AND NOT EXISTS (
        SELECT FROM payments_providerattempt AS attempt JOIN payments_share AS share ON share.id = attempt.share_id
        WHERE share.part_id = part.id AND attempt.state <> 'applied'
    )
    UNION ALL
    SELECT 'event ' || key || ' has waited for an hour: ' || left(last_error, 120) FROM payments_outboxevent
    WHERE delivered_at IS NULL AND recorded_at < now() - interval '1 hour'
    UNION ALL
    SELECT 'journal ' || journal_id || ' belongs to ' || count(*) || ' movements' FROM (
        SELECT journal_id FROM payments_capture UNION ALL SELECT journal_id FROM payments_release
        UNION ALL SELECT journal_id FROM payments_refund
    ) AS movement GROUP BY journal_id HAVING count(*) > 1 OR journal_id IS NULL
"""


def check_parts() -> list[str]:
    """3. What was captured of each consignment was released, given back, or is in escrow, to the cent"""
    problems = [
        f"{reference}: its amounts are not the sums of its movements and shares"
        for (reference,) in read(PARTS_AGAINST_MOVEMENTS)
    ]
    return few([*problems, *_escrow_problems(), *_pending_problems()])


def check_tenders() -> list[str]:
    """4. No tender gave back more than it gave, or gave more than it had promised"""
    problems = [
        f"tender {identifier} of {reference}: its amounts are not the sums of its legs and shares, or out of order"
        for identifier, reference in read(TENDERS_AGAINST_LEGS)
    ]
    return few([*problems, *_held_problems()])


def check_nothing_half_done() -> list[str]:
    """7. Nothing was done twice, and nothing that was begun is left half done"""
    return few([text for (text,) in read(LEFT_HALF_DONE)])


def _escrow_problems() -> list[str]:
    rows = read(
        "SELECT 'escrow:' || reference, captured - released - refunded_before - disputed_before FROM payments_part "
        "WHERE captured > 0 ORDER BY id"
    )
    return compare(rows, "escrow of the part")


def _pending_problems() -> list[str]:
    rows = read(
        "SELECT terms.merchant || ':pending', coalesce(sum(unsettled_released - unsettled_refunded), 0) "
        "FROM payments_merchantterms AS terms LEFT JOIN payments_part AS part ON part.merchant = terms.merchant "
        "GROUP BY terms.merchant ORDER BY terms.merchant"
    )
    return compare(rows, "unsettled parts of the merchant")


def _held_problems() -> list[str]:
    rows = read(
        "SELECT 'held:' || tender.payment_id, sum(share.amount - share.captured - share.cancelled) "
        "FROM payments_share AS share JOIN payments_tender AS tender ON tender.id = share.tender_id "
        "WHERE tender.method IN ('bank_account', 'other_bank') AND share.authorised GROUP BY tender.payment_id "
        "ORDER BY tender.payment_id"
    )
    return compare(rows, "uncaptured tenders of the payment")


def compare(rows: Iterator[Sequence], meaning: str) -> list[str]:
    """Return each account whose balance in the book is not what payments' rows say it is."""
    problems = []
    while chunk := dict(islice(rows, AT_ONCE)):
        try:
            balances = ledger.balances(codes=chunk)
        except errors.UnknownAccount as missing:
            problems.append(f"{missing.account}: payments expect it in the book, and it is not there")
            continue
        problems += [
            f"{code}: {balances[code]} in the book, {expected} by the {meaning}"
            for code, expected in chunk.items()
            if balances[code] != expected
        ]
    return problems


def read(query: str, parameters: Sequence[object] = ()) -> Iterator[Sequence]:
    """Return the rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters or None)
        yield from cursor.fetchall()


def few(problems: list[str]) -> list[str]:
    """Return the first problems of a kind, and how many more there are."""
    if len(problems) <= NAMED:
        return problems
    return [*problems[:NAMED], f"and {len(problems) - NAMED} more"]
