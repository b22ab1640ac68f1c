"""Pages of cards: the list of those a shopper keeps, and another one for a hold that ends."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from config import env, services
from mall import subscribers
from mall.customer.models import User
from payments import clock, events, models, operations, queries
from tests.factories.payments import authorise, make_merchant, record

# They share the stand-in with its faults.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("card stand-in")]


@pytest.fixture(autouse=True)
def _stand_in() -> Iterator[None]:
    holding = services.hold(home=env.home(), names=["cards"])
    yield
    holding.release()


@pytest.fixture
def shopper() -> User:
    return User.objects.create_user(email="ada@example.com", password="a long password")


def question_of(user: User) -> models.CardHoldQuestion:
    at = clock.now()
    payment = record(
        tenders=[("card", "pm_card_visa", 3_000)],
        parts=[(make_merchant(), 3_000)],
        key=f"o{uuid4().hex[:12]}",
        payer=f"user:{user.pk}",
        at=at,
    )
    authorise(payment, at=at)
    tender = models.Tender.objects.get()
    return models.CardHoldQuestion.objects.create(
        tender=tender, reason="Your card was declined.", deadline=at + timedelta(days=1), asked_at=at
    )


def test_a_shopper_adds_a_card_sees_it_and_removes_it(client: Client, shopper: User) -> None:
    client.force_login(shopper)
    assert "not saved a card yet" in client.get("/money/cards/").content.decode()
    assert client.post("/money/cards/", {"token": "pm_card_visa"}).status_code == 302
    assert "valid until 12/2030" in client.get("/money/cards/").content.decode()
    kept = models.SavedCard.objects.get()
    assert client.post(f"/money/cards/{kept.pk}/remove/").status_code == 302
    assert "not saved a card yet" in client.get("/money/cards/").content.decode()


def test_a_card_number_is_refused_and_kept_nowhere(client: Client, shopper: User, caplog: object) -> None:
    client.force_login(shopper)
    answer = client.post("/money/cards/", {"token": "4242424242424242", "number": "4242424242424242"})
    assert answer.status_code == 422
    assert "4242424242424242" not in answer.content.decode()
    assert "4242424242424242" not in caplog.text
    assert models.SavedCard.objects.count() == 0


def test_no_field_of_ours_takes_a_card_number(client: Client, shopper: User) -> None:
    client.force_login(shopper)
    page = client.get("/money/cards/").content.decode()
    for word in ('type="text"', 'type="tel"', "cc-number", "cc-csc", "cvc"):
        assert word not in page


def test_a_card_of_somebody_else_cannot_be_removed(client: Client, shopper: User) -> None:
    operations.save_card(payer="user:0", token="pm_card_visa", at=clock.now())
    client.force_login(shopper)
    assert client.post(f"/money/cards/{models.SavedCard.objects.get().pk}/remove/").status_code == 404


def test_the_link_of_a_hold_lets_the_payer_choose_another_card(client: Client, shopper: User) -> None:
    question = question_of(shopper)
    path = queries.hold_path(question_id=question.pk)
    page = client.get(path).content.decode()
    assert "€30.00" in page
    assert "Please choose another card" in page
    answer = client.post(path, {"source": "pm_card_chargeCustomerFail"})
    assert (answer.status_code, "Your card was declined." in answer.content.decode()) == (422, True)
    assert "Thank you" in client.post(path, {"source": "pm_card_visa"}).content.decode()
    assert client.get(path + "x/").status_code == 404
    assert client.get("/money/hold/forged/").status_code == 404


def test_saved_cards_are_offered_to_their_signed_in_holder_alone(client: Client, shopper: User) -> None:
    operations.save_card(payer=f"user:{shopper.pk}", token="pm_card_visa", at=clock.now())
    path = queries.hold_path(question_id=question_of(shopper).pk)
    assert "Saved card" not in client.get(path).content.decode()
    client.force_login(shopper)
    assert "Saved card" in client.get(path).content.decode()


def test_a_hold_whose_time_is_over_says_so(client: Client, shopper: User) -> None:
    question = question_of(shopper)
    models.CardHoldQuestion.objects.update(deadline=clock.now() - timedelta(minutes=1))
    path = queries.hold_path(question_id=question.pk)
    assert "The time is over" in client.get(path).content.decode()
    assert "The time is over" in client.post(path, {"source": "pm_card_visa"}).content.decode()


def test_the_letter_of_a_refused_renewal_has_link_sum_and_deadline(
    shopper: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mall.queries import orders

    question = question_of(shopper)
    letter = orders.OrderLetter.__new__(orders.OrderLetter)
    for name, value in {"number": "o1", "name": "Ada", "email": "ada@example.com"}.items():
        object.__setattr__(letter, name, value)
    monkeypatch.setattr(orders, "letters", lambda *, numbers: [letter])
    told = events.CardHoldRefused(
        key=str(question.pk),
        at=question.asked_at,
        payment_id=question.tender.payment_id,
        reference="o1",
        question_id=question.pk,
        amount=3_000,
        currency="EUR",
        deadline=question.deadline,
    )
    subscribers.mail_card_hold_refused([told])
    [sent] = mail.outbox
    assert queries.hold_link(question_id=question.pk) in sent.body
    assert "€30.00" in sent.body
    assert sent.to == ["ada@example.com"]
