"""A part on a card becomes two: each has a hold of its own, and is taken, given back and refunded by itself."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from config import env, services
from payments import clock, models, operations
from payments.operations import errors
from payments.providers import card_api
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import authorise, balance, cancel, capture, make_merchant, make_shopper, record, refund
from tests.integration.test_payments_webhooks import ask, spoil
from tests.races import race

# They share the stand-in with its faults.
pytestmark = pytest.mark.xdist_group("card stand-in")

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        assert operations.verify_book(at=clock.now()) == []
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []
    holding.release()


def pay(*, on_account: int = 0, on_card: int = 3_000) -> str:
    """Authorise one part; return its reference without the position."""
    key, account, merchant = f"o{uuid4().hex[:12]}", make_shopper(), make_merchant()
    tenders = [("bank_account", account, on_account), ("card", "pm_card_visa", on_card)]
    payment = record(
        tenders=[tender for tender in tenders if tender[2]],
        parts=[(merchant, on_account + on_card)],
        key=key,
        at=clock.now(),
    )
    assert authorise(payment, at=clock.now()).state == "authorised"
    return key


def divide(key: str, amount: int, *, given_up: bool = False, new: int = 2) -> object:
    [result] = operations.divide_parts(
        requests=[
            operations.DividePart(
                part_reference=f"{key}-1",
                new_reference=f"{key}-{new}",
                goods=amount,
                shipping=0,
                key=f"divide:{key}:{new}",
                at=clock.now(),
                given_up=given_up,
            )
        ]
    )
    return result


def intents(key: str) -> list[tuple[str, int]]:
    """Return state and amount of each of the provider's holds for an order."""
    made = card_api.api().payment_intents.list({"limit": 100}).auto_paging_iter()
    mine = [intent for intent in made if card_api.plain(intent.metadata).get("order") == key]
    return sorted((intent.status, intent.amount) for intent in mine)


def test_each_of_the_two_is_captured_by_a_hold_of_its_own() -> None:
    key = pay()
    assert divide(key, 1_000).amount == 1_000
    assert intents(key) == [("requires_capture", 1_000), ("requires_capture", 3_000)]
    assert capture(f"{key}-1").amount == 2_000
    assert capture(f"{key}-2").amount == 1_000
    assert intents(key) == [("succeeded", 1_000), ("succeeded", 3_000)]
    assert balance("card:stripe:pending") == 3_000
    assert (balance(f"escrow:{key}-1"), balance(f"escrow:{key}-2")) == (2_000, 1_000)
    assert refund(f"{key}-2", 400).amount == 400
    assert models.Payment.objects.get().state == "captured"


def test_the_rest_that_is_never_sent_lets_go_of_its_own_hold() -> None:
    key = pay()
    divide(key, 1_000)
    capture(f"{key}-1")
    assert cancel(f"{key}-2").amount == 1_000
    assert intents(key) == [("canceled", 1_000), ("succeeded", 3_000)]
    assert models.Payment.objects.get().state == "captured"


def test_a_bank_that_will_not_hold_the_rest_leaves_the_part_whole() -> None:
    key = pay()
    held = models.Share.objects.get().provider_reference
    card = card_api.api().payment_intents.retrieve(held).payment_method
    ask("POST", "/_config/decline", {"payment_method": card})
    assert isinstance(divide(key, 1_000), errors.UnableToDivide)
    assert models.Part.objects.count() == 1
    assert capture(f"{key}-1").amount == 3_000
    # What was refused stays refused under its key, and can be asked for anew under another.
    assert isinstance(divide(key, 1_000), errors.UnableToDivide)


def test_pieces_given_up_ask_no_provider() -> None:
    key = pay()
    divide(key, 1_000, given_up=True)
    assert cancel(f"{key}-2").amount == 1_000
    assert intents(key) == [("requires_capture", 3_000)]
    assert capture(f"{key}-1").amount == 2_000
    assert intents(key) == [("succeeded", 3_000)]


def test_a_tender_that_is_for_one_of_the_two_alone_keeps_its_hold() -> None:
    key = pay(on_account=2_000, on_card=1_000)
    divide(key, 1_000)
    assert intents(key) == [("requires_capture", 1_000)]
    assert cancel(f"{key}-2").amount == 1_000
    assert intents(key) == [("canceled", 1_000)]
    assert capture(f"{key}-1").amount == 2_000
    assert balance("card:stripe:pending") == 0


def test_asked_at_once_by_two_it_is_divided_once() -> None:
    key = pay()
    race(*[lambda: divide(key, 1_000)] * 2)
    operations.sweep(at=clock.now(), patience=NOW)
    assert divide(key, 1_000).replayed
    assert sorted(models.Part.objects.values_list("amount", flat=True)) == [1_000, 2_000]
    assert intents(key) == [("requires_capture", 1_000), ("requires_capture", 3_000)]


@pytest.mark.parametrize("kind", ["drop", "error", "down"])
def test_a_bad_line_divides_once(kind: str) -> None:
    key = pay()
    spoil(kind, order=key, times=card_api.RETRIES + 1 if kind == "down" else 1)
    first = divide(key, 1_000)
    assert kind != "down" or isinstance(first, errors.InProgress)
    if kind == "down":
        assert isinstance(capture(f"{key}-1"), errors.InProgress), "It waits until it is known what is held."
    operations.sweep(at=clock.now(), patience=NOW)
    assert divide(key, 1_000).replayed
    assert intents(key) == [("requires_capture", 1_000), ("requires_capture", 3_000)]


def test_what_was_taken_or_is_too_much_is_not_divided() -> None:
    key = pay()
    for amount in (0, 3_000, 3_001):
        assert isinstance(divide(key, amount), errors.UnableToDivide)
    capture(f"{key}-1")
    assert isinstance(divide(key, 1_000), errors.UnableToDivide)
    assert models.Part.objects.count() == 1
