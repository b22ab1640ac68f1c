"""One question of a card's bank for many holds, holds that are renewed or replaced, and cards that are kept."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from config import env, services
from payments import clock, models, operations
from payments.operations import errors
from payments.providers import card, card_api, card_customers
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import authorise, cancel, capture, make_merchant, record
from tests.integration.test_payments_webhooks import ask, spoil
from tests.races import race

# They share the stand-in with its faults.
pytestmark = pytest.mark.xdist_group("card stand-in")

PAYER = "user:7"
NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        assert operations.verify_book(at=clock.now()) == []
        assert checks.check_nothing_half_done() == []
    holding.release()


def pay(*amounts: int, token: str = "pm_card_visa", at: datetime) -> int:
    merchant = make_merchant()
    payment = record(
        tenders=[("card", token, sum(amounts))],
        parts=[(merchant, amount) for amount in amounts],
        key=f"o{uuid4().hex[:12]}",
        payer=PAYER,
        at=at,
    )
    authorise(payment, at=at)
    return payment


def intents(payment: int) -> list[object]:
    """Return what the provider has of a payment, the oldest first."""
    number = models.Payment.objects.get(pk=payment).reference
    made = card_api.api().payment_intents.list({"limit": 100}).auto_paging_iter()
    return [intent for intent in made if card_api.plain(intent.metadata).get("order") == number]


def statuses(payment: int) -> list[str]:
    return sorted(intent.status for intent in intents(payment))


def shares() -> list[models.Share]:
    return list(models.Share.objects.order_by("pk"))


def state(payment: int) -> str:
    return models.Payment.objects.get(pk=payment).state


def test_one_question_of_the_bank_is_for_all_holds_of_an_order() -> None:
    payment = pay(3_000, 2_000, 1_000, token="pm_card_authenticationRequiredOnSetup", at=(at := clock.now()))
    assert (state(payment), statuses(payment)) == ("action_required", ["requires_action"])
    first = shares()[0].provider_reference
    outcome = operations.answer_for_card(reference=first, agreed=True, at=at + timedelta(minutes=1))
    assert (outcome.state, outcome.action_url) == ("authorised", "")
    assert statuses(payment) == ["requires_capture"] * 3
    assert len({share.provider_reference for share in shares()}) == 3


def test_a_bank_that_asks_each_time_is_answered_each_time() -> None:
    payment = pay(3_000, 2_000, token="pm_card_authenticationRequired", at=(at := clock.now()))
    first = shares()[0].provider_reference
    outcome = operations.answer_for_card(reference=first, agreed=True, at=at + timedelta(minutes=1))
    second = shares()[1].provider_reference
    assert (outcome.state, outcome.action_url) == ("action_required", f"/money/card/{second}/")
    assert first != second
    outcome = operations.answer_for_card(reference=second, agreed=True, at=at + timedelta(minutes=2))
    assert outcome.state == "authorised"
    assert [status for status in statuses(payment) if status == "requires_capture"] == ["requires_capture"] * 2


def test_a_bank_that_is_told_no_holds_nothing_of_the_order() -> None:
    payment = pay(3_000, 2_000, token="pm_card_authenticationRequiredOnSetup", at=(at := clock.now()))
    outcome = operations.answer_for_card(
        reference=shares()[0].provider_reference, agreed=False, at=at + timedelta(minutes=1)
    )
    assert outcome.state == "refused"
    assert "requires_capture" not in statuses(payment)


def test_a_part_given_up_while_the_bank_asks_leaves_the_others_question_alone() -> None:
    payment = pay(3_000, 2_000, token="pm_card_authenticationRequiredOnSetup", at=(at := clock.now()))
    parts = list(models.Part.objects.order_by("position"))
    assert cancel(parts[1].reference).amount == 2_000
    assert statuses(payment) == ["requires_action"]
    outcome = operations.answer_for_card(
        reference=shares()[0].provider_reference, agreed=True, at=at + timedelta(minutes=1)
    )
    assert (outcome.state, statuses(payment)) == ("authorised", ["requires_capture"])


def test_holds_that_end_soon_are_renewed_and_the_old_ones_let_go() -> None:
    payment = pay(3_000, 2_000, token="pm_card_authenticationRequiredOnSetup", at=(at := clock.now()))
    operations.answer_for_card(reference=shares()[0].provider_reference, agreed=True, at=at)
    before = [share.provider_reference for share in shares()]
    assert operations.renew_holds(at=at + timedelta(days=4)) == 0, "It is too early."
    assert operations.renew_holds(at=at + timedelta(days=5)) == 1
    assert operations.renew_holds(at=at + timedelta(days=5)) == 0, "It was done."
    after = [share.provider_reference for share in shares()]
    assert not set(before) & set(after)
    assert statuses(payment) == ["canceled", "canceled", "requires_capture", "requires_capture"]
    assert operations.expire_payments(at=at + timedelta(days=7)) == []
    part = models.Part.objects.order_by("pk").first()
    assert capture(part.reference).amount == 3_000


def test_renewals_at_once_renew_once() -> None:
    payment = pay(3_000, at=(at := clock.now()))
    race(*[lambda: operations.renew_holds(at=at + timedelta(days=5))] * 3)
    operations.sweep(at=at + timedelta(days=5), patience=NOW)
    assert statuses(payment) == ["canceled", "requires_capture"]


@pytest.mark.parametrize("kind", ["drop", "error", "twice", "down"])
def test_a_bad_line_renews_once(kind: str) -> None:
    payment = pay(3_000, at=(at := clock.now()))
    order = models.Payment.objects.get().reference
    spoil(kind, order=order, times=card_api.RETRIES + 1 if kind == "down" else 1)
    operations.renew_holds(at=at + timedelta(days=5))
    operations.sweep(at=at + timedelta(days=5), patience=NOW)
    assert statuses(payment) == ["canceled", "requires_capture"]
    [live] = [intent.id for intent in intents(payment) if intent.status == "requires_capture"]
    assert shares()[0].provider_reference == live


def refused(at: datetime) -> tuple[int, models.CardHoldQuestion]:
    """Return a payment whose hold its bank would not renew, and the question to its payer."""
    payment = pay(3_000, at=at)
    ask("POST", "/_config/decline", {"payment_method": intents(payment)[0].payment_method})
    operations.renew_holds(at=at + timedelta(days=5))
    return payment, models.CardHoldQuestion.objects.get()


def test_a_refused_renewal_keeps_the_old_hold_and_asks_the_payer() -> None:
    payment, question = refused(at=(at := clock.now()))
    [told] = models.OutboxEvent.objects.filter(name="payments.card_hold_refused")
    assert told.payload["deadline"] == question.deadline.isoformat()
    assert question.deadline == at + card.HELD_FOR
    assert "requires_capture" in statuses(payment)
    assert operations.renew_holds(at=at + timedelta(days=5, hours=1)) == 0
    assert capture(models.Part.objects.get().reference).amount == 3_000


def test_another_card_takes_over_the_hold() -> None:
    payment, question = refused(at=(at := clock.now()))
    later = at + timedelta(days=5, hours=1)
    declined = operations.replace_hold(question_id=question.pk, source="pm_card_chargeCustomerFail", at=later)
    assert (declined.state, declined.refusal) == ("asked", "Your card was declined.")
    standing = operations.replace_hold(question_id=question.pk, source="pm_card_visa", at=later)
    assert (standing.state, standing.amount) == ("replaced", 3_000)
    assert [status for status in statuses(payment) if status == "requires_capture"] == ["requires_capture"]
    assert operations.expire_payments(at=at + timedelta(days=7)) == []
    assert capture(models.Part.objects.get().reference).amount == 3_000


def test_another_card_whose_bank_asks_waits_for_the_answer() -> None:
    payment, question = refused(at=(at := clock.now()))
    later = at + timedelta(days=5, hours=1)
    asked = operations.replace_hold(question_id=question.pk, source="pm_card_authenticationRequiredOnSetup", at=later)
    assert asked.state == "answering"
    reference = asked.action_url.strip("/").rpartition("/")[2]
    card_api.confirm_at_stand_in(reference=reference, agreed=True)
    done = operations.replace_hold(question_id=question.pk, source="", at=later + timedelta(minutes=1))
    assert done.state == "replaced"
    assert shares()[0].provider_reference == reference
    assert [status for status in statuses(payment) if status == "requires_capture"] == ["requires_capture"]


def test_a_question_nobody_answers_ends_with_its_hold() -> None:
    payment, question = refused(at=clock.now())
    late = question.deadline + timedelta(minutes=1)
    with pytest.raises(operations.UnableToReplace):
        operations.replace_hold(question_id=question.pk, source="pm_card_visa", at=late)
    assert operations.expire_payments(at=late) == [payment]
    operations.renew_holds(at=late)
    assert models.CardHoldQuestion.objects.get().state == "lapsed"
    assert (state(payment), "requires_capture" in statuses(payment)) == ("expired", False)


def test_a_card_is_kept_when_its_holder_asks_and_pays_again_by_its_name() -> None:
    pay(3_000, token=f"{card_customers.KEEP}pm_card_visa", at=(at := clock.now()))
    [kept] = models.SavedCard.objects.all()
    assert (kept.payer, kept.last4, str(kept)) == (PAYER, "4242", "visa •••• 4242")
    offered = card.CardMethod().options(payer=PAYER, amount=100, currency="EUR", at=at)
    assert (offered[0].source, offered[0].label) == (kept.reference, "Visa •••• 4242")
    assert kept.reference not in {
        option.source for option in card.CardMethod().options(payer="user:8", amount=100, currency="EUR", at=at)
    }
    again = pay(1_000, 500, token=kept.reference, at=at)
    assert state(again) == "authorised"


def test_a_card_not_asked_for_is_not_kept() -> None:
    pay(3_000, at=clock.now())
    assert models.SavedCard.objects.count() == 0


def test_a_card_is_added_and_removed_by_its_holder_alone() -> None:
    at = clock.now()
    operations.save_card(payer=PAYER, token="pm_card_visa", at=at)
    kept = models.SavedCard.objects.get()
    with pytest.raises(errors.UnknownPayment):
        operations.remove_card(payer="user:8", card_id=kept.pk, at=at)
    operations.remove_card(payer=PAYER, card_id=kept.pk, at=at)
    operations.remove_card(payer=PAYER, card_id=kept.pk, at=at)
    assert card_customers.kept_by(payer=PAYER, at=at) == []
    with pytest.raises(operations.UnableToSave):
        operations.save_card(payer=PAYER, token="4242424242424242", at=at)
