"""Cards by the real client against the stand-in, over HTTP; and the process killed between any two steps."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from config import env, services
from payments import clock, methods, models, operations
from payments.operations import _remote, errors
from payments.providers import card_api
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    cancel,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

# They share the stand-in with its faults.
pytestmark = pytest.mark.xdist_group("card stand-in")

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        assert checks.check_nothing_half_done() == []
    holding.release()


@pytest.fixture(autouse=True)
def _own_order() -> None:
    """Name this test's order: the stand-in remembers those of other tests."""
    Order.number = f"o{uuid4().hex[:12]}"


class Order:
    number = ""


def pay(*parts: tuple[str, int], token: str = "pm_card_visa") -> int:
    total = sum(amount for _, amount in parts)
    return record(tenders=[("card", token, total)], parts=parts, key=Order.number, payer="guest:a@example.com")


def reference(part: int) -> str:
    return f"{Order.number}-{part}"


def intents() -> list[object]:
    """Return the stand-in's PaymentIntents of this test's order."""
    made = card_api.api().payment_intents.list({"limit": 100}).auto_paging_iter()
    return [intent for intent in made if card_api.plain(intent.metadata).get("order") == Order.number]


def test_a_card_pays_each_part_by_its_own_intent() -> None:
    merchant = make_merchant()
    payment = pay((merchant, 3_000), (merchant, 2_000))
    assert authorise(payment).state == "authorised"
    assert [share.provider_reference[:3] for share in models.Share.objects.all()] == ["pi_", "pi_"]
    assert balance("card:stripe:pending") == 0
    assert capture(reference(1)).amount == 3_000
    assert balance("card:stripe:pending") == 3_000
    assert balance(f"escrow:{reference(1)}") == 3_000
    assert cancel(reference(2)).amount == 2_000
    assert release(reference(1)).net == 2_640
    assert refund(reference(1), 1_000).amount == 1_000
    assert balance("card:stripe:pending") == 2_000
    assert models.Payment.objects.get().state == "captured"
    assert set(models.ProviderAttempt.objects.values_list("state", flat=True)) == {"applied"}


def test_a_declined_card_refuses_the_payment_and_gives_the_other_tender_back() -> None:
    account, merchant = make_shopper(money=5_000), make_merchant()
    payment = record(
        tenders=[("bank_account", account, 1_000), ("card", "pm_card_chargeCustomerFail", 1_000)],
        parts=[(merchant, 2_000)],
        key=Order.number,
    )
    outcome = authorise(payment)
    assert (outcome.state, outcome.refusal) == ("refused", "Your card was declined.")
    assert balance(f"deposit:{account}") == 5_000
    assert models.Part.objects.get().state == "cancelled"


def test_an_account_that_cannot_pay_leaves_the_card_unasked() -> None:
    account, merchant = make_shopper(money=500), make_merchant()
    payment = record(
        tenders=[("card", "pm_card_visa", 1_000), ("bank_account", account, 1_000)],
        parts=[(merchant, 2_000)],
        key=Order.number,
    )
    assert authorise(payment).state == "refused"
    assert models.ProviderAttempt.objects.count() == 0


@pytest.mark.parametrize(("agreed", "state"), [(True, "authorised"), (False, "refused")])
def test_a_card_whose_bank_asks_first_waits_for_the_payer(agreed: bool, state: str) -> None:
    payment = pay((make_merchant(), 3_000), token="pm_card_authenticationRequired")
    outcome = authorise(payment)
    assert outcome.state == "action_required"
    [share] = models.Share.objects.all()
    assert outcome.action_url == f"/money/card/{share.provider_reference}/"
    answered = operations.answer_for_card(
        reference=share.provider_reference, agreed=agreed, at=AT + timedelta(minutes=1)
    )
    assert answered.state == state


def test_the_page_of_the_cards_bank_asks_once_and_sends_the_payer_back() -> None:
    payment = record(
        tenders=[("card", "pm_card_authenticationRequiredOnSetup", 3_000)],
        parts=[(make_merchant(), 2_000), (make_merchant(merchant=2), 1_000)],
        key=Order.number,
        payer="guest:a@example.com",
        return_url="/checkout/done/1/",
        at=(at := clock.now()),
    )
    url = authorise(payment, at=at).action_url
    browser = Client()
    assert "€30.00" in browser.get(url).content.decode()
    answered = browser.post(url, {"answer": "agree"})
    assert (answered.status_code, answered.url) == (302, "/checkout/done/1/")
    assert models.Payment.objects.get().state == "authorised"
    assert browser.get(url).status_code == 404


def test_a_payer_who_never_answers_his_bank_holds_nothing() -> None:
    payment = pay((make_merchant(), 3_000), token="pm_card_authenticationRequired")
    authorise(payment)
    assert operations.expire_payments(at=AT + timedelta(minutes=15)) == [payment]
    assert models.Payment.objects.get().state == "expired"
    assert [intent.status for intent in intents()] == ["canceled"]


def test_a_voided_payment_is_cancelled_at_the_provider() -> None:
    merchant = make_merchant()
    payment = pay((merchant, 3_000), (merchant, 2_000))
    authorise(payment)
    [ended] = operations.void_payments(requests=[operations.VoidPayment(payment_id=payment, at=AT)])
    assert ended.state == "voided"
    assert {intent.status for intent in intents()} == {"canceled"}


def test_a_provider_that_does_not_answer_leaves_the_payment_to_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    payment = pay((make_merchant(), 3_000))
    with monkeypatch.context() as gone:
        gone.setattr(card_api, "api", lambda: (_ for _ in ()).throw(OSError("nobody there")))
        assert authorise(payment).state == "authorising"
        assert isinstance(cancel(reference(1)), errors.InProgress)
        operations.sweep(at=AT, patience=NOW)
        assert models.Payment.objects.get().state == "authorising"
    operations.sweep(at=AT, patience=NOW)
    assert models.Payment.objects.get().state == "authorised"
    with monkeypatch.context() as gone:
        gone.setattr(card_api, "api", lambda: (_ for _ in ()).throw(OSError("nobody there")))
        assert isinstance(capture(reference(1)), errors.InProgress)
        assert isinstance(cancel(reference(1)), errors.InProgress)
    assert capture(reference(1)).amount == 3_000


def test_a_key_the_provider_knows_from_another_request_is_looked_for_and_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account, merchant = make_shopper(money=5_000), make_merchant()
    payment = record(
        tenders=[("bank_account", account, 1_000), ("card", "pm_card_visa", 3_000)],
        parts=[(merchant, 4_000)],
        key=Order.number,
    )
    with monkeypatch.context() as gone:
        gone.setattr(card_api, "api", lambda: (_ for _ in ()).throw(OSError("nobody there")))
        assert authorise(payment).state == "authorising"
    name = f"{Order.number}:{models.ProviderAttempt.objects.get().key}"
    card_api.api().customers.create({"description": "something else"}, {"idempotency_key": name})
    operations.sweep(at=AT, patience=NOW)
    assert models.Payment.objects.get().state == "refused"
    assert (balance(f"deposit:{account}"), intents()) == (5_000, [])


def test_a_remote_call_inside_a_transaction_is_refused() -> None:
    from django.db import transaction

    payment = pay((make_merchant(), 3_000))
    with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic():
        authorise(payment)
    assert models.ProviderAttempt.objects.count() == 0


def in_dying_process(act: Callable[[], object]) -> None:
    """Run ``act`` in a child that is killed on the way; fail if it lived to its end."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "The child came to the end of its act."
    assert os.WTERMSIG(status) == signal.SIGKILL


def die(*arguments: object, **options: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(point: str, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    """Arrange for this process's child to be killed at ``point`` of the remote call of ``action``."""
    method = methods.get(code="card")
    real = getattr(method, action)

    def call(*, legs: object) -> object:
        if point == "before the call":
            die()
        answer = real(legs=legs)
        if point == "after the call":
            die()
        return answer

    monkeypatch.setattr(method, action, call)
    if point == "after the answer was written down":
        whole = _remote._call
        monkeypatch.setattr(_remote, "_call", lambda **arguments: (whole(**arguments), die()))


POINTS = ("before the call", "after the call", "after the answer was written down")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("action", ["authorise", "capture", "void", "refund"])
def test_killed_at_any_point_of_a_remote_call_the_sweep_finishes_it_once(
    point: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = reference(1)
    payment = pay((make_merchant(), 3_000))
    if action != "authorise":
        authorise(payment)
    if action == "refund":
        capture(own)
    acts = {
        "authorise": lambda: authorise(payment),
        "capture": lambda: capture(own),
        "void": lambda: cancel(own),
        "refund": lambda: refund(own, 1_000),
    }
    with monkeypatch.context() as arranged:
        dying(point, arranged, action)
        in_dying_process(acts[action])
    operations.sweep(at=AT, patience=NOW)
    operations.sweep(at=AT, patience=NOW)
    part = models.Part.objects.get()
    expected = {
        "authorise": ("authorised", 0, 0),
        "capture": ("captured", 3_000, 0),
        "void": ("cancelled", 0, 0),
        "refund": ("captured", 3_000, 1_000),
    }
    assert (part.state, part.captured, part.refunded_before) == expected[action]
    statuses = {"authorise": "requires_capture", "capture": "succeeded", "void": "canceled", "refund": "succeeded"}
    assert [intent.status for intent in intents()] == [statuses[action]]
    made = card_api.api().refunds.list({"payment_intent": intents()[0].id}).data if action == "refund" else []
    assert len(made) == (1 if action == "refund" else 0)
