"""A second factor for larger payments: bound to payee and amount, used once, counted under lock."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail

from mall.customer.models import User
from payments import clock, models, operations
from payments.accounts import step_up
from tests.factories.payments import AT, authorise, balance, make_merchant, make_shopper, record

pytestmark = pytest.mark.django_db
PAYMENT = {"payee": "Shop", "amount": 9_900}


@pytest.fixture(autouse=True)
def _limits(settings: object) -> None:
    settings.RIALTO_STEP_UP_ABOVE = 5_000
    settings.RIALTO_STEP_UP_FREE_SUM = 15_000


@pytest.fixture
def holder() -> str:
    return f"user:{User.objects.create_user(email='ada@example.com', password='a long password').pk}"


def ask(holder: str, *, key: str = "k", amount: int = 9_900, minutes: int = 0) -> str:
    """Ask for a code and return the one that was sent."""
    mail.outbox.clear()
    step_up.start(
        key=key, holder=holder, payee="Shop", amount=amount, currency="EUR", at=AT + timedelta(minutes=minutes)
    )
    return re.search(r"\b\d{6}\b", mail.outbox[0].body).group() if mail.outbox else ""


def test_small_payments_are_free_until_there_are_too_many_or_too_much_since_the_last_second_factor(settings) -> None:
    settings.RIALTO_STEP_UP_FREE_PAYMENTS = 5
    assert not step_up.challenge_needed(account="A", amount=5_000)
    assert step_up.challenge_needed(account="A", amount=5_001)
    assert [step_up.spend_freely(account="A", amount=5_000) for _ in range(4)] == [True, True, True, False]
    assert step_up.challenge_needed(account="A", amount=1)
    assert [step_up.spend_freely(account="B", amount=1) for _ in range(6)] == [True] * 5 + [False]
    step_up.begin_anew(account="B")
    assert step_up.spend_freely(account="B", amount=1)
    assert not step_up.spend_freely(account="C", amount=5_001)


def test_the_right_code_passes_once_for_its_payment_alone(holder: str) -> None:
    code = ask(holder)
    with pytest.raises(step_up.WrongCode):
        step_up.answer(key="k", code=code, payee="Shop", amount=9_901, at=AT)
    with pytest.raises(step_up.WrongCode):
        step_up.answer(key="k", code=code, payee="Thief", amount=9_900, at=AT)
    step_up.answer(key="k", code=f" {code[:3]} {code[3:]} ", at=AT, **PAYMENT)
    assert step_up.is_passed(key="k", at=AT, **PAYMENT)
    assert not step_up.is_passed(key="k", payee="Shop", amount=9_901, at=AT)
    assert not step_up.is_passed(key="k", at=AT + timedelta(minutes=10), **PAYMENT)
    with pytest.raises(step_up.WrongCode, match="used already"):
        step_up.answer(key="k", code=code, at=AT, **PAYMENT)


def test_only_the_right_code_lets_free_payments_begin_anew(holder: str) -> None:
    assert [step_up.spend_freely(account="A", amount=5_000) for _ in range(4)] == [True, True, True, False]
    code = ask(holder)
    with pytest.raises(step_up.WrongCode):
        step_up.answer(key="k", code=f"{(int(code) + 1) % 1_000_000:06}", at=AT, account="A", **PAYMENT)
    assert step_up.challenge_needed(account="A", amount=1)
    step_up.answer(key="k", code=code, at=AT, account="A", **PAYMENT)
    assert not step_up.challenge_needed(account="A", amount=5_000)


def test_an_answer_whose_free_payments_cannot_begin_anew_has_not_passed(
    holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*, account: str) -> None:
        raise ConnectionError(account)

    code = ask(holder)
    with monkeypatch.context() as gone:
        gone.setattr(step_up, "begin_anew", fail)
        with pytest.raises(ConnectionError):
            step_up.answer(key="k", code=code, at=AT, account="A", **PAYMENT)
    assert not step_up.is_passed(key="k", at=AT, **PAYMENT)
    step_up.answer(key="k", code=code, at=AT, account="A", **PAYMENT)


def test_a_code_is_no_good_after_its_time_or_after_five_wrong_tries(holder: str) -> None:
    code = ask(holder)
    with pytest.raises(step_up.WrongCode, match="too old"):
        step_up.answer(key="k", code=code, at=AT + timedelta(minutes=10), **PAYMENT)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(step_up.WrongCode, match=f"{left} tries"):
            step_up.answer(key="k", code=wrong, at=AT, **PAYMENT)
    with pytest.raises(step_up.WrongCode, match="Too many"):
        step_up.answer(key="k", code=code, at=AT, **PAYMENT)


def test_asking_again_for_the_same_payment_sends_no_second_code(holder: str) -> None:
    assert ask(holder)
    assert ask(holder) == ""
    assert ask(holder, amount=9_901)


def test_nobody_gets_codes_without_end(holder: str) -> None:
    for number in range(5):
        ask(holder, key=str(number))
    with pytest.raises(step_up.TooManyChallenges):
        ask(holder, key="6")
    assert ask(holder, key="6", minutes=11)


def test_the_authenticator_app_answers_where_there_is_one(holder: str) -> None:
    user = User.objects.get()
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    assert ask(holder) == ""
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    step_up.answer(key="k", code=code, at=AT, **PAYMENT)
    assert step_up.is_passed(key="k", at=AT, **PAYMENT)
    ask(holder, key="other")
    with pytest.raises(step_up.WrongCode):
        step_up.answer(key="other", code=code, at=AT, **PAYMENT)


def test_a_mail_server_that_is_gone_leaves_no_open_question(holder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(step_up, "send_mail", fail)
        with pytest.raises(step_up.UnableToSendCode):
            ask(holder)
    assert ask(holder)


def buy(holder: str, amount: int, *, return_url: str = "/orders/o1/", key: str = "o1") -> int:
    account = make_shopper(user=int(holder[5:]))
    return record(
        tenders=[("bank_account", account, amount)],
        parts=[(make_merchant(), amount)],
        key=key,
        payer=holder,
        return_url=return_url,
    )


def test_a_larger_payment_waits_for_its_code_and_goes_on_with_it(holder: str) -> None:
    payment = buy(holder, 9_900)
    outcome = authorise(payment)
    tender = models.Tender.objects.get()
    assert (outcome.state, outcome.action_url) == ("action_required", f"/money/confirm/{tender.pk}/")
    assert authorise(payment).state == "action_required"
    assert balance(f"deposit:{tender.source}") == 100_000
    asked = operations.ask_for_code(tender_id=tender.pk, holder=holder, at=AT)
    assert (asked.amount, asked.order, asked.factor) == (9_900, "o1", "email")
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body).group()
    with pytest.raises(operations.UnableToConfirm):
        operations.confirm(tender_id=tender.pk, holder=holder, code="x", at=AT)
    assert operations.confirm(tender_id=tender.pk, holder=holder, code=code, at=AT).state == "authorised"
    assert balance(f"held:{payment}") == 9_900


def test_only_the_payer_can_confirm(holder: str) -> None:
    authorise(buy(holder, 9_900))
    with pytest.raises(operations.UnknownPayment):
        operations.ask_for_code(tender_id=models.Tender.objects.get().pk, holder="user:0", at=AT)


def test_small_payments_and_those_without_a_payer_present_are_not_asked(holder: str) -> None:
    assert authorise(buy(holder, 5_000)).state == "authorised"
    assert authorise(buy(holder, 9_900, return_url="", key="o2")).state == "authorised"


def test_the_page_asks_tells_what_is_wrong_and_sends_the_payer_back(holder: str, client: object) -> None:
    at = clock.now()
    account = make_shopper(user=int(holder[5:]))
    payment = record(
        tenders=[("bank_account", account, 9_900)],
        parts=[(make_merchant(), 9_900)],
        key="o1",
        payer=holder,
        return_url="/orders/o1/",
        at=at,
    )
    url = authorise(payment, at=at).action_url
    assert client.get(url).status_code == 302
    client.force_login(User.objects.get())
    page = client.get(url).content.decode()
    assert "€99.00" in page
    wrong = client.post(url, {"code": "12"})
    assert wrong.status_code == 422
    assert "4 tries are left" in wrong.content.decode()
    code = re.search(r"\b\d{6}\b", mail.outbox[0].body).group()
    right = client.post(url, {"code": code})
    assert (right.status_code, right.url) == (302, "/orders/o1/")
    assert models.Payment.objects.get().state == "authorised"
    assert client.get(url).status_code == 404
