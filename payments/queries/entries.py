"""One entry of the book and what leads to it: journals, the things they are about, seals, the last verification."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from payments.ledger import errors
from payments.ledger import queries as ledger
from payments.ledger.queries import BookJournal, SealState
from payments.models import Verification
from payments.queries import book

MAX_ID = 2**63 - 1
FOUND_AT_MOST = 50


@dataclass(frozen=True, slots=True)
class Thing:
    """What a name in the book stands for, in words, and the page that shows it."""

    title: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPage:
    """A journal with what it is about."""

    journal: BookJournal
    total: int
    things: tuple[Thing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where a text leads: an account of that code, journals by number and by key, a reference, accounts like it."""

    account: str
    journals: tuple[int, ...]
    reference: str
    accounts: tuple[str, ...]

    @property
    def exact(self) -> int:
        """Return in how many ways it is a name of its own."""
        return bool(self.account) + len(self.journals) + bool(self.reference)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A check of the last verification and what it found."""

    name: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookState:
    """How far the book is sealed, and what its last verification found."""

    seal: SealState | None
    verified_at: datetime | None
    journals: int
    transfers: int
    seals: int
    checks: tuple[CheckView, ...]

    @property
    def holds(self) -> bool:
        """Return whether the last verification found nothing."""
        return not any(check.problems for check in self.checks)


def journal(*, journal_id: int) -> JournalPage | None:
    """Return a journal with what it is about, or nothing when there is none of that number."""
    if not 0 < journal_id <= MAX_ID:
        return None
    try:
        found = ledger.journal(journal_id=journal_id)
    except errors.UnknownJournal:
        return None
    names = [found.reference]
    if isinstance(found.metadata.get("payment"), int):
        names.append(f"payment:{found.metadata['payment']}")
    total = sum(transfer.amount for transfer in found.transfers)
    return JournalPage(journal=found, total=total, things=things(names=names))


def journals_of(*, reference: str, limit: int) -> list[BookJournal]:
    """Return the first journals of a reference, in the order they were posted."""
    return ledger.journals_for(reference=reference, limit=limit)


def things(*, names: Iterable[str]) -> tuple[Thing, ...]:
    """Return the pages of what the book names, as told by each of ``RIALTO_BOOK_THINGS``; each page once.

    A name is a reference of a journal, or like one: an order, a consignment, ``payment:9``, ``merchant:3``,
    ``merchant:3@2026-03-02``, ``loan:7``.
    """
    wanted = list(dict.fromkeys(name for name in names if name))
    wanted += [name.partition("@")[0] for name in wanted if "@" in name]
    pages: dict[str, str] = {}
    for path in settings.RIALTO_BOOK_THINGS if wanted else ():
        for title, address in import_string(path)(names=wanted):
            pages.setdefault(address, title)
    return tuple(Thing(title, address) for address, title in pages.items())


def things_of_account(*, code: str) -> tuple[Thing, ...]:
    """Return the pages of whom or what an account is kept for."""
    kind, _, rest = code.partition(":")
    if kind == "escrow":
        return things(names=[rest])
    if kind == "held":
        return things(names=[f"payment:{rest}"])
    if kind in ("merchant", "loan"):
        return things(names=[":".join(code.split(":")[:2])])
    return ()


def find(*, text: str) -> Found:
    """Return all that a text is the name of; accounts whose code contains it only where it is no name itself."""
    account = book.account(code=text)
    journals = []
    number = re.fullmatch(r"(?:#|journal )?(\d{1,18})", text, flags=re.ASCII)
    for journal_id in (int(number[1]) if number else None, ledger.find_key(key=text)):
        if journal_id is not None and journal_id not in journals:
            journals.append(journal_id)
    if number and journals[0] == int(number[1]) and journal(journal_id=journals[0]) is None:
        del journals[0]
    reference = text if ledger.journals_for(reference=text, limit=1) else ""
    found = Found(account=account.code if account else "", journals=tuple(journals), reference=reference, accounts=())
    if found.exact:
        return found
    similar = ledger.accounts(containing=text, limit=FOUND_AT_MOST + 1)
    return Found(account="", journals=(), reference="", accounts=tuple(line.code for line in similar))


def state() -> BookState:
    """Return how far the book is sealed and what its last verification found, check by check."""
    row = Verification.objects.order_by("-pk").first()
    return BookState(
        seal=ledger.seal_state(),
        verified_at=row.at if row else None,
        journals=row.journals if row else 0,
        transfers=row.transfers if row else 0,
        seals=row.seals if row else 0,
        checks=tuple(_checks(row.checks, row.problems)) if row else (),
    )


def _checks(names: Sequence[str], problems: Sequence[str]) -> Iterable[CheckView]:
    """Yield each check with its own problems; what belongs to none of the names comes last."""
    left = list(problems)
    for name in names:
        own = [problem for problem in left if problem.startswith(f"{name}: ")]
        left = [problem for problem in left if problem not in own]
        yield CheckView(name=name, problems=tuple(problem.removeprefix(f"{name}: ") for problem in own))
    if left:
        yield CheckView(name="", problems=tuple(left))
