"""Tiers: proposed by one, agreed to by another, never backdated; and what they do to a settlement's reserve."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import InternalError

from payments import models, operations, settlement
from payments.operations import UnableToChangeTier
from tests.factories.payments import AT, authorise, balance, capture, make_merchant, make_shopper, record, release
from tests.factories.tiers import give_tier

pytestmark = pytest.mark.django_db

TOMORROW = AT.date() + timedelta(days=1)


def proposal(**changes: object) -> operations.TierProposal:
    given = {
        "kind": "reserve",
        "subject": "merchant:1",
        "tier": "raised",
        "begins_on": TOMORROW,
        "reason": "many returns",
        "by": "user:8",
        "at": AT,
    }
    return operations.TierProposal(**given | changes)


def sell(number: int, *, days: int = 0, amount: int = 10_000) -> None:
    """Sell and release so many days after ``AT``: settled two days later, as net of 8,800."""
    at = AT + timedelta(days=days)
    payment = record(
        tenders=[("bank_account", models.CustomerAccount.objects.get(holder="user:1").number, amount)],
        parts=[("merchant:1", amount)],
        key=f"o{number}",
        at=at,
    )
    authorise(payment, at=at)
    capture(f"o{number}-1", at=at)
    release(f"o{number}-1", at=at)


def settled() -> list[tuple[str, int | None, int, int]]:
    rows = models.Settlement.objects.order_by("day")
    return [(row.reserve_tier, row.reserve_bps, row.to_reserve, (row.matures_on - row.day).days) for row in rows]


def test_a_tier_counts_from_its_day_on_and_not_before() -> None:
    make_merchant()
    make_shopper()
    sell(1)
    sell(2, days=3)
    sell(3, days=6)
    give_tier("merchant:1", "raised", begins_on=AT.date() + timedelta(days=5))
    give_tier("merchant:1", "trusted", begins_on=AT.date() + timedelta(days=8))
    settlement.settle_due(until=AT.date() + timedelta(days=9))
    assert settled() == [("", 500, 440, 30), ("raised", 1_500, 1_320, 60), ("trusted", 0, 0, 0)]
    assert balance("merchant:1:reserve") == 1_760
    settlement.mature_reserves(until=AT.date() + timedelta(days=64))
    assert balance("merchant:1:reserve") == 1_320
    settlement.mature_reserves(until=AT.date() + timedelta(days=65))
    assert balance("merchant:1:reserve") == 0


def test_agreed_to_late_a_change_begins_on_the_next_day() -> None:
    make_merchant()
    change = operations.propose_tier(proposal=proposal())
    operations.agree_to_tier(change_id=change, by="user:9", at=AT + timedelta(days=4))
    assert models.TierChange.objects.get().begins_on == AT.date() + timedelta(days=5)


def test_nobody_agrees_to_his_own_change_or_to_one_about_himself() -> None:
    make_shopper()
    change = operations.propose_tier(proposal=proposal(kind="account", subject="user:1", tier="verified"))
    for person in ("user:8", "user:1"):
        with pytest.raises(UnableToChangeTier, match="somebody else"):
            operations.agree_to_tier(change_id=change, by=person, at=AT)
    assert models.TierChange.objects.get().state == "proposed"
    operations.decline_tier(change_id=change, by="user:8", note="", at=AT)
    assert models.TierChange.objects.get().state == "withdrawn"
    with pytest.raises(UnableToChangeTier, match="decided meanwhile"):
        operations.agree_to_tier(change_id=change, by="user:9", at=AT)


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"tier": "gold"}, "tier", "There is no tier gold: use one of trusted, low, standard, raised, high."),
        ({"kind": "moon"}, "kind", "limits or about a reserve"),
        ({"subject": "merchant:77"}, "subject", "The bank knows no merchant:77"),
        ({"subject": "merchant:1'; --"}, "subject", "The bank knows no"),
        ({"reason": "  "}, "reason", "Say why"),
        ({"begins_on": AT.date()}, "begins_on", "tomorrow at the earliest"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_changes_nothing(changes: dict, field: str, words: str) -> None:
    make_merchant()
    with pytest.raises(UnableToChangeTier, match=words) as refused:
        operations.propose_tier(proposal=proposal(**changes))
    assert refused.value.field == field
    assert not models.TierChange.objects.exists()


def test_one_change_of_a_kind_waits_at_a_time() -> None:
    make_merchant()
    operations.propose_tier(proposal=proposal())
    with pytest.raises(UnableToChangeTier, match="waits for its decision"):
        operations.propose_tier(proposal=proposal(tier="high"))
    assert models.TierChange.objects.get().tier == "raised"


def test_what_was_decided_is_history_also_for_the_database() -> None:
    make_merchant()
    give_tier("merchant:1", "raised")
    for act in (
        lambda: models.TierChange.objects.update(tier="trusted"),
        lambda: models.TierChange.objects.all().delete(),
    ):
        with pytest.raises(InternalError, match="Cannot"), transaction.atomic():
            act()
    with pytest.raises(IntegrityError, match="decided_by_another"), transaction.atomic():
        models.TierChange.objects.create(
            kind="reserve", subject="merchant:1", tier="low", begins_on=TOMORROW, reason="x", state="agreed",
            proposed_by="user:8", proposed_at=AT, decided_by="user:8", decided_at=AT,
        )  # fmt: skip
