"""What must always hold between the book and what the card provider told: disputes, and its available money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from payments import chart
from payments.operations.provider_balance import CHARGES
from payments.reconciliation.checks import compare, few, read

DISPUTES_AGAINST_MOVEMENTS = """
    WITH moved AS (
        SELECT dispute_id, sum(taken) AS taken, sum(fee) AS fee, sum(held) AS held, sum(escrow) AS escrow
        FROM payments_disputemovement GROUP BY dispute_id
    )
    SELECT 'dispute ' || provider_id || ': its amounts are not the sums of its movements'
    FROM payments_dispute AS dispute LEFT JOIN moved ON moved.dispute_id = dispute.id
    WHERE (dispute.taken, dispute.fee, dispute.held, dispute.escrow)
          IS DISTINCT FROM (coalesce(moved.taken, 0), coalesce(moved.fee, 0), coalesce(moved.held, 0),
                            coalesce(moved.escrow, 0))
    UNION ALL
    SELECT 'dispute ' || provider_id || ' is over and still holds ' || held FROM payments_dispute
    WHERE state IN ('lost', 'inquiry_closed') AND (held <> 0 OR taken <> 0)
    ORDER BY 1
"""

PARTS_AGAINST_DISPUTES = """
    WITH held AS (
        SELECT part_id, sum(escrow) AS before, sum(held - escrow) AS after,
               count(*) FILTER (WHERE closed_at IS NULL) AS open
        FROM payments_dispute WHERE part_id IS NOT NULL GROUP BY part_id
    ),
    shares AS (SELECT share_id, sum(held) AS held FROM payments_dispute GROUP BY share_id)
    SELECT part.reference || ': what is held in dispute is not the sum of its disputes'
    FROM payments_part AS part LEFT JOIN held ON held.part_id = part.id
    WHERE (part.disputed_before, part.disputed_after, part.open_disputes)
          IS DISTINCT FROM (coalesce(held.before, 0), coalesce(held.after, 0), coalesce(held.open, 0))
    UNION ALL
    SELECT 'share ' || share.id || ': what is held in dispute is not the sum of its disputes'
    FROM payments_share AS share LEFT JOIN shares ON shares.share_id = share.id
    WHERE share.disputed <> coalesce(shares.held, 0)
    ORDER BY 1
"""


def check_disputes() -> list[str]:
    """3. What is held in dispute is what the disputes say, and what the provider has taken is claimed"""
    problems = [text for query in (DISPUTES_AGAINST_MOVEMENTS, PARTS_AGAINST_DISPUTES) for (text,) in read(query)]
    return few([*problems, *compare(_balances(), "dispute")])


def _balances() -> Iterator[Sequence]:
    return read(
        "SELECT 'dispute:' || id || kind, CASE kind WHEN ':held' THEN held ELSE taken END "
        "FROM payments_dispute CROSS JOIN (VALUES (':receivable'), (':held')) AS account (kind) "
        "WHERE EXISTS (SELECT FROM payments_disputemovement AS moved WHERE moved.dispute_id = payments_dispute.id) "
        "ORDER BY id, kind"
    )


# What the provider's available account must hold: the net that became available, what it charged, what disputes took
# and gave, less what it paid out. Lines of disputes and payouts are counted by what was posted for them.
AVAILABLE_MONEY = """
    WITH posted AS (
        SELECT currency, net AS amount FROM payments_providerbalancetransaction
        WHERE (available_journal_id IS NOT NULL OR (journal_id IS NOT NULL AND kind = ANY(%s)))
        UNION ALL
        SELECT dispute.currency, moved.amount - moved.fee FROM payments_disputemovement AS moved
        JOIN payments_dispute AS dispute ON dispute.id = moved.dispute_id
        UNION ALL
        SELECT currency, -amount FROM payments_providerpayout WHERE journal_id IS NOT NULL
        UNION ALL
        SELECT currency, amount FROM payments_providerpayout WHERE returned_journal_id IS NOT NULL
    )
    SELECT currency, sum(amount) FROM posted GROUP BY currency ORDER BY currency
"""
NOT_UNDERSTOOD = """
    SELECT 'the provider''s line ' || provider_id || ' (' || kind || ') is in no account: ' || problem
    FROM payments_providerbalancetransaction WHERE problem <> '' ORDER BY id
"""


def check_provider_money() -> list[str]:
    """6. What the book has available at the card provider is what the provider's lines, disputes and payouts say"""
    sums = {chart.card_available("stripe", code).code: total for code, total in read(AVAILABLE_MONEY, [list(CHARGES)])}
    return few(compare(iter(sums.items()), "provider's lines, disputes and payouts"))


def not_understood() -> list[str]:
    """Return the provider's lines that posted nothing because nobody here knows what they are."""
    return few([text for (text,) in read(NOT_UNDERSTOOD)])
