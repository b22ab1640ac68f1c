"""The bank's side of an application: questions, hits cleared, and two people who must say the same."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import bank
from mall.actors import NotAllowed
from mall.customer.addresses import AddressData
from mall.customer.models import User
from mall.merchants.applications import UnableToDecide, is_operations
from mall.merchants.models import KybDocument, MerchantApplication
from mall.merchants.operations import OpenMerchant, open_merchants
from mall.onboarding import checking, states
from mall.onboarding.models import Check, Clearing, Question
from mall.onboarding.operations import moved, write


def agree(*, application_id: int, by: User, at: datetime, reason: str = "") -> MerchantApplication:
    """Agree to an application; when a second person says the same the merchant is opened.

    :raises NotAllowed: the person is not of the bank's operations, is the applicant, or has agreed already.
    :raises UnableToDecide: it was decided before, or a check stands in the way.
    """
    with transaction.atomic():
        row = _lock(application_id=application_id, by=by, event="agree")
        open_checks = checking.standing_in_the_way(application_id=row.pk)
        if open_checks:
            words = _("These checks stand in the way: %s. Clear them or ask the applicant first.")
            raise UnableToDecide(words % ", ".join(checking.names_of(checks=open_checks)))
        _say(row=row, event="agree", agreed=MerchantApplication.SECONDED, by=by, at=at)
        if row.state == MerchantApplication.APPROVED:
            row.second_decision_by, row.decided_at = by, at
            [row.merchant] = open_merchants(requests=[_opening(row=row, at=at)])
        row.save()
        kind = "approved" if row.state == MerchantApplication.APPROVED else "agreed"
        _tell(row=row, kind=kind, by=by, at=at, note=reason.strip())
    return row


def decline(*, application_id: int, by: User, reason: str, at: datetime) -> MerchantApplication:
    """Say no to an application, with the reason its applicant will read; a second person has to say no too.

    :raises NotAllowed: the person is not of the bank's operations, is the applicant, or has said no already.
    :raises UnableToDecide: it was decided before, or there is no reason.
    """
    if not reason.strip():
        raise UnableToDecide(_("Say why, so that the applicant can put it right."))
    with transaction.atomic():
        row = _lock(application_id=application_id, by=by, event="decline")
        _say(row=row, event="decline", agreed=MerchantApplication.REFUSING, by=by, at=at)
        row.reason = reason.strip()[:500]
        if row.state == MerchantApplication.DECLINED:
            row.second_decision_by, row.decided_at = by, at
        row.save()
        kind = "declined" if row.state == MerchantApplication.DECLINED else "would decline"
        _tell(row=row, kind=kind, by=by, at=at, note=row.reason)
    return row


def _say(*, row: MerchantApplication, event: str, agreed: str, by: User, at: datetime) -> None:
    """Move by one person's word; the first says it, and somebody else says it too."""
    if row.state == agreed and row.first_decision_by_id == by.pk:
        raise NotAllowed(_("You have said so already: a second person has to look at it."))
    row.state = states.move(state=row.state, event=event)
    if row.state == agreed:
        row.first_decision_by, row.first_decision_at = by, at
        row.reason = ""


def ask(*, application_id: int, by: User, text: str, kind: str, at: datetime) -> Question:
    """Ask the applicant a question, or for a document; what was agreed before counts no more.

    :raises NotAllowed: the person is not of the bank's operations, or is the applicant.
    :raises UnableToDecide: it was decided before, or nothing is asked.
    """
    if not text.strip():
        raise UnableToDecide(_("Write what you want to know, as the applicant will read it."))
    if kind and kind not in dict(KybDocument.KINDS):
        raise UnableToDecide(_("There is no such kind of document."))
    with transaction.atomic():
        row = _lock(application_id=application_id, by=by, event="ask")
        question = Question.objects.create(
            application=row, text=text.strip()[:1000], kind=kind, asked_by=by, asked_at=at
        )
        row.state = states.move(state=row.state, event="ask")
        row.first_decision_by = row.first_decision_at = None
        row.reason = ""
        row.save()
        _tell(row=row, kind="asked", by=by, at=at, note=question.text)
    return question


def clear(*, application_id: int, code: str, by: User, reason: str, at: datetime) -> None:
    """Say why a hit does not stand in the way; cleared twice it is cleared once.

    :raises NotAllowed: the person is not of the bank's operations, or is the applicant.
    :raises UnableToDecide: there is no such hit now, or no reason.
    """
    if not reason.strip():
        raise UnableToDecide(_("Say why this hit does not stand in the way."))
    with transaction.atomic():
        row = _lock(application_id=application_id, by=by, event="agree", also=(MerchantApplication.ASKED,))
        hit = next((check for check in checking.latest(application_id=row.pk) if check.code == code), None)
        if hit is None or hit.outcome != Check.HIT:
            raise UnableToDecide(_("There is no hit of this check any more: look at the page again."))
        try:
            with transaction.atomic():
                Clearing.objects.create(
                    application=row,
                    code=code,
                    fingerprint=hit.fingerprint,
                    by=by,
                    at=at,
                    reason=reason.strip()[:500],
                )
        except IntegrityError:
            return
        who = bank.shopper(user_id=by.pk)
        write(row=row, kind="hit cleared", by=who, at=at, note=f"{checking.NAMES[code]}: {reason.strip()[:500]}")


def check_again(*, application_id: int, by: User, at: datetime) -> list[Check]:
    """Run the checks anew; what a person cleared stays cleared where the same is found again.

    :raises NotAllowed: the person is not of the bank's operations, or is the applicant.
    :raises UnableToDecide: it was decided before.
    """
    with transaction.atomic():
        row = _lock(application_id=application_id, by=by, event="agree", also=(MerchantApplication.ASKED,))
        return checking.run(row=row, at=at)


def check_new(*, application_ids: list[int], at: datetime) -> None:
    """Check applications that were never checked, or with an older list of sanctions; each in its own transaction."""
    for application_id in application_ids:
        with transaction.atomic():
            row = MerchantApplication.objects.select_for_update(no_key=True).filter(pk=application_id).first()
            if row is not None and row.state in states.QUEUE and _is_due(row=row):
                checking.run(row=row, at=at)


def _is_due(*, row: MerchantApplication) -> bool:
    version = f"{checking.RULES}/{checking.sanctions.version()}"
    listed = [check for check in checking.latest(application_id=row.pk) if check.code == "sanctions"]
    return not listed or listed[0].version != version


def _lock(*, application_id: int, by: User, event: str, also: tuple[str, ...] = ()) -> MerchantApplication:
    row = MerchantApplication.objects.select_for_update(no_key=True).filter(pk=application_id).first()
    if row is None:
        raise UnableToDecide(_("There is no such application."))
    if not is_operations(user=by):
        raise NotAllowed(_("Only the bank's operations decide on applications."))
    if row.applicant_id == by.pk:
        raise NotAllowed(_("Nobody decides on an application of his own."))
    if row.state in also:
        return row
    try:
        states.move(state=row.state, event=event)
    except states.ForbiddenMove:
        shown = str(row.get_state_display()).lower()
        raise UnableToDecide(_("This application is not open to that now: it is “%s”.") % shown) from None
    return row


def _tell(*, row: MerchantApplication, kind: str, by: User, at: datetime, note: str = "") -> None:
    moved(row=row, kind=kind, by=bank.shopper(user_id=by.pk), at=at, note=note)


def _opening(*, row: MerchantApplication, at: datetime) -> OpenMerchant:
    return OpenMerchant(
        key=f"application:{row.pk}",
        name=row.company,
        owner=row.applicant_id,
        currency=row.currency,
        at=at,
        address=AddressData(
            name=row.company,
            line1=row.line1,
            line2=row.line2,
            city=row.city,
            region=row.region,
            postcode=row.postcode,
            country=row.country,
        ),
        description=row.description,
        consent_credit=row.consent_credit,
    )
