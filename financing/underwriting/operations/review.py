"""What officers do with a case: claim, give back, approve, agree as the second, decline. Rules are checked here.

An officer is a reference (`user:5`). Roles are read from the database in the same transaction, never taken from the
caller. Every act locks the case first, so of two officers acting at once one comes second and is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db import transaction

from financing.underwriting import events, states
from financing.underwriting.errors import AboveAuthority, CaseChanged, NotYours, UnableToReview
from financing.underwriting.models import Application, Authority, CaseAction, Decision, PolicyVersion
from financing.underwriting.terms import Price
from mall.queries import staff
from payments.operations.publishing import publish


@dataclass(frozen=True, kw_only=True)
class _Case:
    application: Application
    officer: str
    authority: int


def claim(*, application_id: int, officer: str, at: datetime, version: int | None = None) -> Application:
    """Take a case into one's hands; a colleague who wants it is told by whom it is held. Doing so twice is once.

    :raises NotYours: somebody else holds it, or it is too close to the officer.
    :raises UnableToReview: nothing is left to decide, or the person is no officer.
    :raises CaseChanged: it is not in the version that was seen.
    """
    with transaction.atomic():
        case = _open(application_id, officer, version)
        application = case.application
        if application.claimed_by == officer:
            return application
        if application.claimed_by:
            raise NotYours(f"{application.claimed_by} has this case since {application.claimed_at:%Y-%m-%d %H:%M}.")
        application.claimed_by, application.claimed_at = officer, at
        _save(application, "claimed_by", "claimed_at")
        _note(case, "claim", at)
    return application


def release(*, application_id: int, officer: str, at: datetime, version: int | None = None) -> Application:
    """Give a claimed case back to the queue.

    :raises NotYours: the officer does not hold it.
    """
    with transaction.atomic():
        case = _open(application_id, officer, version)
        application = case.application
        if application.claimed_by != officer:
            raise NotYours("This case is not in your hands.")
        application.claimed_by, application.claimed_at = "", None
        _save(application, "claimed_by", "claimed_at")
        _note(case, "release", at)
    return application


def approve(
    *,
    application_id: int,
    officer: str,
    at: datetime,
    amount: int | None = None,
    price: Price | None = None,
    note: str = "",
    version: int | None = None,
) -> Application:
    """Approve a referred case, with another amount or price if need be.

    Within the officer's authority the credit is granted. Above it, or above what policy lets one person decide, the
    case waits for a second officer, of whom one of the two must have the authority.

    :raises AboveAuthority: nobody could agree to so much.
    :raises NotYours: another officer holds the case, or it is too close to this one.
    :raises UnableToReview: nothing is left to decide, or the amount or price is out of bounds.
    :raises CaseChanged: it is not in the version that was seen.
    """
    with transaction.atomic():
        case = _open(application_id, officer, version)
        application = case.application
        if application.state != states.REFERRED:
            raise UnableToReview("A colleague has approved this case already: agree with it, or decline.")
        _hold(case)
        granted = application.amount if amount is None else amount
        asked = price or Price(
            annual_rate_bps=application.annual_rate_bps,
            fee_bps=application.fee_bps,
            subsidy_bps=application.subsidy_bps,
        )
        _check_bounds(application, granted, asked)
        override = _is_override(application, granted, asked)
        application.approved_amount = granted
        application.annual_rate_bps = asked.annual_rate_bps
        application.fee_bps, application.subsidy_bps = asked.fee_bps, asked.subsidy_bps
        if granted <= min(case.authority, _four_eyes_above(application)):
            _grant(application, officer, at)
            _note(case, "approve", at, amount=granted, price_bps=asked.bps, note=note, override=override)
        else:
            _check_anybody_may(application, granted)
            application.state = states.TRANSITIONS[states.REFERRED]["support"]
            application.supported_by = officer
            application.claimed_by, application.claimed_at = "", None
            _save(application, "state", "supported_by", "claimed_by", "claimed_at", *_TERMS)
            _note(case, "support", at, amount=granted, price_bps=asked.bps, note=note, override=override)
    return application


def second_approve(
    *, application_id: int, officer: str, at: datetime, note: str = "", version: int | None = None
) -> Application:
    """Agree, as the second officer, to what the first approved.

    :raises AboveAuthority: neither of the two has the authority for the amount.
    :raises NotYours: the first officer cannot be the second; or the case is held by, or too close to, somebody.
    :raises UnableToReview: the case does not wait for a second officer.
    """
    with transaction.atomic():
        case = _second(application_id, officer, version)
        application = case.application
        first = _authority(application.supported_by, application.product_kind)
        if max(case.authority, first) < application.approved_amount:
            raise AboveAuthority("Neither of you two has the authority for this amount: a senior officer must agree.")
        _grant(application, officer, at)
        _note(case, "agree", at, amount=application.approved_amount, note=note)
    return application


def send_back(
    *, application_id: int, officer: str, note: str, at: datetime, version: int | None = None
) -> Application:
    """Return a case to the queue, as the second officer who does not agree as it stands.

    :raises UnableToReview: it does not wait for a second officer, or the note is empty.
    """
    if not note.strip():
        raise UnableToReview("Say why the case goes back.")
    with transaction.atomic():
        case = _second(application_id, officer, version)
        application = case.application
        application.state = states.TRANSITIONS[states.SECOND]["return"]
        application.supported_by, application.claimed_by, application.claimed_at = "", "", None
        application.approved_amount = None
        _save(application, "state", "supported_by", "claimed_by", "claimed_at", "approved_amount")
        _note(case, "send back", at, note=note)
    return application


def decline(
    *,
    application_id: int,
    officer: str,
    reasons: Sequence[str],
    at: datetime,
    note: str = "",
    version: int | None = None,
) -> Application:
    """Decline a case with one to four reasons the applicant will read; any officer may, at any amount.

    :raises UnableToReview: no reason, more than four, or nothing is left to decide.
    """
    given = [reason.strip() for reason in reasons if reason.strip()]
    if not 1 <= len(given) <= 4:
        raise UnableToReview("Give one to four reasons; the applicant will read them.")
    with transaction.atomic():
        case = _open(application_id, officer, version)
        application = case.application
        _hold(case)
        application.state = states.TRANSITIONS[application.state]["decline"]
        application.reasons = [{"code": "O01", "text": text} for text in given]
        application.approved_amount = None
        application.decided_by, application.decided_at = officer, at
        application.supported_by = "" if application.supported_by == officer else application.supported_by
        _save(application, "state", "reasons", "approved_amount", "decided_by", "decided_at", "supported_by")
        _note(case, "decline", at, reasons=given, note=note)
        publish(happened=[_event(events.CreditDeclined, application, at)])
    return application


_TERMS = ("approved_amount", "annual_rate_bps", "fee_bps", "subsidy_bps")


def _open(application_id: int, officer: str, version: int | None) -> _Case:
    """Lock the case and check that this officer may act on it at all."""
    application = Application.objects.select_for_update().filter(pk=application_id).first()
    if application is None:
        raise UnableToReview("There is no such case.")
    if version is not None and application.version != version:
        raise CaseChanged("A colleague acted on this case since you opened it: look at it again.")
    if application.state not in states.OPEN:
        raise UnableToReview(f"This case is {states.LABELS[application.state]} already.")
    authority = _authority(officer, application.product_kind)
    if not authority:
        raise UnableToReview("Only credit officers decide on cases.")
    if officer in (application.subject_id, application.applied_by) or _works_for(officer, application.subject_id):
        raise NotYours("Nobody decides on an application of their own, or of a house they work for.")
    return _Case(application=application, officer=officer, authority=authority)


def _second(application_id: int, officer: str, version: int | None) -> _Case:
    case = _open(application_id, officer, version)
    if case.application.state != states.SECOND:
        raise UnableToReview("This case does not wait for a second officer.")
    if officer == case.application.supported_by:
        raise NotYours("You approved this case yourself: somebody else has to agree.")
    _hold(case)
    return case


def _hold(case: _Case) -> None:
    if case.application.claimed_by not in ("", case.officer):
        raise NotYours(f"{case.application.claimed_by} has this case.")


def _roles(officer: str) -> list[str]:
    kind, _, number = officer.partition(":")
    if kind != "user" or not number.isdigit():
        return []
    members = Group.objects.filter(user__id=int(number), user__is_active=True)
    return list(members.values_list("name", flat=True))


def _authority(officer: str, product_kind: str) -> int:
    """Return the most this officer may decide alone; zero who is no officer."""
    limits = Authority.objects.filter(role__in=_roles(officer), product_kind=product_kind)
    return max(limits.values_list("limit", flat=True), default=0)


def _works_for(officer: str, subject_id: str) -> bool:
    return subject_id.startswith("merchant:") and officer in staff.staff_of(merchant=subject_id)


def _four_eyes_above(application: Application) -> int:
    active = PolicyVersion.objects.get(state=PolicyVersion.State.ACTIVE)
    return active.data["four_eyes_above"].get(application.product_kind, 0)


def _check_bounds(application: Application, amount: int, price: Price) -> None:
    least, most = application.terms["minimum_amount"], min(application.amount, application.terms["maximum_amount"])
    if not least <= amount <= most:
        raise UnableToReview(f"The amount must lie between the product's least, {least}, and what was asked, {most}.")
    cap = PolicyVersion.objects.get(state=PolicyVersion.State.ACTIVE).data[application.kind]["price"]["cap_bps"]
    if max(price.annual_rate_bps, price.fee_bps, price.subsidy_bps) > cap:
        raise UnableToReview(f"The law caps the price at {cap} basis points.")


def _check_anybody_may(application: Application, amount: int) -> None:
    highest = max(
        Authority.objects.filter(product_kind=application.product_kind).values_list("limit", flat=True), default=0
    )
    if amount > highest:
        raise AboveAuthority(f"No officer may agree to more than {highest}: approve less, or decline.")


def _is_override(application: Application, amount: int, price: Price) -> bool:
    machine = Decision.objects.filter(application=application).order_by("-pk").values_list("outcome", flat=True)[0]
    calculated = Price(**machine["price"])
    return amount > machine["limit"] or price != calculated


def _grant(application: Application, officer: str, at: datetime) -> None:
    active = PolicyVersion.objects.get(state=PolicyVersion.State.ACTIVE)
    days = active.data[application.kind]["approval_days"]
    application.state = states.TRANSITIONS[application.state]["approve"]
    application.decided_by, application.decided_at = officer, at
    application.valid_until = at + timedelta(days=days)
    application.reasons = []
    _save(application, "state", "decided_by", "decided_at", "valid_until", "reasons", *_TERMS)
    publish(happened=[_event(events.CreditApproved, application, at)])


def _save(application: Application, *fields: str) -> None:
    application.version += 1
    application.save(update_fields=["version", *fields])


def _note(
    case: _Case,
    action: str,
    at: datetime,
    *,
    amount: int | None = None,
    price_bps: int | None = None,
    reasons: Sequence[str] = (),
    note: str = "",
    override: bool = False,
) -> None:
    CaseAction.objects.create(
        application=case.application,
        officer=case.officer,
        action=action,
        amount=amount,
        price_bps=price_bps,
        reasons=list(reasons),
        note=note,
        override=override,
        at=at,
    )


def _event(kind: type[events.Event], application: Application, at: datetime) -> events.Event:
    return kind(
        key=f"application:{application.pk}:{application.version}",
        at=at,
        application_id=application.pk,
        subject_id=application.subject_id,
    )
