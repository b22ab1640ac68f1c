"""Step-up: small payments from an account need no second factor; larger ones a code, bound to payee and amount.

Free are payments up to a sum, so many of them and so much together since the account last gave a second factor; the
figures are of the policy in force.
Whoever has a passkey or an authenticator app answers with that; everybody else by six digits sent by mail.
The same questions guard other acts that must be confirmed: there the payee says what is done, and no amount is named.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from payments.accounts import passkeys
from payments.accounts.policy import Policy, in_force
from payments.methods import Leg
from payments.models import FreePayments, StepUpChallenge, UsedCode
from payments.money import Money

TRIES = 5
# New codes one holder may ask for within the time a code is valid.
CHALLENGES = 5
DIGITS = 6
WRONG_CODE = gettext_noop("This code is not right: %(left)d tries are left.")
WRONG_PASSKEY = gettext_noop("This passkey did not confirm it: %(left)d tries are left.")
# Questions whose key begins so are about an account that payouts are to go to, not about a sum.
PAYOUT_ACCOUNT = "payout-account:"
# Longer than an authenticator app's code is good, with its neighbors.
CODE_LASTS = timedelta(minutes=5)


class StepUpError(Exception):
    """Base of every refusal of this module; nothing was counted as paid."""


class TooManyChallenges(StepUpError):
    """The holder has asked for too many codes in a short time."""


class UnableToSendCode(StepUpError):
    """The code could not be sent by mail."""


class WrongCode(StepUpError):
    """The code is wrong, used, too late, tried too often, or meant for another payee or amount."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A question for a second factor.

    ``factor`` is `passkey`, `totp` (the authenticator app) or `email`. ``by_app``: a code of the app is right too.
    """

    challenge_id: int
    key: str
    factor: str
    by_app: bool
    expires_at: datetime


def challenge_needed(*, account: str, amount: int) -> bool:
    """Return whether paying ``amount`` (minor units) from ``account`` needs a second factor."""
    row = FreePayments.objects.filter(pk=account).first() or FreePayments(account=account)
    return not _is_free(row=row, amount=amount, limits=in_force())


def spend_freely(*, account: str, amount: int, limits: Policy | None = None) -> bool:
    """Count a payment without a second factor, in the caller's transaction; return whether it is allowed."""
    limits = limits or in_force()
    if amount > limits.free_up_to:
        return False
    with transaction.atomic():
        FreePayments.objects.bulk_create([FreePayments(account=account)], ignore_conflicts=True)
        row = FreePayments.objects.select_for_update().get(pk=account)
        if not _is_free(row=row, amount=amount, limits=limits):
            return False
        row.payments += 1
        row.spent += amount
        row.save(update_fields=["payments", "spent"])
    return True


def begin_anew(*, account: str) -> None:
    """Count free payments of an account from nothing: its holder has given a second factor."""
    FreePayments.objects.filter(pk=account).update(payments=0, spent=0)


def _is_free(*, row: FreePayments, amount: int, limits: Policy) -> bool:
    return amount <= limits.free_up_to and row.payments < limits.free_payments and row.spent + amount <= limits.free_sum


def questions(*, legs: Sequence[Leg], always: Collection[int] = ()) -> dict[int, str]:
    """Return, by tender, where a payer must go first: those whose payment needs a second factor not given yet.

    ``always``: payments of which one is asked however small they are. A payment without a page to return to has no
    payer present who could answer; nothing is asked of it. Runs in the caller's transaction; what is let pass without a
    question is counted.
    """
    found = {}
    present = [leg for leg in legs if leg.return_url]
    limits = in_force() if present else None
    for leg in present:
        said = {"key": question_key(tender_id=leg.tender_id), "payee": leg.payment_reference, "amount": leg.amount}
        if is_passed(at=leg.at, **said):
            continue
        if leg.payment_id not in always and spend_freely(account=leg.source, amount=leg.amount, limits=limits):
            continue
        found[leg.tender_id] = f"/money/confirm/{leg.tender_id}/"
    return found


def question_key(*, tender_id: int) -> str:
    """Return the key of the question about a tender."""
    return f"tender:{tender_id}"


def start(
    *,
    key: str,
    holder: str,
    payee: str,
    amount: int | None,
    currency: str,
    at: datetime,
    return_url: str = "",
    by_passkey: bool = False,
) -> Challenge:
    """Ask ``holder`` (`user:1`) for a second factor to pay ``amount`` minor units to ``payee``.

    ``by_passkey``: the page that asks can take a passkey's answer. Without an amount ``payee`` is the act to confirm,
    in words. The same key is the same question again, without a new code, as long as it says the same and lasts. Call
    it outside a transaction: a code is sent after it is written.

    :raises TooManyChallenges: this holder has asked too often.
    :raises UnableToSendCode: the mail could not be sent; ask again.
    """
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    factor, by_app = _factor(holder=holder, by_passkey=by_passkey)
    with transaction.atomic():
        name = _name(key=key, payee=payee, amount=amount)
        _one_at_a_time(holder=holder)
        known = StepUpChallenge.objects.select_for_update().filter(key=name).first()
        if known and known.expires_at > at and (known.factor == factor or known.passed_at):
            return _challenge(row=known, key=key, by_app=by_app)
        _refuse_too_many(holder=holder, at=at)
        row, _created = StepUpChallenge.objects.update_or_create(
            key=name,
            defaults={
                "holder": holder,
                "payee": payee,
                "amount": amount,
                "currency": currency,
                "return_url": return_url[:500],
                "factor": factor,
                "code_digest": _digest(name=name, code=code) if factor == "email" else "",
                "tries": 0,
                "created_at": at,
                "expires_at": at + settings.RIALTO_STEP_UP_VALID_FOR,
                "passed_at": None,
                "taken_at": None,
            },
        )
    if row.factor == "email":
        _send(row=row, code=code)
    return _challenge(row=row, key=key, by_app=by_app)


def answer(
    *,
    key: str,
    code: str,
    payee: str,
    amount: int | None,
    at: datetime,
    passkey: str = "",
    site: str = "",
    account: str = "",
) -> None:
    """Accept the code, or what a passkey signed, for paying exactly ``amount`` to ``payee``; it is passed once.

    ``passkey`` is the browser's answer as JSON, ``site`` the host name of the page that asked for it.
    The free payments of ``account`` begin anew with the right answer.

    :raises WrongCode: it is not the right answer for this, or the question is over.
    """
    with transaction.atomic():
        name = _name(key=key, payee=payee, amount=amount)
        row = StepUpChallenge.objects.select_for_update().filter(key=name).first()
        problem = _problem(row=row, at=at)
        if not problem and row is not None:
            row.tries += 1
            if passkey:
                right = passkeys.answers(row=row, user_id=_user_id(row.holder), site=site, response=passkey, at=at)
            else:
                right = _is_right(row=row, code="".join(code.split()), at=at)
            if right:
                row.passed_at = at
                if account:
                    begin_anew(account=account)
            else:
                problem = WRONG_PASSKEY if passkey else WRONG_CODE
                problem = _(problem) % {"left": max(0, TRIES - row.tries)}
            row.save(update_fields=["tries", "passed_at"])
    if problem:
        raise WrongCode(problem)


def passkey_options(*, challenge_id: int, site: str) -> dict[str, Any]:
    """Return what the browser at ``site`` needs to ask for a passkey's answer to the question."""
    row = StepUpChallenge.objects.get(pk=challenge_id)
    return passkeys.options(row=row, user_id=_user_id(row.holder), site=site)


def current(*, key: str, payee: str, amount: int | None) -> Challenge | None:
    """Return the question of that key as it stands, or nothing."""
    row = StepUpChallenge.objects.filter(key=_name(key=key, payee=payee, amount=amount)).first()
    return _challenge(row=row, key=key, by_app=_authenticator(holder=row.holder) is not None) if row else None


def take(*, key: str, holder: str, payee: str, at: datetime) -> bool:
    """Use up the answer that confirmed an act, in the caller's transaction; return whether there was one to use."""
    name = _name(key=key, payee=payee, amount=None)
    passed = StepUpChallenge.objects.filter(
        key=name, holder=holder, passed_at__isnull=False, taken_at__isnull=True, expires_at__gt=at
    )
    return passed.update(taken_at=at) == 1


def is_passed(*, key: str, payee: str, amount: int | None, at: datetime) -> bool:
    """Return whether this very payment was allowed by a second factor that still counts."""
    return StepUpChallenge.objects.filter(
        key=_name(key=key, payee=payee, amount=amount), passed_at__isnull=False, expires_at__gt=at
    ).exists()


def _name(*, key: str, payee: str, amount: int | None) -> str:
    """Return the name of the question: another payee or amount is another question."""
    return f"{key}:{amount or 'act'}:{sha256(payee.encode()).hexdigest()[:16]}"


def _challenge(*, row: StepUpChallenge, key: str, by_app: bool) -> Challenge:
    return Challenge(challenge_id=row.pk, key=key, factor=row.factor, by_app=by_app, expires_at=row.expires_at)


def _factor(*, holder: str, by_passkey: bool) -> tuple[str, bool]:
    """Return the strongest factor the holder has, and whether he has an app; a weaker one never stands in for it."""
    by_app = _authenticator(holder=holder) is not None
    if by_passkey and passkeys.of_holder(user_id=_user_id(holder)):
        return "passkey", by_app
    return ("totp" if by_app else "email"), by_app


def _one_at_a_time(*, holder: str) -> None:
    """Wait for another question to the same holder, so that two at once are counted one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"step-up:{holder}"])


def _refuse_too_many(*, holder: str, at: datetime) -> None:
    since = at - settings.RIALTO_STEP_UP_VALID_FOR - timedelta(seconds=1)
    if StepUpChallenge.objects.filter(holder=holder, created_at__gt=since).count() >= CHALLENGES:
        raise TooManyChallenges(_("Too many codes were asked for: wait ten minutes and try again."))


def _problem(*, row: StepUpChallenge | None, at: datetime) -> str:
    if row is None:
        return _("No code was asked for this payment: ask for one.")
    if row.passed_at is not None:
        return _("This code was used already.")
    if row.expires_at <= at:
        return _("The code is too old: ask for a new one.")
    if row.tries >= TRIES:
        return _("Too many wrong codes: wait ten minutes and ask for a new one.")
    return ""


def _is_right(*, row: StepUpChallenge, code: str, at: datetime) -> bool:
    if row.factor == "email":
        return hmac.compare_digest(row.code_digest, _digest(name=row.key, code=code))
    authenticator = _authenticator(holder=row.holder)
    if authenticator is None or not TOTP(authenticator).validate_code(code):
        return False
    # Somebody who saw a code typed cannot use it again: it is good once.
    UsedCode.objects.filter(at__lt=at - CODE_LASTS).delete()
    used = UsedCode(holder=row.holder, digest=_digest(name=row.holder, code=code), at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO payments_usedcode (holder, digest, at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [used.holder, used.digest, used.at],
        )
        return cursor.rowcount == 1


def _digest(*, name: str, code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"step-up:{name}:{code}".encode(), sha256).hexdigest()


def _user_id(holder: str) -> int:
    return int(holder.removeprefix("user:"))


def _authenticator(*, holder: str) -> Authenticator | None:
    return Authenticator.objects.filter(user_id=_user_id(holder), type=Authenticator.Type.TOTP).first()


def _send(*, row: StepUpChallenge, code: str) -> None:
    address = get_user_model().objects.values_list("email", flat=True).get(pk=_user_id(row.holder))
    try:
        send_mail(_("Your code: %(code)s") % {"code": code}, _letter(row=row, code=code), None, [address])
    except OSError as problem:
        StepUpChallenge.objects.filter(pk=row.pk).update(expires_at=row.created_at)
        raise UnableToSendCode(_("The code could not be sent: try again in a moment.")) from problem


def _letter(*, row: StepUpChallenge, code: str) -> str:
    if row.amount is None:
        return _(
            "Your code for this: %(act)s\n\n%(code)s\n\nIt is valid for ten minutes, for this alone. If you did not "
            "ask for it, tell nobody the code and change your password."
        ) % {"act": row.payee, "code": code}
    if row.key.startswith(PAYOUT_ACCOUNT):
        return _(
            "Your code for having payouts sent to %(payee)s is %(code)s. It is valid for ten minutes, for this "
            "account alone. If you did not ask for it, do nothing and write to us."
        ) % {"payee": row.payee, "code": code}
    amount = Money(row.amount, row.currency).format()
    return _(
        "Your code for paying %(amount)s to %(payee)s is %(code)s. It is valid for ten minutes, for this payment "
        "alone. If you did not ask for it, do nothing."
    ) % {"amount": amount, "payee": row.payee, "code": code}
