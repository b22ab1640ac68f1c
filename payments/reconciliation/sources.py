"""What is compared with the book every day, and where each side's lines come from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from payments.ledger import queries as ledger
from payments.reconciliation.matching import OURS


class UnknownSource(Exception):
    """Nothing of that name is reconciled."""


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

    - ``patience``: days after which a line that only we have is missing at the other side.
    - ``window``: days that two lines of one amount may be apart and still be the same without a reference.
    - ``references_bind``: both sides draw references from one register, so that two that differ are two things.
    """

    name: str
    patience: int
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
    window = 3
    references_bind = False

    def lines(self, *, since: datetime | None, until: datetime) -> Iterator[Line]:
        """Yield what the book moved on the account, in every currency it is kept in."""
        own = f"cash:nostro:{settings.RIALTO_POLICY.NOSTRO_BANK}"
        for account in ledger.accounts(containing=own, limit=1_000):
            if account.code == own or account.code.startswith(f"{own}:"):
                yield from _booked(code=account.code, since=since, until=until)


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
