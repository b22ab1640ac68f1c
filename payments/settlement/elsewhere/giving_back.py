"""Payments that did not arrive: their money goes back to its owner, and what hung on them is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments import events, outbox
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.ledger.journal import Journal
from payments.models import BankEntry, Batch, FailedRefund, OutgoingPayment, PayoutAccount
from payments.models.changes import Changes
from payments.operations import cases
from payments.settlement.elsewhere import journals
from payments.states import BANK_ENTRY, BATCH, FAILED_REFUND, OUTGOING, PAYOUT_ACCOUNT, may, move

_OPEN = ("ordered", "sent", "accepted")


def journal_of(*, payment: OutgoingPayment, batch: Batch, bank: str, at: datetime) -> Journal:
    """Return what giving a payment back posts: from transit, or from our account elsewhere once it was booked."""
    common = {
        "source": payment.source,
        "end_to_end_id": payment.end_to_end_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "key": f"give-back:{payment.end_to_end_id}",
        "at": at,
    }
    if payment.state == "confirmed":
        return journals.payment_returned(bank=bank, **common)
    return journals.payment_given_back(transit=batch.ledger_code, **common)


def give_back(
    *, payments: Sequence[OutgoingPayment], batch: Batch, event: str, reason: str, changes: Changes, at: datetime
) -> None:
    """Give back payments of one held batch that were not booked, by ``event`` of their machine."""
    entries = [journal_of(payment=payment, batch=batch, bank="", at=at) for payment in payments]
    for payment, outcome in zip(payments, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, LedgerError):
            raise outcome
        ended(payment=payment, event=event, reason=reason, journal_id=outcome.journal_id, changes=changes, at=at)
    tell(payments=payments, at=at)


def ended(
    *, payment: OutgoingPayment, event: str, reason: str, journal_id: int, changes: Changes, at: datetime
) -> None:
    """Move a payment whose money went back to its end."""
    payment.state = move(machine=OUTGOING, state=payment.state, event=event)
    payment.reason, payment.ended_at, payment.returned_journal_id = (reason or payment.reason)[:300], at, journal_id
    changes.add(payment, "state", "reason", "ended_at", "returned_journal_id")


def tell(*, payments: Sequence[OutgoingPayment], at: datetime) -> None:
    """Put right what hung on payments that came back, and tell their owners.

    Money to be sent back is in suspense again, and so is a refund. A payout account that does not take money is used
    no more: the next payout goes to the merchant's account here.
    """
    _wait_again(payments=[payment for payment in payments if payment.kind == "refund"])
    back = [payment.pk for payment in payments if payment.kind == "send_back"]
    waiting = BankEntry.objects.filter(sent_back_id__in=back, state="sent_back").select_for_update() if back else ()
    for entry in waiting:
        entry.state = move(machine=BANK_ENTRY, state=entry.state, event="come_back")
        entry.outcome = "It was sent back and came back."
        entry.save(update_fields=["state", "outcome"])
        cases.open_case(request=suspended(entry=entry, at=at))
    cases.open_cases(
        requests=[
            cases.OpenCase(
                kind="payment_came_back",
                key=payment.end_to_end_id,
                subject=f"{payment.kind.replace('_', ' ').capitalize()} {payment.end_to_end_id} came back",
                at=at,
                amount=payment.amount,
                currency=payment.currency,
                names=(payment.end_to_end_id, payment.batch.reference),
                text=f"To {payment.creditor_name}, {payment.iban}: {payment.reason}",
            )
            for payment in payments
            if payment.state in ("rejected", "returned")
        ]
    )
    for payment in payments:
        if payment.kind == "payout" and payment.state in ("rejected", "returned"):
            blocked = move(machine=PAYOUT_ACCOUNT, state="active", event="block")
            PayoutAccount.objects.filter(merchant=payment.holder, iban=payment.iban, state="active").update(
                state=blocked, ended_at=at, ended_by="bank"
            )
    outbox.record(
        happened=[
            events.PaymentCameBack(
                key=payment.end_to_end_id,
                at=at,
                kind=payment.kind,
                holder=payment.holder,
                amount=payment.amount,
                currency=payment.currency,
                iban=payment.iban,
                reason=payment.reason,
            )
            for payment in payments
        ]
    )


def _wait_again(*, payments: Sequence[OutgoingPayment]) -> None:
    """Have refunds that came back wait for another account."""
    reasons = {payment.pk: payment.reason for payment in payments}
    rows = FailedRefund.objects.filter(outgoing_id__in=reasons, state="paid").select_for_update() if reasons else ()
    for row in rows:
        row.why = f"{row.paid_to} did not take it: {reasons[row.outgoing_id]}"[:200]
        row.state = move(machine=FAILED_REFUND, state=row.state, event="come_back")
        row.paid_to, row.paid_by, row.paid_at, row.paid_journal_id = "", "", None, None
        row.save(update_fields=["state", "why", "paid_to", "paid_by", "paid_at", "paid_journal_id"])


def suspended(*, entry: BankEntry, at: datetime) -> cases.OpenCase:
    """Return the case of an entry that waits in suspense."""
    return cases.OpenCase(
        kind="suspense",
        key=entry.key,
        subject=f"{entry.bank_reference} waits in suspense",
        at=at,
        amount=entry.amount,
        currency=entry.currency,
        names=(entry.bank_reference,),
        text=entry.outcome,
    )


def advance(*, batch: Batch, changes: Changes) -> None:
    """Take a batch to where its payments are; those changed must be written."""
    counts = dict.fromkeys(OUTGOING.states, 0)
    for state in OutgoingPayment.objects.filter(batch=batch).exclude(state="withdrawn").values_list("state", flat=True):
        counts[state] += 1
    if counts["rejected"] == sum(counts.values()):
        event = "reject"
    elif not any(counts[state] for state in _OPEN):
        event = "settle"
    elif counts["rejected"]:
        event = "accept_part"
    elif counts["accepted"]:
        event = "accept"
    else:
        return
    if may(machine=BATCH, state=batch.state, event=event):
        batch.state = move(machine=BATCH, state=batch.state, event=event)
        changes.add(batch, "state")
