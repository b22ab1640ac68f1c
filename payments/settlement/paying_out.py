"""Payout: a merchant's available money goes to his account here at once, or is ordered to the one he has elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from payments import events, journals, outbox
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.models import MerchantTerms, Payout, PayoutAccount, Settlement
from payments.models.changes import Changes
from payments.rows import insert
from payments.settlement import _days, holding
from payments.settlement.elsewhere import Ordered, OrderPayment, activate_payout_accounts, hold_batches, order_payments

AT_ONCE = 2_000


@dataclass(slots=True, kw_only=True)
class PayoutReport:
    """What a run did; ``paid`` is minor units by currency."""

    payouts: int = 0
    paid: dict[str, int] = field(default_factory=dict)


def pay_out_due(*, until: date, merchants: Sequence[str] = ()) -> PayoutReport:
    """Pay out what settlements up to ``until`` left, each on its own day, and whatever else is available.

    A merchant's last settlement takes all that is available, so matured reserves and advances go with it.
    ``merchants`` names some who are paid on ``until`` even without a settlement, once a day.
    """
    report = PayoutReport()
    activate_payout_accounts(at=_days.moment(day=until, at=_days.PAID_OUT_AT))
    while True:
        with transaction.atomic():
            _days.one_at_a_time()
            rows = list(_due(until=until).order_by("day", "pk").select_for_update()[:AT_ONCE])
            held = holding.held_merchants() if merchants else set()
            others = [name for name in merchants if name not in held] if len(rows) < AT_ONCE else ()
            _pay_out(rows=rows, merchants=others, until=until, report=report)
        if len(rows) < AT_ONCE:
            return report


def _due(*, until: date) -> QuerySet[Settlement]:
    """Return the settlements to pay out; one whose merchant was paid on its day and on ``until`` waits for another."""
    paid = Payout.objects.filter(merchant=OuterRef("merchant"))
    open_ones = holding.without_held_merchants(settlements=Settlement.objects.filter(paid_out=False, day__lte=until))
    return open_ones.exclude(
        Exists(paid.filter(day=OuterRef("day"))), Exists(paid.filter(day=until))
    )


def _pay_out(*, rows: Sequence[Settlement], merchants: Sequence[str], until: date, report: PayoutReport) -> None:
    settled = {row.merchant for row in rows}
    taken = set(
        Payout.objects.filter(
            merchant__in={*settled, *merchants}, day__in={until, *(row.day for row in rows)}
        ).values_list("merchant", "day")
    )
    days = _days_of_payouts(rows=rows, taken=taken, until=until)
    paid_today = {merchant for merchant, day in taken if day == until}
    paid_today |= {row.merchant for row in rows if days.get(row.pk) == until}
    others = sorted(set(merchants) - paid_today)
    terms = {
        row.merchant: row
        for row in MerchantTerms.objects.filter(merchant__in={*settled, *others}).select_related("payout_account")
    }
    elsewhere = {row.merchant: row for row in PayoutAccount.objects.filter(merchant__in=terms, state="active")}
    moments = {_days.moment(day=day, at=_days.PAID_OUT_AT) for day in {until, *days.values()}}
    hold_batches(moments=[(terms[merchant].currency, at) for merchant in elsewhere for at in moments])
    balances = ledger.lock(
        codes=sorted(
            code for row in terms.values() for code in (f"{row.merchant}:available", row.payout_account.ledger_code)
        )
    )
    payouts = _of_settlements(rows=rows, days=days, terms=terms, balances=balances, until=until)
    payouts += [
        _payout(terms=terms[merchant], day=until, amount=balances[f"{merchant}:available"], settlement=None)
        for merchant in others
        if merchant in terms and balances[f"{merchant}:available"] > 0
    ]
    for payout in payouts:
        if payout.amount and payout.merchant in elsewhere:
            payout.state = "ordered"
    _post(payouts=[payout for payout in payouts if payout.state == "paid"])
    insert(rows=payouts)
    changes = Changes()
    _order(payouts=[payout for payout in payouts if payout.state == "ordered"], accounts=elsewhere, changes=changes)
    for row in rows:
        row.paid_out = True
        changes.add(row, "paid_out")
    changes.write()
    paid = [payout for payout in payouts if payout.amount]
    outbox.record(happened=[_event(payout, elsewhere.get(payout.merchant)) for payout in paid])
    report.payouts += len(paid)
    for payout in paid:
        report.paid[payout.currency] = report.paid.get(payout.currency, 0) + payout.amount


def _days_of_payouts(*, rows: Sequence[Settlement], taken: set[tuple[str, date]], until: date) -> dict[int, date]:
    """Return the day on which each settlement is paid out: its own, unless its merchant was paid on that day before.

    Then it goes with his next settlement and is left out here, or is paid on ``until`` when there is no next one.
    """
    days = {row.pk: row.day for row in rows if (row.merchant, row.day) not in taken}
    last = {row.merchant: row.day for row in rows if row.pk in days}
    for row in rows:
        if row.pk not in days and last.get(row.merchant, row.day) <= row.day and (row.merchant, until) not in taken:
            days[row.pk] = last[row.merchant] = until
    return days


def _of_settlements(
    *,
    rows: Sequence[Settlement],
    days: dict[int, date],
    terms: dict[str, MerchantTerms],
    balances: dict[str, int],
    until: date,
) -> list[Payout]:
    """Give each settlement's day what was available on it: all there is now, less what came later."""
    coming = _matured(rows=rows, until=until)
    for row in rows:
        coming.setdefault(row.merchant, []).append((row.day, row.payable))
    payouts = []
    for row in sorted((row for row in rows if row.pk in days), key=lambda row: (days[row.pk], row.pk)):
        code = f"{row.merchant}:available"
        later = sum(amount for day, amount in coming[row.merchant] if day > days[row.pk])
        amount = max(0, balances[code] - later)
        balances[code] -= amount
        payouts.append(_payout(terms=terms[row.merchant], day=days[row.pk], amount=amount, settlement=row))
    return payouts


def _matured(*, rows: Sequence[Settlement], until: date) -> dict[str, list[tuple[date, int]]]:
    """Return what matured, by merchant, after the first of these days; nothing when there is but the last day."""
    first = min((row.day for row in rows), default=until)
    if first >= until:
        return {}
    freed: dict[str, list[tuple[date, int]]] = {}
    matured = Settlement.objects.filter(
        merchant__in={row.merchant for row in rows}, matured__gt=0, matures_on__gt=first, matures_on__lte=until
    )
    for merchant, day, amount in matured.values_list("merchant", "matures_on", "matured"):
        freed.setdefault(merchant, []).append((day, amount))
    return freed


def _payout(*, terms: MerchantTerms, day: date, amount: int, settlement: Settlement | None) -> Payout:
    return Payout(
        merchant=terms.merchant,
        day=day,
        currency=terms.currency,
        amount=amount,
        settlement=settlement,
        account=terms.payout_account,
        state="paid" if amount else "nothing_due",
    )


def _post(*, payouts: Sequence[Payout]) -> None:
    posting = [payout for payout in payouts if payout.amount]
    entries = [
        journals.merchant_paid_out(
            merchant=payout.merchant,
            day=payout.day,
            account=payout.account.number,
            amount=payout.amount,
            currency=payout.currency,
            key=f"payout:{payout.merchant}:{payout.day.isoformat()}",
            at=_days.moment(day=payout.day, at=_days.PAID_OUT_AT),
        )
        for payout in posting
    ]
    for payout, outcome in zip(posting, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, LedgerError):
            raise outcome
        payout.journal_id = outcome.journal_id


def _order(*, payouts: Sequence[Payout], accounts: dict[str, PayoutAccount], changes: Changes) -> None:
    results = order_payments(
        requests=[
            OrderPayment(
                kind="payout",
                source=f"{payout.merchant}:available",
                holder=payout.merchant,
                amount=payout.amount,
                currency=payout.currency,
                creditor_name=accounts[payout.merchant].name,
                iban=accounts[payout.merchant].iban,
                bic=accounts[payout.merchant].bic,
                remittance=f"Payout {payout.day.isoformat()}",
                key=f"payout:{payout.merchant}:{payout.day.isoformat()}",
                at=_days.moment(day=payout.day, at=_days.PAID_OUT_AT),
                payout=payout,
            )
            for payout in payouts
        ]
    )
    for payout, result in zip(payouts, results, strict=True):
        if not isinstance(result, Ordered):
            raise result
        payout.journal_id = result.journal_id
        changes.add(payout, "journal_id")


def _event(payout: Payout, elsewhere: PayoutAccount | None) -> events.MerchantPaidOut:
    return events.MerchantPaidOut(
        key=f"{payout.merchant}:{payout.day.isoformat()}",
        at=_days.moment(day=payout.day, at=_days.PAID_OUT_AT),
        merchant=payout.merchant,
        day=payout.day,
        amount=payout.amount,
        account=elsewhere.iban if elsewhere else payout.account.number,
    )
