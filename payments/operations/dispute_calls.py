"""Answering the card's bank: the evidence submitted, or the dispute accepted. Written down before it is asked.

An answer that never came is looked for before the same is asked again under the same key.
"""

from __future__ import annotations

import logging
from datetime import datetime

import stripe
from django.db import transaction
from django.db.models import F

from payments.models import Dispute, DisputeCall, DisputeEvent, Evidence, EvidenceFile
from payments.operations.disputing import DisputeNoted, note_disputes
from payments.operations.errors import InProgress
from payments.operations.evidence import ANSWERABLE, PAPERS, UnableToAnswer, locked
from payments.providers import card_money
from payments.states import DISPUTE_CALL, move

logger = logging.getLogger(__name__)


def submit_dispute(*, dispute_id: int, by: str, at: datetime) -> DisputeNoted:
    """Submit the evidence to the card's bank; it is taken once, and nothing can be added afterwards.

    :raises UnknownDispute: there is no such dispute.
    :raises UnableToAnswer: it was answered, is over, or there is no evidence; or the provider refused it.
    :raises InProgress: the provider did not answer; it is asked again by itself.
    """
    return _carry_out(call=_written(dispute_id=dispute_id, action="submit", by=by, at=at), at=at)


def accept_dispute(*, dispute_id: int, by: str, at: datetime) -> DisputeNoted:
    """Accept a dispute: it is lost at once, and the card's holder keeps the money.

    :raises UnknownDispute: there is no such dispute.
    :raises UnableToAnswer: it was answered or is over; or the provider refused it.
    :raises InProgress: the provider did not answer; it is asked again by itself.
    """
    return _carry_out(call=_written(dispute_id=dispute_id, action="accept", by=by, at=at), at=at)


def finish_dispute_calls(*, at: datetime) -> int:
    """Ask again about every call without a known end; return how many."""
    calls = list(DisputeCall.objects.filter(state="asked").select_related("dispute").order_by("pk"))
    for call in calls:
        try:
            _carry_out(call=call, at=at)
        except (UnableToAnswer, InProgress) as problem:
            logger.warning("A dispute was not answered", extra={"call": call.key, "problem": str(problem)})
    return len(calls)


def _written(*, dispute_id: int, action: str, by: str, at: datetime) -> DisputeCall:
    """Write the call down; one that is on its way already is that call again."""
    with transaction.atomic():
        row = locked(dispute_id=dispute_id)
        going = DisputeCall.objects.filter(dispute=row, state="asked").select_related("dispute").first()
        if going is not None and going.action == action:
            return going
        if going is not None or row.state not in ANSWERABLE:
            raise UnableToAnswer("This dispute was answered or is over: nothing can be sent.")
        texts = {}
        if action == "submit":
            evidence = Evidence.objects.filter(dispute=row).first()
            texts = {name: text for name, text in (evidence.texts if evidence else {}).items() if text}
            if not texts and not row.files.filter(removed_at__isnull=True).exists():
                raise UnableToAnswer("There is no evidence yet: write a text or add a paper first.")
        number = DisputeCall.objects.filter(dispute=row).count()
        DisputeEvent.objects.create(
            dispute=row, key=f"{row.provider_id}:{action}:call{number}", kind=f"{action}_asked", by=by, at=at
        )
        return DisputeCall.objects.create(
            key=f"{action}:{row.provider_id}:{number}", dispute=row, action=action, request=texts, by=by, at=at
        )


def _carry_out(*, call: DisputeCall, at: datetime) -> DisputeNoted:
    dispute: Dispute = call.dispute
    asked_before = call.tries > 0
    DisputeCall.objects.filter(pk=call.pk).update(tries=F("tries") + 1)
    try:
        told = card_money.retrieve_dispute(dispute_id=dispute.provider_id) if asked_before else None
        if told is None or not _was_done(call=call, told=told):
            told = _ask(call=call)
    except stripe.InvalidRequestError as refused:
        _end(call=call, event="refuse", answer={"refusal": str(refused.user_message or refused)})
        raise UnableToAnswer(f"The card provider refused: {refused.user_message or refused}") from refused
    except (stripe.StripeError, OSError) as silent:
        raise InProgress("The card provider did not answer: it is asked again by itself.") from silent
    [noted] = note_disputes(told=[told], at=at)
    _end(call=call, event="succeed", answer={"state": told.state})
    if call.action == "submit":
        Dispute.objects.filter(pk=dispute.pk, submitted_at__isnull=True).update(submitted_at=at)
    return noted


def _was_done(*, call: DisputeCall, told: card_money.DisputeFacts) -> bool:
    if call.action == "submit":
        return told.submission == call.key and told.submissions > 0
    return told.state in ("lost", "inquiry_closed")


def _ask(*, call: DisputeCall) -> card_money.DisputeFacts:
    provider_id = call.dispute.provider_id
    if call.action == "accept":
        return card_money.accept_dispute(dispute_id=provider_id, key=call.key)
    papers = {}
    for file in EvidenceFile.objects.filter(dispute=call.dispute, removed_at__isnull=True).order_by("pk"):
        if not file.provider_file:
            content = PAPERS.read(stored_as=file.stored_as, digest=file.digest)
            file.provider_file = card_money.upload_evidence(
                content=content, content_type=file.content_type, key=f"evidence:{file.stored_as}"
            )
            file.save(update_fields=["provider_file"])
        papers[file.kind] = file.provider_file
    return card_money.submit_evidence(dispute_id=provider_id, evidence=call.request | papers, key=call.key)


def _end(*, call: DisputeCall, event: str, answer: dict[str, str]) -> None:
    DisputeCall.objects.filter(pk=call.pk, state="asked").update(
        state=move(machine=DISPUTE_CALL, state="asked", event=event), answer=answer
    )
