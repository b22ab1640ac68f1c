"""Velocity rules: what one payer, account, card, device or address did of late decides how a payment goes on.

Each payment is looked at once, before any of its tenders is asked. Two payments of one subject are looked at one after
the other, each counting the other, so that no limit can be slipped under at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_noop

from payments.accounts.policy import Policy, Rule, in_force
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
    "address-new": gettext_noop("Much is sent to an address that is new for its payer"),
    "device-new": gettext_noop("Much is paid from a device that is new for its payer"),
    "very-large": gettext_noop("A very large payment"),
}
COUNT = """
SELECT asked.number, count(*), count(DISTINCT payment.payer),
    coalesce(sum(seen.amount) FILTER (WHERE seen.currency = this.currency), 0)::bigint,
    count(*) FILTER (WHERE payment.payer = this.payer AND payment.id <> this.id)
FROM unnest(%s::int[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
    AS asked (number, kind, subject, since, until, payment_id)
JOIN payments_payment AS this ON this.id = asked.payment_id
JOIN payments_sighting AS seen ON seen.kind = asked.kind AND seen.subject = asked.subject
    AND seen.at > asked.since AND seen.at <= asked.until
JOIN payments_payment AS payment ON payment.id = seen.payment_id
GROUP BY asked.number
"""
TOO_FAST = gettext_noop("There were too many payments in a short time. Nothing was charged: try again later.")


def screen(*, payments: Sequence[tuple[Payment, Sequence[Tender], datetime]]) -> dict[int, Screening]:
    """Look at payments, each once, in the caller's transaction; return what was said of each, now or before.

    A payment without a page to return to has no payer present, as one of an imported history: it is let pass unseen.
    """
    present = [entry for entry in payments if entry[0].return_url]
    known = Screening.objects.in_bulk([payment.pk for payment, _, _ in present], field_name="payment_id")
    fresh = [entry for entry in present if entry[0].pk not in known and entry[0].state == "recorded"]
    policy = in_force() if fresh else None
    if policy is None or not policy.rules:
        return known
    sightings = [sighting for entry in fresh for sighting in _sightings(*entry)]
    _one_after_another(sightings=sightings)
    Sighting.objects.bulk_create(sightings, ignore_conflicts=True)
    by_payment: dict[int, list[Sighting]] = {}
    for sighting in sightings:
        by_payment.setdefault(sighting.payment_id, []).append(sighting)
    counts = _counts(rules=policy.rules, entries=fresh, by_payment=by_payment)
    found = [
        _said(payment=payment, sightings=by_payment[payment.pk], facts=counts[payment.pk], at=at, policy=policy)
        for payment, _, at in fresh
    ]
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


def _said(
    *, payment: Payment, sightings: Sequence[Sighting], facts: dict[str, int], at: datetime, policy: Policy
) -> Screening:
    fired = [rule for rule in policy.rules if facts.get(rule.code, 0) > rule.limit and rule.then != PASS]
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
        policy_number=policy.number,
        at=at,
        due_at=at + settings.RIALTO_REVIEW_WITHIN if held else None,
        state="held" if held else "none",
    )


def _counts(
    *,
    rules: Sequence[Rule],
    entries: Sequence[tuple[Payment, Sequence[Tender], datetime]],
    by_payment: Mapping[int, Sequence[Sighting]],
) -> dict[int, dict[str, int]]:
    """Return by payment what each rule counts, this payment included; one statement, however many there are."""
    asked = [
        (payment, rule, sighting, at)
        for payment, _, at in entries
        for rule in rules
        for sighting in by_payment[payment.pk]
        if sighting.kind == rule.by
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            [
                list(range(len(asked))),
                [sighting.kind for _, _, sighting, _ in asked],
                [sighting.subject for _, _, sighting, _ in asked],
                [at - rule.within for _, rule, _, at in asked],
                [at for *_, at in asked],
                [payment.pk for payment, *_ in asked],
            ],
        )
        rows = {number: figures for number, *figures in cursor.fetchall()}
    found: dict[int, dict[str, int]] = {payment.pk: {} for payment, *_ in entries}
    for number, (payment, rule, _, _) in enumerate(asked):
        payments, payers, together, own = rows[number]
        counted = {
            "payments": payments,
            "payers": payers,
            "sum": together,
            "new": 0 if own else payment.amount,
            "amount": payment.amount,
        }[rule.measure]
        facts = found[payment.pk]
        facts[rule.code] = max(counted, facts.get(rule.code, 0))
    return found


def meanings(*, reasons: Sequence[str]) -> Mapping[str, str]:
    """Return what each reason says to operations."""
    return {code: MEANINGS.get(code, code) for code in reasons}
