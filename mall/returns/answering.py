"""What the merchant answers, and what the buyer does about it."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils.translation import gettext as _

from mall import actors, bank
from mall.actors import Actor
from mall.returns import _rows, photos, states
from mall.returns._rows import Step
from mall.returns.models import Return
from mall.returns.requests import AnswerOffer, AnswerReturn, SayReturn, SendReturn, UnableToReturn, UnknownReturn

MOST_TEXT = 2_000


def answer_return(*, request: AnswerReturn) -> Return:
    """Answer a buyer: take the goods back, let him keep them, offer a part, or decline.

    :raises UnableToReturn: it waits for no answer, or something is missing.
    """
    with photos.in_transaction() as kept:
        row = _of_store(number=request.number, by=request.by)
        if request.answer not in _ANSWERS:
            raise UnableToReturn(_("Please choose an answer."))
        answered = _("This return does not wait for your answer any more: look at how it stands.")
        _rows.check(row=row, event=request.answer, sentence=answered)
        photos.keep(row=row, side=_rows.side(by=request.by), given=request.photos, at=request.at, kept=kept)
        _rows.take(steps=[_ANSWERS[request.answer](row, request)])
    return row


def _of_store(*, number: str, by: Actor) -> Return:
    if by.kind != actors.MERCHANT:
        raise UnknownReturn(f"There is no return {number} for you to answer.")
    return _rows.lock_one(number=number, by=by)


def _accept(row: Return, request: AnswerReturn) -> Step:
    return Step(row, "accept", request.by, request.at, text=_words(request.text))


def _let_keep(row: Return, request: AnswerReturn) -> Step:
    return Step(
        row, "let keep", request.by, request.at, _words(request.text), row.claimed, row.open_amount, states.KEPT
    )


def _offer(row: Return, request: AnswerReturn) -> Step:
    if row.offers >= bank.policy().RETURN_OFFERS:
        raise UnableToReturn(_("You have made your offers: take the goods back, let them be kept, or decline."))
    if request.amount is None or not 0 < request.amount < row.claimed:
        most = bank.text(amount=row.claimed, currency=row.currency)
        raise UnableToReturn(_("An offer is above zero and below %(most)s, which is all of it.") % {"most": most})
    row.offer, row.offers = request.amount, row.offers + 1
    return Step(row, "offer", request.by, request.at, _words(request.text), request.amount)


def _decline(row: Return, request: AnswerReturn) -> Step:
    text = _words(request.text)
    if not text:
        raise UnableToReturn(_("Please tell the buyer why you decline."))
    return Step(row, "decline", request.by, request.at, text)


_ANSWERS: dict[str, Callable[[Return, AnswerReturn], Step]] = {
    "accept": _accept,
    "let keep": _let_keep,
    "offer": _offer,
    "decline": _decline,
}


def _words(text: str) -> str:
    text = text.strip()
    if len(text) > MOST_TEXT:
        raise UnableToReturn(_("Please say it in at most %(n)s characters.") % {"n": MOST_TEXT})
    return text


def answer_offer(*, request: AnswerOffer) -> Return:
    """Take the part the merchant offers and keep the goods, or refuse it: then the merchant answers once more.

    :raises UnableToReturn: nothing is offered.
    """
    with transaction.atomic():
        row = _of_buyer(number=request.number, by=request.by)
        event = "take offer" if request.takes else "refuse offer"
        _rows.check(row=row, event=event, sentence=_("This offer is over: look at how the return stands."))
        if request.takes:
            step = Step(row, event, request.by, request.at, "", row.offer, row.offer or 0, states.PART)
        else:
            step = Step(row, event, request.by, request.at, "", row.offer)
        _rows.take(steps=[step])
    return row


def _of_buyer(*, number: str, by: Actor) -> Return:
    if by.kind != actors.BUYER:
        raise UnknownReturn(f"There is no return {number} of yours.")
    return _rows.lock_one(number=number, by=by)


def send_return(*, request: SendReturn) -> Return:
    """Say that the goods are on their way back.

    :raises UnableToReturn: they are not expected.
    """
    with transaction.atomic():
        row = _of_buyer(number=request.number, by=request.by)
        _rows.check(row=row, event="send", sentence=_("These goods are not expected by the store now."))
        if not request.tracking.strip():
            raise UnableToReturn(_("Please give the number by which the parcel can be followed: it is your proof."))
        row.carrier, row.tracking = request.carrier.strip()[:64], request.tracking.strip()[:128]
        row.sent_at = request.at
        text = f"{row.carrier} {row.tracking}".strip()
        _rows.take(steps=[Step(row, "send", request.by, request.at, text)])
    return row


def agree(*, request: SayReturn) -> Return:
    """Agree, as the buyer, to the lower refund the merchant gave after he had looked at the goods.

    :raises UnableToReturn: there is none to agree to.
    """
    with transaction.atomic():
        row = _of_buyer(number=request.number, by=request.by)
        _rows.check(row=row, event="agree", sentence=_("There is nothing to agree to any more."))
        _rows.take(steps=[Step(row, "agree", request.by, request.at, outcome=states.PART)])
    return row


def withdraw(*, request: SayReturn) -> Return:
    """Give the wish to return up, as the buyer, as long as the goods were not sent.

    :raises UnableToReturn: it is too late.
    """
    with transaction.atomic():
        row = _of_buyer(number=request.number, by=request.by)
        late = _("This return cannot be taken back any more: look at how it stands.")
        _rows.check(row=row, event="withdraw", sentence=late)
        if row.sent_at or row.awarded:
            raise UnableToReturn(late)
        _rows.take(steps=[Step(row, "withdraw", request.by, request.at, outcome=states.TAKEN_BACK)])
    return row


def escalate(*, request: SayReturn) -> Return:
    """Call the bank, as buyer or merchant, to decide.

    :raises UnableToReturn: it is not time for that, or no reason is given.
    """
    with photos.in_transaction() as kept:
        row = _rows.lock_one(number=request.number, by=request.by)
        early = _("The bank decides when you do not agree with the answer: this return is not there, or is over.")
        _rows.check(row=row, event="escalate", sentence=early)
        if request.by.kind not in _MAY_CALL[row.state]:
            raise UnableToReturn(early)
        text = _words(request.text)
        if not text:
            raise UnableToReturn(_("Please tell the bank what it should know: it reads both sides."))
        photos.keep(row=row, side=_rows.side(by=request.by), given=request.photos, at=request.at, kept=kept)
        row.escalated_at = request.at
        _rows.take(steps=[Step(row, "escalate", request.by, request.at, text)])
    return row


# Who may call the bank in which state: whoever is not to answer himself.
_MAY_CALL = {
    states.ASKED: {actors.MERCHANT},
    states.DECLINED: {actors.BUYER},
    states.REDUCED: {actors.BUYER},
    states.SENT: {actors.BUYER, actors.MERCHANT},
}


def add_word(*, request: SayReturn) -> Return:
    """Add words or pictures to an open return, as either side.

    :raises UnableToReturn: it is over, or nothing is said.
    """
    with photos.in_transaction() as kept:
        row = _rows.lock_one(number=request.number, by=request.by)
        if row.state in states.OVER:
            raise UnableToReturn(_("This return is over: nothing can be added."))
        text = _words(request.text)
        if not text and not request.photos:
            raise UnableToReturn(_("Please write something, or add a picture."))
        photos.keep(row=row, side=_rows.side(by=request.by), given=request.photos, at=request.at, kept=kept)
        _rows.write(steps=[Step(row, "say", request.by, request.at, text)])
    return row
