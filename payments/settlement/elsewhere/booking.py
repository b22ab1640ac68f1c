"""Booking what happened on our accounts at other banks: to a customer, to a payment of ours, else to suspense.

Every entry moves our account in the book exactly as it moved there, once; only a return that overtook its own debit
is netted with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from django.db import transaction

from payments import events, outbox
from payments import journals as moving
from payments.ledger import operations as ledger
from payments.ledger.errors import LedgerError
from payments.ledger.journal import Journal
from payments.models import BankEntry, Batch, CustomerAccount, OutgoingPayment
from payments.models.changes import Changes
from payments.operations import cases
from payments.operations.house import open_house_accounts
from payments.settlement.elsewhere import giving_back, journals, limits
from payments.states import BANK_ENTRY, OUTGOING, move

AT_ONCE = 500


def book_recorded(*, at: datetime, file_id: int | None = None) -> int:
    """Book every entry that is recorded and not booked yet, of one file or all; return how many. Safe at any time."""
    booked = 0
    while True:
        with transaction.atomic():
            rows = BankEntry.objects.filter(state="recorded")
            if file_id is not None:
                rows = rows.filter(file_id=file_id)
            chunk = list(rows.order_by("pk").select_for_update(skip_locked=True)[:AT_ONCE])
            if chunk:
                _Booking(entries=chunk, at=at).run()
        booked += len(chunk)
        if len(chunk) < AT_ONCE:
            return booked


@dataclass(slots=True)
class _Plan:
    """What an entry is to do: the journal, the event of its machine, and what follows when the journal is posted."""

    entry: BankEntry
    event: str
    outcome: str
    journal: Journal | None = None
    account: CustomerAccount | None = None
    confirms: list[OutgoingPayment] = field(default_factory=list)
    returns: OutgoingPayment | None = None
    was_confirmed: bool = False


class _Booking:
    """One chunk of entries, in the order of their files. Batches are held first, then payments, then accounts."""

    def __init__(self, *, entries: Sequence[BankEntry], at: datetime) -> None:
        self.entries, self.at = entries, at
        self.changes = Changes()
        names = {entry.end_to_end_id for entry in entries} - {""}
        references = {entry.batch_reference for entry in entries} - {""}
        wanted = set(OutgoingPayment.objects.filter(end_to_end_id__in=names).values_list("batch_id", flat=True))
        wanted |= set(Batch.objects.filter(reference__in=references).values_list("pk", flat=True))
        self.batches = {row.pk: row for row in Batch.objects.filter(pk__in=wanted).order_by("pk").select_for_update()}
        whole = [row.pk for row in self.batches.values() if row.reference in references]
        found = OutgoingPayment.objects.filter(end_to_end_id__in=names) | OutgoingPayment.objects.filter(
            batch_id__in=whole
        )
        self.payments = {row.end_to_end_id: row for row in found.order_by("pk").select_for_update()}
        self.accounts = CustomerAccount.objects.in_bulk(
            {entry.payee_iban for entry in entries if entry.is_credit}, field_name="number"
        )
        self.balances = self._hold()

    def _hold(self) -> dict[str, int]:
        for currency in {entry.currency for entry in self.entries}:
            open_house_accounts(currency=currency, at=self.at)
        codes = {account.ledger_code for account in self.accounts.values()}
        for payment in self.payments.values():
            codes.add(self.batches[payment.batch_id].ledger_code)
            if not payment.source.startswith("suspense:"):
                codes.add(payment.source)
        return ledger.lock(codes=codes) if codes else {}

    def run(self) -> None:
        """Plan, post and write the chunk; what the book refuses goes to suspense."""
        plans = [self._plan(entry) for entry in self.entries]
        posting = [plan for plan in plans if plan.journal is not None]
        outcomes = ledger.post_many(journals=[plan.journal for plan in posting])
        for plan, outcome in zip(posting, outcomes, strict=True):
            if isinstance(outcome, LedgerError):
                # Everything it would have touched is held, so a refusal is a fault in the plan, not a race.
                raise outcome
            self._posted(plan, outcome.journal_id)
        for plan in plans:
            entry = plan.entry
            entry.state = move(machine=BANK_ENTRY, state=entry.state, event=plan.event)
            entry.outcome = plan.outcome[:300]
            self.changes.add(entry, "state", "outcome", "journal_id", "account", "payment_id")
        self.changes.write()
        for batch in self.batches.values():
            giving_back.advance(batch=batch, changes=self.changes)
        self.changes.write()
        cases.open_cases(
            requests=[giving_back.suspended(entry=plan.entry, at=self.at) for plan in plans if plan.event == "suspend"]
        )
        outbox.record(happened=[event for plan in plans if (event := _event(plan)) is not None])
        giving_back.tell(payments=[plan.returns for plan in plans if plan.returns is not None], at=self.at)

    def _plan(self, entry: BankEntry) -> _Plan:
        if entry.is_credit:
            if entry.return_reason or entry.is_reversal:
                return self._return(entry)
            return self._arrival(entry)
        if entry.is_reversal:
            return self._suspend(entry, "The other bank took back what it had credited.")
        return self._departure(entry)

    def _arrival(self, entry: BankEntry) -> _Plan:
        account = self.accounts.get(entry.payee_iban)
        if account is None:
            named = f"Nobody here has the account {entry.payee_iban}." if entry.payee_iban else "It names no payee."
            return self._suspend(entry, named)
        if account.closed_at is not None:
            return self._suspend(entry, f"The account {account.number} is closed.")
        if account.currency != entry.currency:
            return self._suspend(entry, f"The account {account.number} is kept in {account.currency}.")
        most = limits.limits_of(holder=account.holder, day=entry.booked_on).balance
        if most is not None and self.balances[account.ledger_code] + entry.amount > most:
            return self._suspend(entry, f"The account {account.number} would hold more than its limit.")
        self.balances[account.ledger_code] += entry.amount
        journal = moving.money_received(
            bank=entry.bank,
            account=account.number,
            amount=entry.amount,
            currency=entry.currency,
            reference=entry.remittance[:80] or entry.counterparty[:80],
            key=f"entry:{entry.key}",
            at=_moment(entry),
        )
        entry.account = account.number
        return _Plan(entry, "book", f"Credited to {account.number}.", journal, account=account)

    def _departure(self, entry: BankEntry) -> _Plan:
        payment = self.payments.get(entry.end_to_end_id)
        if payment is None:
            return self._whole_batch(entry)
        if (payment.amount, payment.currency) != (entry.amount, entry.currency):
            return self._suspend(entry, f"{payment.end_to_end_id} was ordered with another amount.")
        if payment.state == "returned" and payment.confirmed_at is None:
            payment.confirmed_at = self.at
            self.changes.add(payment, "confirmed_at")
            entry.payment = payment
            return _Plan(entry, "net", f"{payment.end_to_end_id} had come back before; the two are netted.")
        if payment.state not in ("sent", "accepted"):
            return self._suspend(entry, f"{payment.end_to_end_id} is {payment.state}: it should not have been booked.")
        entry.payment = payment
        return self._confirm(entry, [payment], f"{payment.end_to_end_id} is confirmed.")

    def _whole_batch(self, entry: BankEntry) -> _Plan:
        """Find the batch that was booked in one sum."""
        batch = next((row for row in self.batches.values() if row.reference == entry.batch_reference), None)
        if batch is None:
            return self._suspend(entry, "It belongs to no payment of ours.")
        payments = [
            row for row in self.payments.values() if row.batch_id == batch.pk and row.state in ("sent", "accepted")
        ]
        if sum(row.amount for row in payments) != entry.amount or batch.currency != entry.currency:
            return self._suspend(entry, f"{batch.reference} has another sum outstanding.")
        return self._confirm(entry, payments, f"{batch.reference} is confirmed as a whole.")

    def _confirm(self, entry: BankEntry, payments: list[OutgoingPayment], outcome: str) -> _Plan:
        for payment in payments:
            payment.state = move(machine=OUTGOING, state=payment.state, event="confirm")
            payment.confirmed_at = self.at
        journal = journals.payment_confirmed(
            bank=entry.bank,
            transit=self.batches[payments[0].batch_id].ledger_code,
            end_to_end_id=payments[0].end_to_end_id if len(payments) == 1 else entry.batch_reference,
            amount=entry.amount,
            currency=entry.currency,
            key=f"entry:{entry.key}",
            at=_moment(entry),
        )
        return _Plan(entry, "book", outcome, journal, confirms=payments)

    def _return(self, entry: BankEntry) -> _Plan:
        payment = self.payments.get(entry.end_to_end_id)
        if payment is None:
            return self._suspend(entry, "It returns no payment of ours.")
        if (payment.amount, payment.currency) != (entry.amount, entry.currency):
            return self._suspend(entry, f"{payment.end_to_end_id} comes back with another amount.")
        if payment.state not in ("sent", "accepted", "confirmed"):
            return self._suspend(entry, f"{payment.end_to_end_id} is {payment.state}: it had gone back before.")
        journal = giving_back.journal_of(
            payment=payment, batch=self.batches[payment.batch_id], bank=entry.bank, at=_moment(entry)
        )
        was_confirmed = payment.state == "confirmed"
        payment.state = move(machine=OUTGOING, state=payment.state, event="give_back")
        entry.payment = payment
        outcome = f"{payment.end_to_end_id} came back: {entry.return_reason or 'reversed'}."
        event = "book" if was_confirmed else "net"
        return _Plan(entry, event, outcome, journal, returns=payment, was_confirmed=was_confirmed)

    def _suspend(self, entry: BankEntry, why: str) -> _Plan:
        journal = journals.entry_suspended(
            bank=entry.bank,
            is_credit=entry.is_credit,
            reference=entry.bank_reference,
            amount=entry.amount,
            currency=entry.currency,
            key=f"entry:{entry.key}",
            at=_moment(entry),
        )
        return _Plan(entry, "suspend", why, journal)

    def _posted(self, plan: _Plan, journal_id: int) -> None:
        plan.entry.journal_id = journal_id
        for payment in plan.confirms:
            payment.confirmed_journal_id = journal_id
            self.changes.add(payment, "state", "confirmed_at", "confirmed_journal_id")
        if plan.returns is not None:
            payment = plan.returns
            payment.reason = f"{plan.entry.return_reason or 'reversed'} {plan.entry.remittance}".strip()[:300]
            payment.ended_at, payment.returned_journal_id = self.at, journal_id
            self.changes.add(payment, "state", "reason", "ended_at", "returned_journal_id")


def _moment(entry: BankEntry) -> datetime:
    """Return when an entry happened: at noon of the day the other bank booked it."""
    return datetime.combine(entry.booked_on, time(12, tzinfo=UTC))


def _event(plan: _Plan) -> events.Event | None:
    if plan.account is None:
        return None
    return events.MoneyReceived(
        key=f"entry:{plan.entry.key}",
        at=_moment(plan.entry),
        account=plan.account.number,
        holder=plan.account.holder,
        amount=plan.entry.amount,
        currency=plan.entry.currency,
        reference=plan.entry.remittance[:80],
    )
