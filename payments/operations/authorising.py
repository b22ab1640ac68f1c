"""Authorise: every tender of a payment is promised, or none is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext

from payments import chart, events, journals, methods, outbox
from payments.accounts import step_up, velocity
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.ledger.journal import AccountSpec, Journal
from payments.methods import Leg, Step
from payments.models import Payment, Share, Tender
from payments.operations import _book, _remote, cancelling
from payments.states import PAYMENT

NOT_ENOUGH = "The account does not hold enough for this payment."
TOO_LATE = "The time to pay ran out."


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorise:
    """Authorise a recorded payment, or go on with one whose payer had something to do."""

    payment_id: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOutcome:
    """How a payment stands: ``refusal`` is a sentence for the payer, ``action_url`` where he must go first.

    ``until``: when a payment that is held for people to look at ends by itself.
    """

    payment_id: int
    state: str
    refusal: str = ""
    action_url: str = ""
    until: datetime | None = None


@dataclass(slots=True)
class _Plan:
    """One payment on its way: the tenders that have not said yes, what the local and the remote ones answered."""

    payment: Payment
    at: datetime
    local: list[Tender] = field(default_factory=list)
    remote: list[Tender] = field(default_factory=list)
    answers: list[tuple[Tender, Step]] = field(default_factory=list)
    remote_answers: list[tuple[Share, Step | None]] = field(default_factory=list)
    refusal: str = ""
    challenged: bool = False
    happened: list[events.Event] = field(default_factory=list)


def authorise_payments(*, requests: Sequence[Authorise]) -> list[PaymentOutcome]:
    """Authorise payments, each for itself: all its tenders or none. Calling again never holds anything twice.

    Outcomes name the payment's state: ``authorised``, ``refused``, ``action_required`` (send the payer to
    ``action_url`` and call again afterwards), ``authorising`` (a provider has not answered; the sweep finishes it),
    ``expired``, or ``unknown``.
    """
    return _remote.run(act=lambda current: _authorise(requests=requests, current=current))


def _authorise(*, requests: Sequence[Authorise], current: _remote.Round) -> list[PaymentOutcome]:
    at_of = {request.payment_id: request.at for request in requests}
    book = _book.Book.of_payments(ids=at_of)
    plans = _plans(book=book, at_of=at_of)
    _expire_late(book=book, at_of=at_of, current=current)
    plans = _screened(plans=plans, book=book)
    _ask_local(plans=plans, book=book)
    _post(plans=[plan for plan in plans if _locally_fine(plan)], book=book)
    _ask_remote(plans=[plan for plan in plans if _locally_fine(plan) and plan.remote], book=book, current=current)
    _post_remote(plans=plans, book=book)
    for plan in plans:
        _conclude(plan=plan, book=book)
    book.write()
    outbox.record(happened=[event for plan in plans for event in plan.happened])
    cancelling.give_back(book=book, plans=_left_over(book=book, at_of=at_of), current=current)
    return [_outcome(payment=book.payments.get(request.payment_id), request=request, book=book) for request in requests]


def _plans(*, book: _book.Book, at_of: dict[int, datetime]) -> list[_Plan]:
    plans = []
    for payment in book.payments.values():
        in_time = payment.expires_at > at_of[payment.pk]
        if payment.state != "authorising" and not (payment.state in ("recorded", "action_required") and in_time):
            continue
        plan = _Plan(payment=payment, at=at_of[payment.pk])
        for tender in book.tenders_of_payment[payment.pk]:
            if tender.state in ("recorded", "action_required", "asked") and _needed(book=book, tender=tender):
                remote = methods.get(code=tender.method).remote
                (plan.remote if remote else plan.local).append(tender)
        plans.append(plan)
    return plans


def _screened(*, plans: list[_Plan], book: _book.Book) -> list[_Plan]:
    """Look at payments before any tender is asked; return those that go on, refused ones among them."""
    said = velocity.screen(
        payments=[(plan.payment, book.tenders_of_payment[plan.payment.pk], plan.at) for plan in plans]
    )
    going_on = []
    held: list[events.Event] = []
    for plan in plans:
        row = said.get(plan.payment.pk)
        plan.challenged = row is not None and row.outcome == velocity.CHALLENGE
        if row is not None and row.outcome == velocity.REFUSE:
            plan.refusal = gettext(velocity.TOO_FAST)
        if row is None or row.state != "held" or row.due_at is None:
            going_on.append(plan)
            continue
        plan.payment.expires_at = row.due_at
        book.move_payment(plan.payment, "hold")
        held.append(
            events.PaymentHeld(
                key=str(plan.payment.pk),
                at=plan.at,
                payment_id=plan.payment.pk,
                reference=plan.payment.reference,
                until=row.due_at,
            )
        )
    outbox.record(happened=held)
    return going_on


def _expire_late(*, book: _book.Book, at_of: dict[int, datetime], current: _remote.Round) -> None:
    plans: list[cancelling.Plan] = []
    for payment in book.payments.values():
        if payment.state in ("recorded", "action_required") and payment.expires_at <= at_of[payment.pk]:
            payment.refusal = TOO_LATE
            plans += cancelling.plan_payment(book=book, payment=payment, at=at_of[payment.pk], ending="expire")
    cancelling.give_back(book=book, plans=plans, current=current)


def _needed(*, book: _book.Book, tender: Tender) -> int:
    return sum(share.amount - share.cancelled for share in book.shares_of_tender(tender))


def _ask_local(*, plans: Sequence[_Plan], book: _book.Book) -> None:
    rows = [(plan, tender) for plan in plans for tender in plan.local if not plan.refusal]
    challenged = {plan.payment.pk for plan in plans if plan.challenged}
    by_method: dict[str, list[tuple[_Plan, Tender]]] = {}
    for plan, tender in rows:
        by_method.setdefault(tender.method, []).append((plan, tender))
    for code, pairs in by_method.items():
        legs = [
            _book.tender_leg(
                tender=tender, amount=_needed(book=book, tender=tender), key=f"authorise:{tender.pk}", at=plan.at
            )
            for plan, tender in pairs
        ]
        for (plan, tender), step in zip(
            pairs, _ask_method(code=code, legs=legs, challenged=challenged), strict=True
        ):
            plan.answers.append((tender, step))
            plan.refusal = plan.refusal or step.refusal
    for plan in plans:
        if plan.refusal:
            _take_back(plan=plan, book=book)


def _ask_method(*, code: str, legs: Sequence[Leg], challenged: Collection[int]) -> list[Step]:
    """Ask a local method, after asking for the payer's second factor where it needs one."""
    method = methods.get(code=code)
    urls = step_up.questions(legs=legs, always=challenged) if getattr(method, "asks_payer", False) else {}
    answers = iter(method.authorise(legs=[leg for leg in legs if leg.tender_id not in urls]))
    return [Step(action_url=urls[leg.tender_id]) if leg.tender_id in urls else next(answers) for leg in legs]


def _take_back(*, plan: _Plan, book: _book.Book) -> None:
    """Tell the methods that had said yes just now that it comes to nothing; nothing had been posted for them."""
    for tender, step in plan.answers:
        if not step.refusal and not step.action_url:
            leg: Leg = _book.tender_leg(
                tender=tender, amount=_needed(book=book, tender=tender), key=f"take-back:{tender.pk}", at=plan.at
            )
            methods.get(code=tender.method).void(legs=[leg])


def _locally_fine(plan: _Plan) -> bool:
    return not plan.refusal and not any(step.action_url for _, step in plan.answers)


def _post(*, plans: Sequence[_Plan], book: _book.Book) -> None:
    """Open the accounts these payments need and post what their local tenders promise, one journal a payment."""
    if plans:
        specs = [spec for plan in plans for spec in _accounts(plan=plan, book=book)]
        ledger.open_accounts(specs=specs, at=min(plan.at for plan in plans))
    entries: list[Journal] = []
    posting: list[_Plan] = []
    for plan in plans:
        transfers = tuple(transfer for _, step in plan.answers for transfer in step.transfers)
        if transfers:
            posting.append(plan)
            first = min(tender.pk for tender, _ in plan.answers)
            entries.append(
                journals.payment_authorised(
                    payment_id=plan.payment.pk,
                    reference=plan.payment.reference,
                    currency=plan.payment.currency,
                    transfers=transfers,
                    key=f"authorise:{plan.payment.pk}:{first}",
                    at=plan.at,
                )
            )
    for plan, outcome in zip(posting, ledger.post_many(journals=entries), strict=True):
        if isinstance(outcome, ledger_errors.LedgerError):
            short = isinstance(outcome, ledger_errors.InsufficientFunds)
            plan.refusal = NOT_ENOUGH if short else f"The bank could not hold this payment: {outcome}"
            _take_back(plan=plan, book=book)


def _accounts(*, plan: _Plan, book: _book.Book) -> list[AccountSpec]:
    escrows = [
        chart.escrow(part.reference, part.currency, part.merchant)
        for part in book.parts_of_payment[plan.payment.pk]
        if part.state == "awaiting"
    ]
    return escrows + [spec for _, step in plan.answers for spec in step.accounts]


def _ask_remote(*, plans: Sequence[_Plan], book: _book.Book, current: _remote.Round) -> None:
    pairs = [
        (plan, share)
        for plan in plans
        for tender in plan.remote
        for share in book.shares_of_tender(tender)
        if not share.authorised and share.amount > share.cancelled
    ]
    questions = []
    for plan, share in pairs:
        # A tender whose payer had something to do is asked anew, under a name of its own.
        turn = f":{plan.at.isoformat()}" if share.provider_reference else ""
        key = f"authorise:{share.tender_id}{turn}"
        leg = _book.leg(share=share, amount=share.amount - share.cancelled, key=key, at=plan.at)
        request = {"payment_id": plan.payment.pk, "at": plan.at.isoformat()}
        questions.append(_remote.Question(share=share, leg=leg, request=request))
    under_way = current.open_attempts(shares=[share for _, share in pairs])
    answers = current.ask(action="authorise", questions=questions, under_way=under_way)
    for (plan, share), step in zip(pairs, answers, strict=True):
        plan.remote_answers.append((share, step))
    current.applied(
        keys=[
            question.leg.key
            for question, (plan, _) in zip(questions, pairs, strict=True)
            if all(step is not None for _, step in plan.remote_answers)
        ]
    )


def _post_remote(*, plans: Sequence[_Plan], book: _book.Book) -> None:
    """Post what remote tenders have brought (a transfer from another bank), whatever becomes of the payment.

    :raises LedgerError: the book does not take money that has come; the answers stay, and the sweep tries again.
    """
    entries: list[Journal] = []
    for plan in plans:
        if any(step is None for _, step in plan.remote_answers):
            continue
        brought = [(share, step) for share, step in plan.remote_answers if step and step.transfers]
        if not brought:
            continue
        ledger.open_accounts(specs=[spec for _, step in brought for spec in step.accounts], at=plan.at)
        entries.append(
            journals.payment_authorised(
                payment_id=plan.payment.pk,
                reference=plan.payment.reference,
                currency=plan.payment.currency,
                transfers=[transfer for _, step in brought for transfer in step.transfers],
                key=f"authorise:{plan.payment.pk}:share:{min(share.pk for share, _ in brought)}",
                at=plan.at,
            )
        )
    for outcome in ledger.post_many(journals=entries):
        if isinstance(outcome, ledger_errors.LedgerError):
            raise outcome


def _conclude(*, plan: _Plan, book: _book.Book) -> None:
    """Take a payment, its tenders and parts to the states that the answers mean."""
    payment = plan.payment
    if plan.refusal:
        _refuse(plan=plan, book=book)
        return
    actions = [(tender, step) for tender, step in plan.answers if step.action_url]
    if actions:
        _need_action(plan=plan, book=book, tenders=actions)
        return
    for tender, step in plan.answers:
        _promise(tender=tender, shares=book.shares_of_tender(tender), steps=[step], plan=plan, book=book)
    if any(step is None for _, step in plan.remote_answers):
        for tender in plan.remote:
            if tender.state != "asked":
                book.move_tender(tender, "ask")
        if payment.state != "authorising":
            book.move_payment(payment, "ask")
        return
    _conclude_remote(plan=plan, book=book)


def _conclude_remote(*, plan: _Plan, book: _book.Book) -> None:
    refusals = [step.refusal for _, step in plan.remote_answers if step and step.refusal]
    actions: list[tuple[Tender, Step]] = []
    for tender in plan.remote:
        answered = [(share, step) for share, step in plan.remote_answers if share.tender_id == tender.pk and step]
        for share, step in answered:
            share.provider_reference = step.provider_reference
            share.authorised = not step.refusal and not step.action_url
            book.changes.add(share, "provider_reference", "authorised")
        waiting = [step for _, step in answered if step.action_url]
        if waiting:
            actions.append((tender, waiting[0]))
        elif not any(step.refusal for _, step in answered):
            shares = book.shares_of_tender(tender)
            _promise(tender=tender, shares=shares, steps=[step for _, step in answered], plan=plan, book=book)
    if refusals:
        plan.refusal = refusals[0]
        _refuse(plan=plan, book=book)
    elif actions:
        _need_action(plan=plan, book=book, tenders=actions)
    else:
        _authorised(plan=plan, book=book)


def _promise(*, tender: Tender, shares: Sequence[Share], steps: Sequence[Step], plan: _Plan, book: _book.Book) -> None:
    book.move_tender(tender, "authorise")
    tender.authorised = sum(share.amount - share.cancelled for share in shares)
    tender.action_url = ""
    for step in steps:
        tender.provider_reference = step.provider_reference or tender.provider_reference
        if step.expires_at and (tender.expires_at is None or step.expires_at < tender.expires_at):
            tender.expires_at = step.expires_at
    for share in shares:
        share.authorised = True
        book.changes.add(share, "authorised", "provider_reference")


def _authorised(*, plan: _Plan, book: _book.Book) -> None:
    payment = plan.payment
    latest = plan.at + settings.RIALTO_POLICY.AUTHORIZATION_EXPIRES_AFTER
    ends = [tender.expires_at for tender in book.tenders_of_payment[payment.pk] if tender.expires_at]
    payment.expires_at = min([latest, *ends])
    book.move_payment(payment, "authorise")
    for part in book.parts_of_payment[payment.pk]:
        if part.state == "awaiting":
            book.move_part(part, "authorise")
            book.changes.add(part, "state")
    plan.happened.append(
        events.PaymentAuthorised(
            key=str(payment.pk), at=plan.at, payment_id=payment.pk, reference=payment.reference
        )
    )


def _need_action(*, plan: _Plan, book: _book.Book, tenders: Sequence[tuple[Tender, Step]]) -> None:
    payment = plan.payment
    for tender, step in plan.answers:
        # What is promised without a posting stays promised; the rest is asked for again with the whole payment.
        if not step.action_url and not step.transfers and tender.state != "authorised":
            shares = book.shares_of_tender(tender)
            _promise(tender=tender, shares=shares, steps=[step], plan=plan, book=book)
    for tender, step in tenders:
        tender.action_url = step.action_url
        if tender.state != "action_required":
            book.move_tender(tender, "need_action")
        book.changes.add(tender, "action_url")
    if payment.state != "action_required":
        book.move_payment(payment, "need_action")
    url = tenders[0][1].action_url
    plan.happened.append(
        events.PaymentActionRequired(
            key=f"{payment.pk}:{url}", at=plan.at, payment_id=payment.pk, reference=payment.reference, url=url
        )
    )


def _refuse(*, plan: _Plan, book: _book.Book) -> None:
    payment = plan.payment
    payment.refusal = plan.refusal[:500]
    payment.resolved_at = plan.at
    book.move_payment(payment, "refuse")
    for tender, step in plan.answers:
        if step.refusal:
            book.move_tender(tender, "refuse")
    for tender in plan.remote:
        answers = [step for share, step in plan.remote_answers if share.tender_id == tender.pk and step]
        if any(step.refusal for step in answers):
            book.move_tender(tender, "refuse")
    plan.happened.append(
        events.PaymentRefused(
            key=str(payment.pk),
            at=plan.at,
            payment_id=payment.pk,
            reference=payment.reference,
            reason=payment.refusal,
        )
    )


def _left_over(*, book: _book.Book, at_of: dict[int, datetime]) -> list[cancelling.Plan]:
    """Return plans for what refused payments still hold, also what an earlier round left."""
    return [
        plan
        for payment in book.payments.values()
        if payment.state == "refused"
        for plan in cancelling.plan_payment(book=book, payment=payment, at=at_of[payment.pk], ending="refuse")
    ]


def _outcome(*, payment: Payment | None, request: Authorise, book: _book.Book) -> PaymentOutcome:
    if payment is None:
        return PaymentOutcome(payment_id=request.payment_id, state="unknown", refusal="There is no such payment.")
    urls = [tender.action_url for tender in book.tenders_of_payment[payment.pk] if tender.action_url]
    state = "authorised" if payment.state in ("authorised", "captured") else payment.state
    return PaymentOutcome(
        payment_id=payment.pk,
        state=state,
        refusal=payment.refusal if state in PAYMENT.final else "",
        action_url=urls[0] if urls and state == "action_required" else "",
        until=payment.expires_at if state == "in_review" else None,
    )
