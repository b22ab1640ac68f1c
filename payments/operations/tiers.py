"""Changing tiers by two people: how much a holder may send, and how much of a merchant's money is kept back.

A change begins on a day after it was agreed to, so that what was settled before stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from payments.models import CustomerAccount, MerchantTerms, TierChange
from payments.operations.errors import PaymentError
from payments.states import TIER_CHANGE, move


class UnableToChangeTier(PaymentError):
    """The tier stays as it is; ``field`` names what is wrong, where it is one."""

    def __init__(self, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class TierProposal:
    """Give ``subject`` (`user:1`, `merchant:3`) another tier from ``begins_on`` on; ``by`` whom, and why.

    ``kind`` is `account` for what may be sent to other banks, `reserve` for what is kept back of settlements.
    """

    kind: str
    subject: str
    tier: str
    begins_on: date
    reason: str
    by: str
    at: datetime


def tiers_of(*, kind: str) -> tuple[str, ...]:
    """Return the tiers there are of a kind, the policy's order."""
    return tuple(settings.RIALTO_POLICY.RESERVE_TIERS if kind == "reserve" else settings.RIALTO_POLICY.ACCOUNT_LIMITS)


def propose_tier(*, proposal: TierProposal) -> int:
    """Write a change down for somebody else to decide about; return its number.

    :raises UnableToChangeTier: naming what is wrong; or another change of the same waits.
    """
    _check(proposal)
    row = TierChange(
        kind=proposal.kind,
        subject=proposal.subject,
        tier=proposal.tier,
        begins_on=proposal.begins_on,
        reason=proposal.reason.strip()[:500],
        proposed_by=proposal.by,
        proposed_at=proposal.at,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        words = _("A change for %(subject)s waits for its decision: decide about that one first.")
        raise UnableToChangeTier(words % {"subject": proposal.subject}, "subject") from None
    return row.pk


def agree_to_tier(*, change_id: int, by: str, at: datetime) -> None:
    """Agree, as a second person; it begins on its day, tomorrow at the earliest.

    :raises UnableToChangeTier: it was decided meanwhile, or the same person proposed it or is its subject.
    """
    with transaction.atomic():
        row = _proposed(change_id)
        if by in (row.proposed_by, row.subject):
            raise UnableToChangeTier(_("You proposed this, or it is about you: somebody else has to agree."))
        row.begins_on = max(row.begins_on, at.date() + timedelta(days=1))
        _decide(row, event="agree", by=by, note="", at=at)


def decline_tier(*, change_id: int, by: str, note: str, at: datetime) -> None:
    """Turn a change down; whoever proposed it withdraws it.

    :raises UnableToChangeTier: it was decided meanwhile.
    """
    with transaction.atomic():
        row = _proposed(change_id)
        _decide(row, event="withdraw" if by == row.proposed_by else "decline", by=by, note=note, at=at)


def _check(proposal: TierProposal) -> None:
    if proposal.kind not in TierChange.KINDS:
        raise UnableToChangeTier(_("Choose whether it is about limits or about a reserve."), "kind")
    known = tiers_of(kind=proposal.kind)
    if proposal.tier not in known:
        words = _("There is no tier %(tier)s: use one of %(known)s.")
        raise UnableToChangeTier(words % {"tier": proposal.tier, "known": ", ".join(known)}, "tier")
    if not proposal.reason.strip():
        raise UnableToChangeTier(_("Say why in a few words: the second person reads it."), "reason")
    if proposal.begins_on <= proposal.at.date():
        words = _("A change begins tomorrow at the earliest: what was settled stays as it was.")
        raise UnableToChangeTier(words, "begins_on")
    rows = (
        MerchantTerms.objects.filter(merchant=proposal.subject)
        if proposal.kind == "reserve"
        else CustomerAccount.objects.filter(holder=proposal.subject)
    )
    if not rows.exists():
        words = _("The bank knows no %(subject)s: write it as user:1 or merchant:3.")
        raise UnableToChangeTier(words % {"subject": proposal.subject or "–"}, "subject")


def _proposed(change_id: int) -> TierChange:
    row = TierChange.objects.select_for_update().filter(pk=change_id, state="proposed").first()
    if row is None:
        raise UnableToChangeTier(_("This change waits for nobody any more: it was decided meanwhile."))
    return row


def _decide(row: TierChange, *, event: str, by: str, note: str, at: datetime) -> None:
    row.state = move(machine=TIER_CHANGE, state=row.state, event=event)
    row.decided_by, row.decided_at, row.note = by, at, note.strip()[:500]
    row.save(update_fields=["state", "begins_on", "decided_by", "decided_at", "note"])
