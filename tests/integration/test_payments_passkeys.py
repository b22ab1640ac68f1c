"""Passkeys sign one sum for one order; other acts than payments are confirmed in the same way, once."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.db import transaction

from mall.customer.models import User
from payments import clock, models, operations
from payments.accounts import step_up
from tests.factories.passkeys import Passkey
from tests.factories.payments import AT, authorise, balance, cancel, make_merchant, make_shopper, record

pytestmark = pytest.mark.django_db
SITE = "testserver"


@pytest.fixture(autouse=True)
def _limits(settings: object) -> None:
    settings.RIALTO_STEP_UP_ABOVE = 3_000


@pytest.fixture
def user() -> User:
    return User.objects.create_user(email="ada@example.com", password="a long password")


@pytest.fixture
def passkey(user: User) -> Passkey:
    return Passkey(user=user).enroll()


def buy(user: User, *parts: int, key: str = "o1", at: object = AT) -> models.Tender:
    """Ask for a payment that needs its payer's word; return the tender that waits for it."""
    account = make_shopper(user=user.pk)
    payment = record(
        tenders=[("bank_account", account, sum(parts))],
        parts=[(make_merchant(merchant=number), amount) for number, amount in enumerate(parts, 1)],
        key=key,
        payer=f"user:{user.pk}",
        return_url="/money/",
        at=at,
    )
    assert authorise(payment, at=at).state == "action_required"
    return models.Tender.objects.get(payment_id=payment)


def ask(tender: models.Tender, user: User) -> tuple[operations.Confirmation, dict]:
    asked = operations.ask_for_code(tender_id=tender.pk, holder=f"user:{user.pk}", at=AT)
    return asked, operations.passkey_options(challenge_id=asked.challenge_id, site=SITE)


def give(tender: models.Tender, user: User, answer: str, *, site: str = SITE) -> operations.PaymentOutcome:
    return operations.confirm(tender_id=tender.pk, holder=f"user:{user.pk}", code="", passkey=answer, site=site, at=AT)


def test_a_passkey_confirms_its_payment_once(user: User, passkey: Passkey) -> None:
    tender = buy(user, 9_900)
    asked, options = ask(tender, user)
    assert (asked.factor, asked.by_app, asked.merchants) == ("passkey", False, ("merchant:1",))
    assert mail.outbox == []
    answer = passkey.sign(options)
    assert give(tender, user, answer).state == "authorised"
    assert balance(f"held:{tender.payment_id}") == 9_900
    assert Authenticator.objects.get().last_used_at == AT
    with pytest.raises(operations.UnknownPayment):
        give(tender, user, answer)


def test_an_answer_is_no_good_for_another_payment_amount_or_site(user: User, passkey: Passkey) -> None:
    first, second = buy(user, 9_900), buy(user, 9_900, key="o2")
    (_, options), _ = ask(first, user), ask(second, user)
    for tender, answer in (
        (second, passkey.sign(options)),
        (first, passkey.sign(options, origin="https://evil.example")),
        (first, Passkey(user=user, credential_id=passkey.credential_id).sign(options)),
        (first, Passkey(user=user).sign(options)),
        (first, "[]"),
        (first, "{"),
    ):
        with pytest.raises(operations.UnableToConfirm, match="did not confirm"):
            give(tender, user, answer)
    assert set(models.Payment.objects.values_list("state", flat=True)) == {"action_required"}


def test_what_was_signed_is_no_good_when_the_sum_has_changed(user: User, passkey: Passkey) -> None:
    tender = buy(user, 5_000, 4_000)
    _, options = ask(tender, user)
    cancel("o1-2")
    asked, _ = ask(tender, user)
    assert asked.amount == 5_000
    with pytest.raises(operations.UnableToConfirm):
        give(tender, user, passkey.sign(options))
    _, options = ask(tender, user)
    assert give(tender, user, passkey.sign(options)).state == "authorised"
    assert balance(f"held:{tender.payment_id}") == 5_000


def test_whoever_has_a_passkey_is_sent_no_weaker_code(user: User, passkey: Passkey) -> None:
    asked, _ = ask(buy(user, 9_900), user)
    assert (asked.factor, mail.outbox) == ("passkey", [])
    Authenticator.objects.all().delete()
    tender = models.Tender.objects.get()
    asked = operations.ask_for_code(tender_id=tender.pk, holder=f"user:{user.pk}", at=AT)
    assert (asked.factor, len(mail.outbox)) == ("email", 1)


def act(user: User, words: str = "Pay Lagoon & Oak out to DE89 3704 0044 0532 0130 00") -> operations.Act:
    return operations.Act(
        key="payout-account:1:7", holder=f"user:{user.pk}", words=words, return_url="/merchant/money/"
    )


def number(url: str) -> int:
    return int(re.fullmatch(r"/money/confirm/act/(\d+)/", url)[1])


def test_an_act_is_confirmed_in_its_very_words_and_counts_once(user: User) -> None:
    url = operations.ask_to_confirm(act=act(user), at=AT)
    assert "DE89 3704 0044 0532 0130 00" in mail.outbox[0].body
    code = re.search(r"^\d{6}$", mail.outbox[0].body, re.MULTILINE).group()
    asked = operations.confirm_act(challenge_id=number(url), holder=f"user:{user.pk}", code=code, at=AT)
    assert (asked.passed, asked.return_url) == (True, "/merchant/money/")
    with transaction.atomic(), pytest.raises(operations.NotConfirmed):
        operations.take_confirmation(act=act(user, words="Pay somebody else"), at=AT)
    with pytest.raises(operations.NotConfirmed):
        operations.take_confirmation(act=act(user), at=AT + timedelta(minutes=10))
    operations.take_confirmation(act=act(user), at=AT)
    with pytest.raises(operations.NotConfirmed):
        operations.take_confirmation(act=act(user), at=AT)


def test_only_its_holder_sees_and_confirms_an_act(user: User) -> None:
    url = operations.ask_to_confirm(act=act(user), at=AT)
    with pytest.raises(operations.UnknownPayment):
        operations.act_to_confirm(challenge_id=number(url), holder="user:0", at=AT)
    with pytest.raises(operations.NotConfirmed):
        operations.take_confirmation(act=act(user), at=AT)


def test_the_page_of_an_act_asks_and_sends_the_person_on(user: User, passkey: Passkey, client: object) -> None:
    client.force_login(user)
    url = operations.ask_to_confirm(act=act(user), at=clock.now())
    page = client.get(url)
    assert "Pay Lagoon &amp; Oak out to DE89" in page.content.decode()
    assert client.post(url, {"passkey": "{}"}).status_code == 422
    answer = passkey.sign(page.context["js_data"]["request_options"])
    right = client.post(url, {"passkey": answer})
    assert (right.status_code, right.url) == (302, "/merchant/money/")
    assert client.get(url).url == "/merchant/money/"
    assert step_up.is_passed(key=act(user).key, payee=act(user).words, amount=None, at=clock.now())


def test_the_page_takes_no_empty_answer_for_a_try(user: User, client: object) -> None:
    client.force_login(user)
    url = operations.ask_to_confirm(act=act(user), at=clock.now())
    assert client.post(url, {"code": " "}).status_code == 422
    assert models.StepUpChallenge.objects.get().tries == 0
