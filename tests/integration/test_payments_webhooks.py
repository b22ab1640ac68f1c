"""Events of the card provider: signed, stored, handled once; and the poller that finds what was missed."""

import json
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client

from config import env, services
from payments import clock, models, operations, webhooks
from payments.operations import provider_events
from payments.providers import card_api
from payments.reconciliation import checks
from tests.databases import Database
from tests.factories.payments import authorise, capture, make_merchant, record, refund
from tests.races import race

SECRET = "whsec_of_the_tests"
NOW = timedelta(0)
# They share the stand-in with its faults, and read all it has.
pytestmark = pytest.mark.xdist_group("card stand-in")


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    settings.STRIPE_WEBHOOK_SECRET = f"whsec_the_next_one,{SECRET}"
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        assert operations.verify_book(at=clock.now()) == []
        assert checks.check_nothing_half_done() == []
    holding.release()


def ask(method: str, path: str, body: dict | None = None) -> None:
    """Tell the stand-in how to behave."""
    request = urllib.request.Request(
        services.card_stand_in_address() + path, data=json.dumps(body or {}).encode(), method=method
    )
    urllib.request.urlopen(request, timeout=10).read()


def spoil(kind: str, *, order: str, times: int = 1, seconds: float = 0) -> None:
    """Have the next calls about an order go wrong."""
    path = "/v1/payment_intents"
    ask("POST", "/_config/faults", {"kind": kind, "path": path, "key": order, "times": times, "seconds": seconds})


def pay(token: str = "pm_card_visa", amount: int = 3_000, number: str = "") -> models.Share:
    """Record and authorise a payment by card now; return its only share."""
    number, at = number or f"o{uuid4().hex[:12]}", clock.now()
    payment = record(
        tenders=[("card", token, amount)],
        parts=[(make_merchant(), amount)],
        key=number,
        payer="guest:a@example.com",
        at=at,
    )
    authorise(payment, at=at)
    return models.Share.objects.select_related("part", "tender__payment").get(part__payment_id=payment)


def told(share: models.Share, kind: str = "payment_intent.succeeded", **changes: object) -> dict:
    """Return an event about a share's intent."""
    about = {"id": share.provider_reference, "object": "payment_intent", "amount": share.amount, "currency": "eur"}
    body = {"id": f"evt_{uuid4().hex}", "object": "event", "type": kind, "created": int(time.time())}
    return body | {"data": {"object": about | changes}}


def send(body: dict | bytes, *, secret: str = SECRET, at: datetime | None = None, signed: bytes | None = None) -> int:
    """Send a body as the provider does; return the status of the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    seconds = int((at or clock.now()).timestamp())
    header = SimpleNamespace(secret=secret, signed=signed or raw)
    from config.services.card_front.events import signature

    return (
        Client(raise_request_exception=False)
        .post(
            "/webhooks/cards/",
            data=raw,
            content_type="application/json",
            headers={"Stripe-Signature": signature(payload=header.signed, secret=header.secret, at=seconds)},
        )
        .status_code
    )


def states() -> list[str]:
    return list(models.ProviderEvent.objects.order_by("happened_at", "pk").values_list("state", flat=True))


def handle() -> int:
    return operations.handle_provider_events(at=clock.now())


def test_a_signed_event_is_stored_once_and_handled_once() -> None:
    share = pay()
    capture(share.part.reference)
    body = told(share)
    assert [send(body), send(body)] == [200, 200]
    assert states() == ["received"]
    assert handle() == 1
    assert send(body) == 200
    assert (handle(), states()) == (0, ["handled"])


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_event_signed_long_ago_or_in_the_future_is_refused(minutes: int) -> None:
    assert send(told(pay()), at=clock.now() + timedelta(minutes=minutes)) == 400
    assert states() == []


def test_clocks_may_differ_a_little_either_way() -> None:
    share = pay()
    for minutes in (-4, 4):
        assert send(told(share), at=clock.now() + timedelta(minutes=minutes)) == 200


def test_a_forged_or_altered_event_is_refused_and_nothing_stored() -> None:
    body = told(pay())
    assert send(body, secret="whsec_of_somebody_else") == 400
    assert send(body | {"type": "charge.refunded"}, signed=json.dumps(body).encode()) == 400
    assert send(b"not json") == 400
    assert send({"id": "evt_1"}) == 400
    answer = Client().post("/webhooks/cards/", data=b"{}", content_type="application/json")
    assert (answer.status_code, states()) == (400, [])


def test_no_secret_accepts_nothing(settings: object) -> None:
    settings.STRIPE_WEBHOOK_SECRET, settings.STRIPE_API_KEY = "", "sk_test_of_nobody"
    assert webhooks.secrets() == []
    answer = send({"id": "evt_1"}, secret="")
    settings.STRIPE_API_KEY = ""
    assert answer == 400


def test_the_same_event_sent_at_once_by_many_is_stored_and_handled_once() -> None:
    share = pay()
    capture(share.part.reference)
    body = told(share)
    assert race(*[lambda: send(body)] * 6) == [200] * 6
    assert states() == ["received"]
    assert sum(race(*[handle] * 4)) == 1
    assert states() == ["handled"]


def test_events_in_reverse_order_end_as_in_order() -> None:
    share = pay(token="pm_card_authenticationRequired")
    assert share.tender.payment.state == "action_required"
    card_api.confirm_at_stand_in(reference=share.provider_reference, agreed=True)
    send(told(share, kind="payment_intent.amount_capturable_updated"))
    handle()
    send(told(share, kind="payment_intent.requires_action"))
    handle()
    assert models.Payment.objects.get().state == "authorised"
    assert states() == ["handled", "handled"]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"amount": 2_999}, "2999"),
        ({"amount": 300_000}, "300000"),
        ({"currency": "usd"}, "USD"),
        ({"amount": None}, "None"),
    ],
)
def test_a_wrong_amount_or_currency_moves_nothing_and_opens_a_case(changes: dict, word: str) -> None:
    share = pay()
    send(told(share, kind="payment_intent.amount_capturable_updated", **changes))
    handle()
    [case] = models.OperationsCase.objects.filter(kind="provider_event")
    assert (case.subject, states()) == (share.provider_reference, ["questioned"])
    assert word in models.ProviderEvent.objects.get().problem
    assert models.Part.objects.get().captured == 0


def test_money_taken_at_the_provider_that_nobody_asked_for_opens_a_case() -> None:
    send(told(pay()))
    handle()
    assert (states(), models.OperationsCase.objects.count()) == (["questioned"], 1)


def test_an_event_of_another_installation_is_let_be() -> None:
    share = pay()
    body = told(share)
    body["data"]["object"]["id"] = "pi_of_another"
    send(body)
    send(told(share, kind="invoice.created"))
    handle()
    assert sorted(states()) == ["handled", "ignored"]


def test_a_database_gone_between_store_and_handle_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    share = pay(token="pm_card_authenticationRequired")
    card_api.confirm_at_stand_in(reference=share.provider_reference, agreed=True)
    send(told(share, kind="payment_intent.amount_capturable_updated"))
    with monkeypatch.context() as gone:
        gone.setattr("payments.operations.card_events.authorise_payments", _gone)
        assert handle() == 1
    waiting = models.ProviderEvent.objects.get()
    assert (waiting.state, waiting.problem) == ("received", "DatabaseError: gone")
    assert handle() == 0, "It waits for a moment first."
    models.ProviderEvent.objects.update(due_at=clock.now())
    assert handle() == 1
    assert (states(), models.Payment.objects.get().state) == (["handled"], "authorised")


def test_an_event_that_cannot_be_stored_is_not_answered_as_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    body = told(pay())
    with monkeypatch.context() as gone:
        gone.setattr(operations, "store_provider_events", _gone)
        assert send(body) == 500
    assert send(body) == 200


def test_a_worker_that_dies_with_an_event_in_hand_gives_it_up() -> None:
    share = pay()
    capture(share.part.reference)
    send(told(share))
    assert len(provider_events._claim()) == 1
    assert handle() == 0
    models.ProviderEvent.objects.update(due_at=clock.now())
    assert (handle(), states()) == (1, ["handled"])


def test_the_poller_finds_what_webhooks_missed_and_nothing_twice() -> None:
    share = pay(token="pm_card_authenticationRequired")
    card_api.confirm_at_stand_in(reference=share.provider_reference, agreed=True)
    assert operations.poll_provider_events(at=clock.now()) > 0
    mine = models.ProviderEvent.objects.filter(subject=share.provider_reference)
    assert sorted(mine.values_list("kind", "source")) == [
        ("payment_intent.amount_capturable_updated", "poll"),
        ("payment_intent.requires_action", "poll"),
    ]
    handle()
    assert models.Payment.objects.get().state == "authorised"
    operations.poll_provider_events(at=clock.now())
    assert mine.count() == 2


def test_a_silent_provider_leaves_the_poller_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    operations.poll_provider_events(at=clock.now())
    before = models.ProviderCursor.objects.get(name="stripe events").read_until
    ask("POST", "/_config/faults", {"kind": "down", "path": "/v1/events", "times": card_api.RETRIES + 1})
    with pytest.raises(operations.ProviderSilent):
        operations.poll_provider_events(at=clock.now())
    assert models.ProviderCursor.objects.get(name="stripe events").read_until == before


@pytest.mark.parametrize("kind", ["drop", "error", "error_after", "twice", "down"])
def test_a_bad_line_holds_and_takes_money_once(kind: str) -> None:
    spoil(kind, order=(number := f"o{uuid4().hex[:12]}"))
    share = pay(number=number)
    assert share.tender.payment.state == "authorised"
    spoil(kind, order=number)
    assert capture(share.part.reference).amount == 3_000
    made = card_api.api().payment_intents.list({"limit": 100}).auto_paging_iter()
    mine = [intent for intent in made if card_api.plain(intent.metadata).get("part") == share.part.reference]
    assert [(intent.status, intent.id) for intent in mine] == [("succeeded", share.provider_reference)]


def test_an_answer_that_comes_too_late_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_api, "SECONDS", 0.3)
    monkeypatch.setattr(card_api, "RETRIES", 0)
    card_api._client.cache_clear()
    spoil("late", order=(number := f"o{uuid4().hex[:12]}"), seconds=1)
    share = pay(number=number)
    assert share.tender.payment.state == "authorising"
    monkeypatch.undo()
    card_api._client.cache_clear()
    operations.sweep(at=clock.now(), patience=NOW)
    share.refresh_from_db()
    assert (share.authorised, models.Payment.objects.get().state) == (True, "authorised")


def _gone(**_: object) -> None:
    raise DatabaseError("gone")


def test_a_refund_that_failed_at_the_provider_waits_in_suspense_once(monkeypatch: pytest.MonkeyPatch) -> None:
    share = pay()
    capture(share.part.reference)
    refund(share.part.reference, 500, key="r1")
    # The stand-in's refunds never fail: what it says of one is changed at the outermost edge.
    monkeypatch.setattr(card_api, "why_refund_failed", lambda *, reference: "expired_or_canceled_card")
    name = f"{share.part.payment.reference}:r1:{share.pk}"
    body = told(share, "refund.failed", id="re_1", object="refund", status="failed", metadata={"leg": name})
    assert [send(body), send(body | {"id": "evt_again", "type": "refund.updated"})] == [200, 200]
    assert handle() == 2
    assert (states(), models.FailedRefund.objects.count()) == (["handled", "handled"], 1)


def test_a_refund_that_the_provider_delivered_or_that_is_not_ours_changes_nothing() -> None:
    share = pay()
    capture(share.part.reference)
    refund(share.part.reference, 500, key="r1")
    for number, name in enumerate((f"{share.part.payment.reference}:r1:{share.pk}", "somebody:else:1", "")):
        about = {"id": _refund_of(share), "object": "refund", "status": "failed", "metadata": {"leg": name}}
        send(told(share, "refund.failed", **about) | {"id": f"evt_{number}_{uuid4().hex}"})
    handle()
    assert (states(), models.FailedRefund.objects.count()) == (["handled"] * 3, 0)


def _refund_of(share: models.Share) -> str:
    return card_api.api().refunds.list({"payment_intent": share.provider_reference}).data[0].id
