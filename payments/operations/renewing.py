"""Holds on cards end before some goods are sent: they are renewed in time, or their payer is asked for another card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from payments import events, methods, outbox, queries
from payments.methods import Step
from payments.models import CardHoldQuestion, Share, Tender
from payments.operations import _book, _remote
from payments.operations.errors import PaymentError, UnknownPayment
from payments.states import CARD_HOLD, move

# Early enough for the payer to find another card when this one's bank refuses.
RENEW_BEFORE = timedelta(days=2)
BATCH = 100
OPEN = ("asked", "answering")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStanding:
    """How a question about a hold stands: ``replaced``, ``answering`` (go to ``action_url``), ``asked`` or ``lapsed``.

    ``amount`` is minor units. ``refusal`` is why the card chosen last was refused.
    """

    question_id: int
    payment_id: int
    payer: str
    order: str
    amount: int
    currency: str
    deadline: datetime
    state: str
    reason: str
    refusal: str = ""
    action_url: str = ""


class UnableToReplace(PaymentError):
    """The hold is not open to another card any more."""


def renew_holds(*, at: datetime) -> int:
    """Renew the holds that end soon after ``at``, without their payers; return how many payments were looked at.

    A refused one keeps the old hold until its end, and its payer is asked (``CardHoldRefused``). What is not answered
    by then ends as every hold does: the payment expires and the order's goods are given up.
    """
    _lapse(at=at)
    ids = list(
        Tender.objects.filter(
            method__in=[method.code for method in methods.connected() if hasattr(method, "renew")],
            state="authorised",
            payment__state="authorised",
            expires_at__lte=at + RENEW_BEFORE,
            expires_at__gt=at,
            captured__lt=F("authorised"),
        )
        .exclude(hold_questions__state__in=OPEN)
        .order_by("payment_id")
        .values_list("payment_id", flat=True)
        .distinct()[:BATCH]
    )
    for identifier in ids:
        renew_holds_of(payment_id=identifier, at=at)
    return len(ids)


def renew_holds_of(*, payment_id: int, at: datetime) -> None:
    """Renew the holds of one payment that end soon after ``at``; calling again renews nothing twice."""
    _remote.run(act=lambda current: _renew(payment_id=payment_id, at=at, current=current))


def _renew(*, payment_id: int, at: datetime, current: _remote.Round) -> list[None]:
    book = _book.Book.of_payments(ids=[payment_id])
    for payment in book.payments.values():
        for tender in book.tenders_of_payment[payment.pk]:
            due = tender.expires_at is not None and at < tender.expires_at <= at + RENEW_BEFORE
            if payment.state == "authorised" and tender.state == "authorised" and due:
                _renew_tender(book=book, tender=tender, at=at, current=current)
    book.write()
    return []


def _renew_tender(*, book: _book.Book, tender: Tender, at: datetime, current: _remote.Round) -> None:
    shares = _held_shares(book=book, tender=tender)
    remote = hasattr(methods.get(code=tender.method), "renew")
    if not shares or not remote or CardHoldQuestion.objects.filter(tender=tender, state__in=OPEN).exists():
        return
    key = f"renew:{tender.pk}:{tender.expires_at:%Y%m%dT%H%M%S}"
    questions = [_question(share=share, key=key, at=at, request={"payment_id": tender.payment_id}) for share in shares]
    steps = current.ask(action="renew", questions=questions, under_way=current.open_attempts(shares=shares))
    if any(step is None for step in steps):
        return
    _take_over(book=book, tender=tender, shares=shares, steps=steps, at=at)
    current.applied(keys=[question.leg.key for question in questions])
    refusals = [step.refusal for step in steps if step and step.refusal]
    if refusals:
        _ask_payer(tender=tender, reason=refusals[0], amount=_open(shares), at=at)


def _held_shares(*, book: _book.Book, tender: Tender) -> list[Share]:
    """Return the shares of which something is held and nothing was taken."""
    return [
        share
        for share in book.shares_of_tender(tender)
        if share.authorised and not share.captured and share.amount > share.cancelled
    ]


def _open(shares: Sequence[Share]) -> int:
    return sum(share.amount - share.cancelled for share in shares)


def _question(*, share: Share, key: str, at: datetime, request: dict[str, object]) -> _remote.Question:
    leg = _book.leg(share=share, amount=share.amount - share.cancelled, key=key, at=at)
    return _remote.Question(share=share, leg=leg, request={**request, "at": at.isoformat()})


def _take_over(
    *, book: _book.Book, tender: Tender, shares: Sequence[Share], steps: Sequence[Step | None], at: datetime
) -> None:
    """Write down the new holds; the tender's end moves once every share has one."""
    for share, step in zip(shares, steps, strict=True):
        if step and step.expires_at:
            share.provider_reference = step.provider_reference
            book.changes.add(share, "provider_reference")
    ends = [step.expires_at for step in steps if step and step.expires_at]
    if len(ends) < len(shares):
        return
    tender.expires_at = min(ends)
    book.changes.add(tender, "expires_at")
    payment = tender.payment
    held_until = [other.expires_at for other in book.tenders_of_payment[payment.pk] if other.expires_at]
    latest = payment.created_at + settings.RIALTO_POLICY.AUTHORIZATION_EXPIRES_AFTER
    payment.expires_at = min([latest, *held_until])
    book.changes.add(payment, "expires_at")


def _ask_payer(*, tender: Tender, reason: str, amount: int, at: datetime) -> None:
    payment = tender.payment
    row = CardHoldQuestion.objects.create(tender=tender, reason=reason[:500], deadline=tender.expires_at, asked_at=at)
    outbox.record(
        happened=[
            events.CardHoldRefused(
                key=str(row.pk),
                at=at,
                payment_id=payment.pk,
                reference=payment.reference,
                question_id=row.pk,
                amount=amount,
                currency=payment.currency,
                deadline=row.deadline,
            )
        ]
    )


def _lapse(*, at: datetime) -> None:
    """Close the questions whose time is over or whose payment has ended."""
    CardHoldQuestion.objects.filter(state__in=OPEN, deadline__lte=at).update(state="lapsed")
    ended = CardHoldQuestion.objects.filter(state__in=OPEN).exclude(tender__state="authorised")
    CardHoldQuestion.objects.filter(pk__in=list(ended.values_list("pk", flat=True))).update(state="lapsed")


def replace_hold(*, question_id: int, source: str, at: datetime) -> HoldStanding:
    """Hold the money on another card, its payer present; without ``source`` go on after its bank asked him.

    :raises UnknownPayment: there is no such question.
    :raises UnableToReplace: its time is over, or it is settled.
    """
    refusals: list[str] = []
    _remote.run(
        act=lambda current: _replace(question_id=question_id, source=source, at=at, current=current, refusals=refusals)
    )
    return replace(hold_standing(question_id=question_id), refusal=refusals[-1] if refusals else "")


def hold_standing(*, question_id: int) -> HoldStanding:
    """Return how a question stands.

    :raises UnknownPayment: there is no such question.
    """
    row = CardHoldQuestion.objects.select_related("tender__payment").filter(pk=question_id).first()
    if row is None:
        raise UnknownPayment("There is no such question about a card.")
    payment = row.tender.payment
    shares = row.tender.shares.filter(authorised=True, captured=0)
    return HoldStanding(
        question_id=row.pk,
        payment_id=payment.pk,
        payer=payment.payer,
        order=payment.reference,
        amount=_open(list(shares)),
        currency=payment.currency,
        deadline=row.deadline,
        state=row.state,
        reason=row.reason,
        action_url=row.action_url if row.state == "answering" else "",
    )


def _replace(*, question_id: int, source: str, at: datetime, current: _remote.Round, refusals: list[str]) -> list[None]:
    found = CardHoldQuestion.objects.filter(pk=question_id).values_list("tender__payment_id", flat=True).first()
    if found is None:
        raise UnknownPayment("There is no such question about a card.")
    book = _book.Book.of_payments(ids=[found])
    row = CardHoldQuestion.objects.select_for_update().get(pk=question_id)
    if row.state not in OPEN:
        if row.state == "replaced":
            return []
        raise UnableToReplace("The time to choose another card is over.")
    tender = book.tenders[row.tender_id]
    shares = _held_shares(book=book, tender=tender)
    if row.deadline <= at or tender.state != "authorised" or not shares:
        raise UnableToReplace("The time to choose another card is over.")
    if row.state == "answering" and row.action_url and source not in ("", row.source):
        # He left his bank's page and chose anew.
        row.state = move(machine=CARD_HOLD, state=row.state, event="refuse")
    if row.state == "asked" and source:
        row.source, row.turn, row.pending, row.action_url = source, row.turn + 1, {}, ""
        row.state = move(machine=CARD_HOLD, state=row.state, event="answer")
    if row.state == "asked":
        return []
    _go_on(book=book, row=row, tender=tender, shares=shares, at=at, current=current, refusals=refusals)
    row.save()
    book.write()
    return []


def _go_on(*, book, row, tender, shares, at, current, refusals) -> None:
    key = f"replace:{row.pk}:{row.turn}"
    request = {"question_id": row.pk, "payment_id": tender.payment_id}
    questions = []
    for share in shares:
        question = _question(share=share, key=key, at=at, request=request)
        leg = replace(
            question.leg,
            source=row.source,
            provider_reference=row.pending.get(str(share.pk), ""),
            return_url=queries.hold_link(question_id=row.pk),
        )
        questions.append(replace(question, leg=leg))
    steps = current.ask(action="replace", questions=questions, under_way=current.open_attempts(shares=shares))
    if any(step is None for step in steps):
        return
    current.applied(keys=[question.leg.key for question in questions])
    # Also of a refused choice: what the new card does hold by now stands for the old hold, which has been let go of.
    _take_over(book=book, tender=tender, shares=shares, steps=steps, at=at)
    refused = [step.refusal for step in steps if step.refusal]
    waiting = [step.action_url for step in steps if step.action_url]
    if refused:
        refusals.append(refused[0])
        row.state, row.action_url = move(machine=CARD_HOLD, state=row.state, event="refuse"), ""
    elif waiting:
        row.turn += 1
        row.action_url = waiting[0]
        row.pending = {str(share.pk): step.provider_reference for share, step in zip(shares, steps, strict=True)}
    else:
        tender.source = row.source
        book.changes.add(tender, "source")
        row.state, row.action_url = move(machine=CARD_HOLD, state=row.state, event="replace"), ""
