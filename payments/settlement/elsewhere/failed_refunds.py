"""Refunds a provider could not deliver, paid another way: to the payer's account here, or with the next file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from schwifty import IBAN

from payments import chart, making_up_journals
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.models import CustomerAccount, FailedRefund
from payments.operations.errors import (
    KeyReused,
    PaymentError,
    UnableToMakeUp,
    UnableToMoveMoney,
    UnknownPayment,
)
from payments.operations.failed_refunds import MadeUp, made_up
from payments.settlement.elsewhere.ordering import Ordered, OrderPayment, check_iban, hold_batches, order_payments
from payments.states import FAILED_REFUND, move


@dataclass(frozen=True, slots=True, kw_only=True)
class PayFailedRefund:
    """Pay a failed refund into ``account``: the payer's own here, or ``name``'s IBAN at another bank; ``by`` whom."""

    failed_id: int
    account: str
    by: str
    at: datetime
    name: str = ""


def pay_failed_refunds(*, requests: Sequence[PayFailedRefund]) -> list[MadeUp | PaymentError]:
    """Pay failed refunds another way, each once: here at once, to another bank with the next file.

    One that comes back from there waits again. A result is ``MadeUp``, or why not: ``UnknownPayment``,
    ``UnableToMakeUp``, ``KeyReused`` (paid to another account).
    """
    return [_pay(request) for request in requests]


def _pay(request: PayFailedRefund) -> MadeUp | PaymentError:
    to = "".join(request.account.split()).upper()
    with transaction.atomic():
        currency = FailedRefund.objects.filter(pk=request.failed_id).values_list("currency", flat=True).first()
        if currency is None:
            return UnknownPayment(_("There is no such failed refund."))
        account = CustomerAccount.objects.filter(number=to).first()
        if account is None:
            hold_batches(moments=[(currency, request.at)])
        row = (
            FailedRefund.objects.select_for_update(of=["self"])
            .select_related("leg__refund__part")
            .get(pk=request.failed_id)
        )
        if row.state == "paid":
            if row.paid_to != to:
                return KeyReused(_("This refund was paid to %(account)s before.") % {"account": row.paid_to})
            return made_up(row, row.paid_journal_id, replayed=True)
        problem = _problem_here(row=row, account=account) if account else _problem_elsewhere(to=to, name=request.name)
        if problem:
            return UnableToMakeUp(problem)
        paid = _here(row=row, request=request, to=to) if account else _elsewhere(row=row, request=request, to=to)
        if isinstance(paid, PaymentError):
            return paid
        row.state = move(machine=FAILED_REFUND, state=row.state, event="pay")
        row.paid_to, row.paid_by, row.paid_at, row.paid_journal_id = to, request.by, request.at, paid
        row.save(update_fields=["state", "paid_to", "paid_by", "paid_at", "paid_journal_id", "outgoing"])
        return made_up(row, paid)


def _here(*, row: FailedRefund, request: PayFailedRefund, to: str) -> int | PaymentError:
    journal = making_up_journals.refund_paid_another_way(
        refund=row.leg.refund.part.reference,
        account=to,
        amount=row.amount,
        currency=row.currency,
        key=f"refund-another-way:{row.pk}",
        at=request.at,
    )
    try:
        return ledger.post(journal=journal).journal_id
    except LedgerError as refusal:
        return UnableToMakeUp(str(refusal))


def _elsewhere(*, row: FailedRefund, request: PayFailedRefund, to: str) -> int | PaymentError:
    """Order the payment; each that came back makes room for one more."""
    [ordered] = order_payments(
        requests=[
            OrderPayment(
                kind="refund",
                source=chart.suspense("refunds", row.currency).code,
                holder=row.payer[:80],
                amount=row.amount,
                currency=row.currency,
                creditor_name=request.name,
                iban=to,
                remittance=f"Refund {row.leg.refund.part.reference}"[:140],
                key=f"refund-elsewhere:{row.pk}:{row.outgoing_id or 0}",
                at=request.at,
            )
        ]
    )
    if not isinstance(ordered, Ordered):
        return UnableToMakeUp(str(ordered))
    row.outgoing_id = ordered.payment_id
    return ordered.journal_id


def _problem_here(*, row: FailedRefund, account: CustomerAccount) -> str:
    named = {"account": account.number, "currency": account.currency, "other": row.currency}
    if account.closed_at is not None:
        return _("The account %(account)s is closed.") % named
    if account.currency != row.currency:
        return _("The account %(account)s is kept in %(currency)s, and the refund is in %(other)s.") % named
    if row.payer.startswith("user:") and account.holder != row.payer:
        return _("The account %(account)s is not the payer's: a refund goes to who paid.") % named
    return ""


def _problem_elsewhere(*, to: str, name: str) -> str:
    try:
        iban = IBAN(check_iban(to))
    except UnableToMoveMoney as problem:
        return str(problem)
    policy = settings.RIALTO_POLICY
    if (iban.country_code, iban.bank_code) == (policy.BANK_COUNTRY, policy.BANK_CODE):
        return _("There is no account %(account)s here.") % {"account": to}
    if not name.strip():
        return _("To pay to another bank, write the name of the account's holder.")
    return ""
