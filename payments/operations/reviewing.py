"""People look at held payments: one takes it, approves or refuses; large ones need a second person to agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from payments import events, outbox
from payments.accounts import policy
from payments.models import Payment, Screening
from payments.operations import cancelling
from payments.operations._book import Book
from payments.operations._remote import run
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.errors import PaymentError
from payments.states import REVIEW, move

REFUSED = "The bank could not accept this payment. Nothing was charged: choose another way to pay, or ask us."


class UnableToReview(PaymentError):
    """The decision was not taken; nothing has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One person's decision about a held payment; ``by`` is `user:1`, ``note`` says why."""

    payment_id: int
    by: str
    note: str
    at: datetime


def take(*, payment_id: int, by: str, at: datetime) -> None:
    """Take a held payment to look at; one that a colleague has taken stays with him until he lets go.

    :raises UnableToReview: it is not held any more, or somebody else has it.
    """
    with transaction.atomic():
        row = _held(payment_id=payment_id)
        if row.taken_by not in ("", by):
            raise UnableToReview("A colleague has taken this payment: let him finish, or ask him to let go of it.")
        row.taken_by, row.taken_at = by, at
        row.save(update_fields=["taken_by", "taken_at"])


def let_go(*, payment_id: int, by: str) -> None:
    """Put a payment back into the queue.

    :raises UnableToReview: it is not held any more, or somebody else has it.
    """
    with transaction.atomic():
        row = _held(payment_id=payment_id)
        if row.taken_by != by:
            raise UnableToReview("You have not taken this payment.")
        row.taken_by, row.taken_at = "", None
        row.save(update_fields=["taken_by", "taken_at"])


def approve(*, review: Review) -> PaymentOutcome | None:
    """Let a held payment go on; return how it stands, or nothing where a second person must agree first.

    :raises UnableToReview: it was decided meanwhile, no reason is given, or the second person is the first.
    """
    with transaction.atomic():
        row = _held(payment_id=review.payment_id)
        _check(row=row, review=review)
        needs_second = row.payment.amount > policy.in_force().second_above
        if needs_second and row.state == "held":
            row.state = move(machine=REVIEW, state=row.state, event="second")
            row.first_by, row.first_at, row.note, row.taken_by = review.by, review.at, review.note[:500], ""
            row.save(update_fields=["state", "first_by", "first_at", "note", "taken_by"])
            return None
        _decide(row=row, review=review, event="approve")
        book = Book.of_payments(ids=[row.payment_id])
        payment = book.payments[row.payment_id]
        book.move_payment(payment, "approve")
        # The payer may have something to do himself now: he gets the time he would have had.
        payment.expires_at = max(payment.expires_at, review.at + settings.RIALTO_REVIEW_WITHIN)
        book.changes.add(payment, "expires_at")
        book.write()
        outbox.record(
            happened=[
                events.PaymentReviewed(
                    key=f"review:{row.payment_id}",
                    at=review.at,
                    payment_id=row.payment_id,
                    reference=payment.reference,
                    approved=True,
                    url=payment.return_url,
                )
            ]
        )
    [outcome] = authorise_payments(requests=[Authorise(payment_id=review.payment_id, at=review.at)])
    return outcome


def refuse(*, review: Review) -> None:
    """End a held payment; what was reserved for it is given back.

    :raises UnableToReview: it was decided meanwhile, or no reason is given.
    """

    def act(current: object) -> list[None]:
        row = _held(payment_id=review.payment_id)
        if row.taken_by not in ("", review.by):
            raise UnableToReview("A colleague has taken this payment: let him finish, or ask him to let go of it.")
        if not review.note.strip():
            raise UnableToReview("Say why in a few words: the next person reads it.")
        _decide(row=row, review=review, event="refuse")
        book = Book.of_payments(ids=[row.payment_id])
        payment = book.payments[row.payment_id]
        payment.refusal = REFUSED
        book.changes.add(payment, "refusal")
        plans = cancelling.plan_payment(book=book, payment=payment, at=review.at, ending="refuse")
        cancelling.give_back(book=book, plans=plans, current=current)
        return [None]

    run(act=act)


def _check(*, row: Screening, review: Review) -> None:
    if row.taken_by not in ("", review.by):
        raise UnableToReview("A colleague has taken this payment: let him finish, or ask him to let go of it.")
    if not review.note.strip():
        raise UnableToReview("Say why in a few words: the next person reads it.")
    if row.state == "seconded" and row.first_by == review.by:
        raise UnableToReview("You approved this payment first: a second person has to agree.")
    if row.due_at is not None and row.due_at <= review.at:
        raise UnableToReview("The time to look at this payment is over: it ends by itself.")


def _decide(*, row: Screening, review: Review, event: str) -> None:
    row.state = move(machine=REVIEW, state=row.state, event=event)
    row.decided_by, row.decided_at, row.note = review.by, review.at, review.note[:500]
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])


def _held(*, payment_id: int) -> Screening:
    # The payment's row first, as everywhere: it guards all that belongs to it.
    Payment.objects.select_for_update().filter(pk=payment_id).first()
    rows = Screening.objects.select_for_update(of=("self",)).select_related("payment")
    row = rows.filter(payment_id=payment_id).first()
    if row is None or row.state not in ("held", "seconded"):
        raise UnableToReview("This payment is not held any more: somebody has decided, or its time is over.")
    return row
