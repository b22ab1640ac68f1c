"""What a case of reconciliation says, in one sentence each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from payments.models import ReconciliationEntry
from payments.money import Money
from payments.operations.cases import OpenCase
from payments.reconciliation import matching


def case(*, source: str, finding: matching.Finding, entries: Sequence[ReconciliationEntry], at: datetime) -> OpenCase:
    """Return the case that a finding opens, named after its first entry; the amount is theirs less ours."""
    first = entries[0]
    name = first.reference or first.text or first.key
    said = {"amount": _amount(first), "day": first.day.isoformat(), "name": name, "difference": _money(finding, first)}
    subject = {
        matching.MISSING: _("%(amount)s of %(day)s is in our book alone: %(name)s"),
        matching.UNKNOWN: _("%(amount)s of %(day)s is not in our book: %(name)s"),
        matching.WRONG_AMOUNT: _("%(name)s differs by %(difference)s"),
        matching.DOUBLED: _("%(amount)s of %(day)s is there twice: %(name)s"),
    }[finding.kind]
    return OpenCase(
        kind=f"reconcile_{source}",
        key=f"{finding.kind}:{first.side}:{first.key}"[:200],
        subject=subject % said,
        amount=finding.difference,
        currency=first.currency,
        names=tuple(dict.fromkeys(name for entry in entries for name in entry.names)),
        text="\n".join(_line(entry) for entry in entries),
        at=at,
    )


def also(*, entry: ReconciliationEntry) -> str:
    """Return the note on an entry that came to a case later."""
    return _("It concerns this one too: %(line)s") % {"line": _line(entry)}


def answered() -> str:
    """Return the reason for which the machine closes a case."""
    return _("Every entry of it has its match now.")


def _line(entry: ReconciliationEntry) -> str:
    side = _("Ours") if entry.side == matching.OURS else _("Theirs")
    return f"{side}: {_amount(entry)}, {entry.day.isoformat()}, {entry.reference or '–'}, {entry.text}".rstrip(", ")


def _amount(entry: ReconciliationEntry) -> str:
    return Money(entry.amount, entry.currency).format("en")


def _money(finding: matching.Finding, first: ReconciliationEntry) -> str:
    return Money(finding.difference, first.currency).format("en")
