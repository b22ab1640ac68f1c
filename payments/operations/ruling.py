"""The rules of risk are changed by two people: one proposes a version, another puts it in force or turns it down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from payments.accounts import policy
from payments.models import RiskPolicy
from payments.operations.errors import PaymentError
from payments.states import POLICY, move


class UnableToRule(PaymentError):
    """The rules stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A whole new version; ``by`` is `user:1`, ``base`` the number of the version it was made from."""

    body: Mapping[str, Any]
    base: int
    reason: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What ``by`` decides about a proposed version."""

    version: int
    by: str
    note: str
    at: datetime


def propose_policy(*, proposal: Proposal) -> int:
    """Write a version down for somebody else to decide about; return its number.

    :raises UnableToRule: no reason, nothing changed, a figure cannot be, one is proposed already, or the version it
        was made from is not in force any more.
    """
    if not proposal.reason.strip():
        raise UnableToRule("Say why in a few words: whoever decides reads it.")
    try:
        wanted = policy.parse(body=proposal.body, number=0)
    except policy.InvalidPolicy as problem:
        raise UnableToRule(str(problem)) from problem
    body = policy.to_body(policy=wanted)
    try:
        with transaction.atomic():
            _alone()
            held = RiskPolicy.objects.filter(state="in_force").first()
            if (held.pk if held else 0) != proposal.base:
                raise UnableToRule("The rules have changed meanwhile: look at them again and propose anew.")
            if body == policy.to_body(policy=policy.in_force()):
                raise UnableToRule("Nothing is different from the rules in force: change a figure first.")
            row = RiskPolicy.objects.create(
                body=body, reason=proposal.reason.strip()[:500], proposed_by=proposal.by, proposed_at=proposal.at
            )
    except IntegrityError as problem:
        raise UnableToRule("Another change waits for its decision: decide about that one first.") from problem
    return row.pk


def approve_policy(*, ruling: Ruling) -> None:
    """Put a proposed version in force in place of the one before.

    :raises UnableToRule: it was decided meanwhile, or by whoever proposed it.
    """
    with transaction.atomic():
        _alone()
        before = RiskPolicy.objects.filter(state="in_force").first()
        row = _proposed(ruling=ruling)
        if row.proposed_by == ruling.by:
            raise UnableToRule("You proposed this change yourself: somebody else has to agree.")
        if before is not None:
            before.state, before.replaced_at = move(machine=POLICY, state=before.state, event="replace"), ruling.at
            before.save(update_fields=["state", "replaced_at"])
        _decide(row=row, ruling=ruling, event="approve")


def decline_policy(*, ruling: Ruling) -> None:
    """Turn a proposed version down; whoever proposed it withdraws it.

    :raises UnableToRule: it was decided meanwhile, or no reason is given.
    """
    if not ruling.note.strip():
        raise UnableToRule("Say why in a few words: whoever proposed it reads it.")
    with transaction.atomic():
        row = _proposed(ruling=ruling)
        _decide(row=row, ruling=ruling, event="withdraw" if row.proposed_by == ruling.by else "decline")


def _alone() -> None:
    """Wait for whoever proposes or puts a version in force at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('risk-policy', 0))")


def _proposed(*, ruling: Ruling) -> RiskPolicy:
    row = RiskPolicy.objects.select_for_update().filter(pk=ruling.version, state="proposed").first()
    if row is None:
        raise UnableToRule("This change waits for nobody any more: it was decided meanwhile.")
    return row


def _decide(*, row: RiskPolicy, ruling: Ruling, event: str) -> None:
    row.state = move(machine=POLICY, state=row.state, event=event)
    row.decided_by, row.decided_at, row.note = ruling.by, ruling.at, ruling.note.strip()[:500]
    row.save(update_fields=["state", "decided_by", "decided_at", "note"])
