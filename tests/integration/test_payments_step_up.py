"""A second factor for larger payments: bound to payee and amount, used once, counted under lock."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail

from mall.customer.models import User
from payments.accounts import step_up
from tests.factories.payments import AT

pytestmark = pytest.mark.django_db
PAYMENT = {"payee": "Shop", "amount": 9_900}


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


def test_small_payments_are_free_until_the_day_s_limit() -> None:
    assert not step_up.challenge_needed(account="A", amount=5_000, at=AT)
    assert step_up.challenge_needed(account="A", amount=5_001, at=AT)
    assert [step_up.spend_freely(account="A", amount=5_000, at=AT) for _ in range(4)] == [True, True, True, False]
    assert step_up.challenge_needed(account="A", amount=1, at=AT)
    assert not step_up.challenge_needed(account="A", amount=1, at=AT + timedelta(days=1))
    assert not step_up.spend_freely(account="B", amount=5_001, at=AT)


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


def test_a_mail_server_that_is_gone_leaves_no_open_question(holder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ConnectionRefusedError

    with monkeypatch.context() as gone:
        gone.setattr(step_up, "send_mail", fail)
        with pytest.raises(step_up.UnableToSendCode):
            ask(holder)
    assert ask(holder)
