"""Velocity rules: what one payer, account, card, device or address did of late decides how a payment goes on.

Each payment is looked at once, before any of its tenders is asked. Two payments of one subject are looked at one after
the other, each counting the other, so that no limit can be slipped under at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_noop

from payments.models import Payment, Screening, Sighting, Tender

PASS, CHALLENGE, HOLD, REFUSE = "pass", "challenge", "hold", "refuse"
_GRAVITY = (PASS, CHALLENGE, HOLD, REFUSE)
KINDS_OF_METHOD = {"bank_account": "account", "card": "card"}

# By rule: what operations reads. What a payer reads says less, so that nobody learns the limits from it.
MEANINGS = {
    "account-busy": gettext_noop("Many payments from one account within an hour"),
    "card-busy": gettext_noop("Many payments with one card within an hour"),
    "payer-sum": gettext_noop("One payer paid very much within a day"),
    "address-many-payers": gettext_noop("Goods of several payers go to one address"),
    "device-many-payers": gettext_noop("Several payers pay from one device"),
    "device-flood": gettext_noop("A flood of payments from one device"),
    "card-flood": gettext_noop("A flood of payments with one card"),
}
TOO_FAST = gettext_noop("There were too many payments in a short time. Nothing was charged: try again later.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Within a time, more than so many payments, payers, or minor units of one subject lead to an outcome."""

    code: str
    by: str
    within: Any
    then: str
    payments: int | None = None
    payers: int | None = None
    sum: int | None = None

    def __post_init__(self) -> None:
        if self.then not in _GRAVITY[1:] or [self.payments, self.payers, self.sum].count(None) != 2:
            raise ValueError(
                f"The velocity rule {self.code!r} needs one of payments, payers and sum, and challenge, hold or refuse."
            )


def rules() -> tuple[Rule, ...]:
    """Return the rules of ``RIALTO_VELOCITY_RULES``."""
    return tuple(Rule(**rule) for rule in settings.RIALTO_VELOCITY_RULES)


def screen(*, payments: Sequence[tuple[Payment, Sequence[Tender], datetime]]) -> dict[int, Screening]:
    """Look at payments, each once, in the caller's transaction; return what was said of each, now or before.

    A payment without a page to return to has no payer present, as one of an imported history: it is let pass unseen.
    """
    present = [entry for entry in payments if entry[0].return_url]
    known = Screening.objects.in_bulk([payment.pk for payment, _, _ in present], field_name="payment_id")
    fresh = [entry for entry in present if entry[0].pk not in known and entry[0].state == "recorded"]
    if not fresh or not rules():
        return known
    sightings = [sighting for entry in fresh for sighting in _sightings(*entry)]
    _one_after_another(sightings=sightings)
    Sighting.objects.bulk_create(sightings, ignore_conflicts=True)
    by_payment: dict[int, list[Sighting]] = {}
    for sighting in sightings:
        by_payment.setdefault(sighting.payment_id, []).append(sighting)
    found = [_said(payment=payment, sightings=by_payment[payment.pk], at=at) for payment, _, at in fresh]
    Screening.objects.bulk_create(found)
    return known | {row.payment_id: row for row in found}


def _sightings(payment: Payment, tenders: Sequence[Tender], at: datetime) -> list[Sighting]:
    subjects = {("payer", _digest(payment.payer))}
    subjects |= {(kind, name) for kind, name in (("device", payment.device), ("address", payment.address)) if name}
    subjects |= {
        (KINDS_OF_METHOD[tender.method], _digest(tender.source))
        for tender in tenders
        if tender.method in KINDS_OF_METHOD
    }
    return [
        Sighting(payment=payment, kind=kind, subject=subject, amount=payment.amount, currency=payment.currency, at=at)
        for kind, subject in sorted(subjects)
    ]


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _one_after_another(*, sightings: Sequence[Sighting]) -> None:
    """Wait for whoever looks at a payment of one of these subjects; always in one order, so nobody waits in a ring."""
    names = sorted({f"sighting:{sighting.kind}:{sighting.subject}" for sighting in sightings})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(key) FROM "
            "(SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY 1) AS ordered",
            [names],
        )


def _said(*, payment: Payment, sightings: Sequence[Sighting], at: datetime) -> Screening:
    fired: list[Rule] = []
    facts: dict[str, int] = {}
    for rule in rules():
        for sighting in sightings:
            if sighting.kind != rule.by:
                continue
            counted = _count(rule=rule, sighting=sighting, at=at)
            facts[rule.code] = max(counted, facts.get(rule.code, 0))
    for rule in rules():
        limit = next(number for number in (rule.payments, rule.payers, rule.sum) if number is not None)
        if facts.get(rule.code, 0) > limit:
            fired.append(rule)
    outcome = max((rule.then for rule in fired), key=_GRAVITY.index, default=PASS)
    if outcome == CHALLENGE and not any(sighting.kind == "account" for sighting in sightings):
        # Only an account's holder has a second factor here; of anybody else people look at it.
        outcome = HOLD
    held = outcome == HOLD
    return Screening(
        payment=payment,
        outcome=outcome,
        reasons=[rule.code for rule in sorted(fired, key=lambda rule: -_GRAVITY.index(rule.then))],
        facts=facts,
        at=at,
        due_at=at + settings.RIALTO_REVIEW_WITHIN if held else None,
        state="held" if held else "none",
    )


def _count(*, rule: Rule, sighting: Sighting, at: datetime) -> int:
    """Return what the rule counts of a subject, this payment included."""
    rows = Sighting.objects.filter(
        kind=sighting.kind, subject=sighting.subject, at__gt=at - rule.within, at__lte=at
    )
    if rule.payments is not None:
        return rows.count()
    if rule.payers is not None:
        return rows.values("payment__payer").distinct().count()
    return sum(rows.filter(currency=sighting.currency).values_list("amount", flat=True))


def meanings(*, reasons: Sequence[str]) -> Mapping[str, str]:
    """Return what each reason says to operations."""
    return {code: MEANINGS.get(code, code) for code in reasons}
