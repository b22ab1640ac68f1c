"""What is compared with the book every day, and where each side's lines come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from payments.ledger import queries as ledger
from payments.operations import provider_balance
from payments.reconciliation.matching import OURS


class UnknownSource(Exception):
    """Nothing of that name is reconciled."""


AT_ONCE = 5_000

_CARD_LINES = """
    SELECT 'ours', 'capture:' || leg.id, share.provider_reference, leg.amount, part.currency, moved.at,
        'capture of ' || part.reference, ARRAY[part.reference]
    FROM payments_capture AS moved
    JOIN payments_movementleg AS leg ON leg.capture_id = moved.id
    JOIN payments_tender AS tender ON tender.id = leg.tender_id AND tender.method = 'card'
    JOIN payments_part AS part ON part.id = moved.part_id
    JOIN payments_share AS share ON share.part_id = part.id AND share.tender_id = tender.id
    WHERE moved.recorded_at >= coalesce(%(since)s::timestamptz, '-infinity') AND moved.recorded_at < %(until)s
    UNION ALL
    SELECT 'ours', 'refund:' || leg.id, share.provider_reference, -leg.amount, part.currency, moved.at,
        'refund of ' || part.reference, ARRAY[part.reference]
    FROM payments_refund AS moved
    JOIN payments_movementleg AS leg ON leg.refund_id = moved.id
    JOIN payments_tender AS tender ON tender.id = leg.tender_id AND tender.method = 'card'
    JOIN payments_part AS part ON part.id = moved.part_id
    JOIN payments_share AS share ON share.part_id = part.id AND share.tender_id = tender.id
    WHERE moved.recorded_at >= coalesce(%(since)s::timestamptz, '-infinity') AND moved.recorded_at < %(until)s
    UNION ALL
    SELECT 'ours', 'dispute:' || moved.id, moved.key, moved.amount, dispute.currency, moved.at,
        moved.kind || ' by dispute ' || dispute.provider_id, ARRAY[dispute.provider_id]
    FROM payments_disputemovement AS moved JOIN payments_dispute AS dispute ON dispute.id = moved.dispute_id
    WHERE moved.amount <> 0
        AND moved.recorded_at >= coalesce(%(since)s::timestamptz, '-infinity') AND moved.recorded_at < %(until)s
    UNION ALL
    SELECT 'ours', 'payout:' || provider_id, provider_id, -amount, currency, paid_at, 'payout', ARRAY[provider_id]
    FROM payments_providerpayout
    WHERE journal_id IS NOT NULL AND paid_at >= coalesce(%(since)s::timestamptz, '-infinity') AND paid_at < %(until)s
    UNION ALL
    SELECT 'ours', 'payout-failed:' || provider_id, provider_id, amount, currency, failed_at, failure,
        ARRAY[provider_id]
    FROM payments_providerpayout
    WHERE returned_journal_id IS NOT NULL
        AND failed_at >= coalesce(%(since)s::timestamptz, '-infinity') AND failed_at < %(until)s
    UNION ALL
    SELECT 'theirs', provider_id,
        CASE kind WHEN 'adjustment' THEN provider_id WHEN 'payout' THEN source WHEN 'payout_failure' THEN source
            WHEN 'payout_cancel' THEN source ELSE intent END,
        amount, currency, created_at, kind, ARRAY[]::varchar[]
    FROM payments_providerbalancetransaction
    WHERE amount <> 0 AND NOT kind = ANY (%(charges)s)
        AND recorded_at >= coalesce(%(since)s::timestamptz, '-infinity') AND recorded_at < %(until)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a side, to be told once by its key; ``amount`` is minor units, below zero where money left."""

    side: str
    key: str
    reference: str
    amount: int
    currency: str
    day: date
    text: str = ""
    names: tuple[str, ...] = ()


class Source(Protocol):
    """Two sides that must say the same.

    - ``patience``: days after which a line that only we have is missing at the other side; ``notice``: days after
      which one that only they have is unknown here.
    - ``window``: days that two lines of one amount may be apart and still be the same without a reference.
    - ``references_bind``: both sides draw references from one register, so that two that differ are two things.
    """

    name: str
    patience: int
    notice: int
    window: int
    references_bind: bool

    def lines(self, *, since: datetime | None, until: datetime) -> Iterator[Line]:
        """Yield each side's lines recorded from ``since`` up to, not including, ``until``; again changes nothing."""


class NostroSource:
    """Our account at another bank: what the book says of it, and the bank's statements.

    Statements are taken in by :func:`payments.reconciliation.statements.take_statements`; only our side is read here.
    """

    name = "nostro"
    patience = 3
    notice = 0
    window = 3
    references_bind = False

    def lines(self, *, since: datetime | None, until: datetime) -> Iterator[Line]:
        """Yield what the book moved on the account, in every currency it is kept in."""
        own = f"cash:nostro:{settings.RIALTO_POLICY.NOSTRO_BANK}"
        for account in ledger.accounts(containing=own, limit=1_000):
            if account.code == own or account.code.startswith(f"{own}:"):
                yield from _booked(code=account.code, since=since, until=until)


class CardSource:
    """The card provider: what we took from cards, gave back, lost in disputes and were paid, and its balance lines.

    A charge or refund is named by its PaymentIntent, a dispute's money by the provider's own line, a payout by itself.
    What the provider takes for its own service exists by its word alone: there is nothing to compare it with.
    """

    name = "card"
    patience = 2
    # A payout is in the provider's balance when it is made, and in ours when it has arrived.
    notice = 5
    window = 1
    references_bind = True

    def lines(self, *, since: datetime | None, until: datetime) -> Iterator[Line]:
        """Yield both sides' lines."""
        told = {"since": since, "until": until, "charges": list(provider_balance.CHARGES)}
        with connection.cursor() as cursor:
            cursor.execute(_CARD_LINES, told)
            while found := cursor.fetchmany(AT_ONCE):
                for side, key, reference, amount, currency, at, text, names in found:
                    yield Line(
                        side=side,
                        key=key,
                        reference=reference,
                        amount=amount,
                        currency=currency,
                        day=at.astimezone(UTC).date(),
                        text=text,
                        names=tuple(names),
                    )


def _booked(*, code: str, since: datetime | None, until: datetime) -> Iterator[Line]:
    said = ledger.statement(code=code, since=since, until=until, as_recorded=True)
    for line in said.lines:
        yield Line(
            side=OURS,
            key=f"{line.journal_id}:{line.position}",
            reference=line.reference,
            amount=line.amount,
            currency=said.currency,
            day=line.happened_at.date(),
            text=f"{line.event}, {line.counter_account}",
            names=(line.reference,) if line.reference else (),
        )


def sources() -> dict[str, Source]:
    """Return what is reconciled, by name."""
    return _sources(tuple(settings.RIALTO_RECONCILED))


def get(*, name: str) -> Source:
    """Return one source.

    :raises UnknownSource: there is none of that name.
    """
    try:
        return sources()[name]
    except KeyError:
        raise UnknownSource(f"Nothing called {name!r} is reconciled: choose one of {', '.join(sources())}.") from None


@cache
def _sources(paths: tuple[str, ...]) -> dict[str, Source]:
    return {source.name: source for source in (import_string(path)() for path in paths)}
