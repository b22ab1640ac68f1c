"""What the ledger's pages export: headings and rows, each the same lines as on the page."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from payments.ledger.queries import BookJournal, FamilyLine, StatementLine, TrialLine
from payments.money import Money
from payments.queries import book
from payments.views.exporting import Table


def families(*, name: str, lines: Iterable[FamilyLine]) -> Table:
    """Return the chart of accounts."""
    headings = (_("Class"), _("Family"), _("Accounts"), _("Currency"), _("Debits"), _("Credits"), _("Balance"))
    rows = (
        (line.account_class, line.family, line.accounts, line.currency, *_money(line.currency, *_sums(line)))
        for line in lines
    )
    return Table(name, headings, rows)


def accounts(*, name: str, lines: Iterable[TrialLine]) -> Table:
    """Return accounts with their sums."""
    headings = (_("Account"), _("Class"), _("Currency"), _("Debits"), _("Credits"), _("Balance"))
    rows = (
        (line.code, line.account_class, line.currency, *_money(line.currency, *_sums(line))) for line in lines
    )
    return Table(name, headings, rows)


def statement(*, name: str, currency: str, lines: Iterable[StatementLine]) -> Table:
    """Return the lines of an account, newest first."""
    headings = (
        *(_("Journal"), _("Position"), _("Happened (UTC)"), _("Recorded (UTC)"), _("Event"), _("Reference")),
        *(_("Counter-account"), _("Currency"), _("Amount"), _("Balance")),
    )
    rows = (
        (
            *(line.journal_id, line.position, line.happened_at, line.recorded_at, line.event, line.reference),
            *(line.counter_account, currency, *_money(currency, line.amount, line.balance)),
        )
        for line in lines
    )
    return Table(name, headings, rows)


def report(*, name: str, found: book.Report) -> Table:
    """Return a balance sheet's or a profit and loss's lines, and the result of the latter."""
    headings = (_("Class"), _("Account"), _("Currency"), _("Amount"))
    rows = [
        (line.account_class, line.code, line.currency, *_money(line.currency, line.amount))
        for group in found.groups
        for line in group.lines
    ]
    rows += [("", _("Result"), currency, *_money(currency, amount)) for currency, amount in found.results]
    return Table(name, headings, rows)


def journal(*, found: BookJournal) -> Table:
    """Return a journal's transfers."""
    headings = (_("Position"), _("Debit"), _("Credit"), _("Currency"), _("Amount"))
    rows = (
        (position, transfer.debit, transfer.credit, found.currency, *_money(found.currency, transfer.amount))
        for position, transfer in enumerate(found.transfers, 1)
    )
    return Table(f"journal-{found.journal_id}", headings, rows)


def _sums(line: FamilyLine | TrialLine) -> tuple[int, int, int]:
    return line.debits, line.credits, line.balance


def _money(currency: str, *amounts: int | None) -> tuple[Money | None, ...]:
    return tuple(None if amount is None else Money(amount, currency) for amount in amounts)
