"""Maturing: what was kept back from a settlement becomes available when its time is over."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from payments import journals
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.models import Settlement
from payments.models.changes import Changes
from payments.settlement import _days

AT_ONCE = 2_000


def mature_reserves(*, until: date) -> int:
    """Free the reserves whose day has come by ``until``, as far as refunds have left them; return how many."""
    matured = 0
    while True:
        with transaction.atomic():
            done = _mature(until=until)
        matured += done
        if done < AT_ONCE:
            return matured


def _mature(*, until: date) -> int:
    _days.one_at_a_time()
    due = Settlement.objects.filter(matures_on__lte=until, matured__isnull=True, to_reserve__gt=0)
    rows = list(due.order_by("matures_on", "pk").select_for_update()[:AT_ONCE])
    if not rows:
        return 0
    codes = sorted({f"{row.merchant}:{kind}" for row in rows for kind in ("reserve", "available")})
    balances = ledger.lock(codes=codes)
    for row in rows:
        code = f"{row.merchant}:reserve"
        row.matured = min(row.to_reserve, balances[code])
        balances[code] -= row.matured
    posting = [row for row in rows if row.matured]
    entries = [
        journals.reserve_matured(
            merchant=row.merchant,
            day=row.day,
            amount=row.matured,
            currency=row.currency,
            key=f"mature:{row.merchant}:{row.day.isoformat()}",
            at=_days.moment(day=row.matures_on, at=_days.MATURED_AT),
        )
        for row in posting
    ]
    for row, outcome in zip(posting, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, LedgerError):
            raise outcome
        row.matured_journal_id = outcome.journal_id
    changes = Changes()
    for row in rows:
        changes.add(row, "matured", "matured_journal_id")
    changes.write()
    return len(rows)
