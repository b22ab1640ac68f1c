"""The bank's statements (camt.053): taken in once, their entries laid beside the book's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from django.db import transaction
from django.utils.translation import gettext as _

from payments.models import BankStatement
from payments.money import Money
from payments.operations import cases
from payments.reconciliation import runs
from payments.reconciliation.matching import THEIRS
from payments.reconciliation.sources import Line
from payments.settlement import iso20022

SOURCE = "nostro"
NO_REFERENCE = ("", "NOTPROVIDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was in a statement: ``new`` entries, and ``known`` when the statement had been taken in before."""

    statement_id: str
    account: str
    day: date
    new: int
    known: bool


def take_statements(*, source: BinaryIO, by: str, at: datetime) -> list[Taken]:
    """Take in a camt.053 file, all of its statements or none; what was taken in before adds nothing.

    A statement whose balances contradict its entries, or which does not begin where the last one ended, is taken in
    and makes a case.

    :raises UnreadableFile: the file is refused.
    """
    read = list(iso20022.statements(source))
    with transaction.atomic():
        runs.lock(source=SOURCE)
        return [_take(statement=statement, by=by, at=at) for statement in read]


def _take(*, statement: iso20022.Statement, by: str, at: datetime) -> Taken:
    day = _day(statement)
    currency = statement.currency or next((entry.currency for entry in statement.entries), "")
    before = BankStatement.objects.filter(account=statement.account, currency=currency, day__lte=day)
    last = before.exclude(statement_id=statement.statement_id).order_by("-day", "-pk").first()
    row, made = BankStatement.objects.get_or_create(
        account=statement.account,
        statement_id=statement.statement_id,
        defaults={
            "currency": currency,
            "day": day,
            "opening": statement.opening.amount if statement.opening else None,
            "closing": statement.closing.amount if statement.closing else None,
            "entries": len(statement.entries),
            "by": by,
            "at": at,
        },
    )
    new = runs.keep(source=SOURCE, lines=_lines(statement=statement, day=day))
    if made:
        cases.open_cases(requests=list(_contradictions(row=row, last=last, difference=statement.difference, at=at)))
    return Taken(statement_id=statement.statement_id, account=statement.account, day=day, new=new, known=not made)


def _lines(*, statement: iso20022.Statement, day: date) -> Iterator[Line]:
    """Yield what was booked, payment by payment where the bank tells them apart.

    Keys are the bank's own references, numbered where it gives one several times, so the same file is the same lines
    and a payment booked twice is two.
    """
    given: Counter[str] = Counter()
    for entry in statement.entries:
        if entry.status != "BOOK" or entry.amount == 0:
            continue
        name = entry.bank_reference or entry.reference or f"{statement.statement_id}/{entry.position}"
        given[name] += 1
        key = f"{statement.account}/{name}#{given[name]}"
        booked = entry.booked_on or day
        if len(entry.details) < 2:
            detail = entry.details[0] if entry.details else None
            yield _line(key=key, entry=entry, detail=detail, amount=entry.signed, day=booked)
            continue
        for detail in entry.details:
            amount = detail.amount if detail.is_credit else -detail.amount
            yield _line(key=f"{key}.{detail.position}", entry=entry, detail=detail, amount=amount, day=booked)


def _line(*, key: str, entry: iso20022.Entry, detail: iso20022.Detail | None, amount: int, day: date) -> Line:
    told = (detail.end_to_end_id if detail else "", entry.batch_message_id, entry.batch_payment_information_id)
    other = (detail.debtor_name if amount > 0 else detail.creditor_name) if detail else ""
    words = (other, detail.remittance if detail else "", entry.text)
    return Line(
        side=THEIRS,
        key=key[:200],
        reference=next((one for one in told if one not in NO_REFERENCE), ""),
        amount=amount,
        currency=entry.currency,
        day=day,
        text=", ".join(word for word in words if word),
    )


def _contradictions(
    *, row: BankStatement, last: BankStatement | None, difference: int | None, at: datetime
) -> Iterator[cases.OpenCase]:
    if difference:
        yield _case(row, "sum", difference, _("Statement %(name)s does not add up by %(amount)s"), at)
    if last is not None and None not in (last.closing, row.opening) and last.closing != row.opening:
        apart = row.opening - last.closing
        yield _case(row, "gap", apart, _("Statement %(name)s begins %(amount)s from where the last one ended"), at)


def _case(row: BankStatement, what: str, amount: int, sentence: str, at: datetime) -> cases.OpenCase:
    said = {"name": row.statement_id, "amount": Money(amount, row.currency).format("en")}
    return cases.OpenCase(
        kind=f"reconcile_{SOURCE}",
        key=f"{what}:{row.account}:{row.statement_id}",
        subject=sentence % said,
        amount=amount,
        currency=row.currency,
        text=_("Ask the bank for the statement between, or for this one anew."),
        at=at,
    )


def _day(statement: iso20022.Statement) -> date:
    closing = statement.closing
    return statement.until or (closing.day if closing else statement.header.created_at.date())
