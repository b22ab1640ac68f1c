"""Letters to shoppers, sent by outbox handlers alone, never while an order is placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from mall import bank
from mall.order import letters as letters_of_parcels
from mall.queries import orders, staff

PAYOUT_SALT = "mall.payout-account"
STOP_SALT = "mall.notices.stop"


def send_order_confirmations(*, numbers: Sequence[str]) -> None:
    """Send the confirmation of each order to its buyer, over one connection.

    :raises OSError: the mail server did not take them; sending again is safe for the order.
    """
    letters = [_confirmation(letter=letter) for letter in orders.letters(numbers=numbers)]
    if letters:
        get_connection().send_messages(letters)


def send_reviewed(*, decided: Mapping[str, tuple[bool, str]]) -> None:
    """Tell each buyer, by order number, that his payment was looked at: whether it goes on, and his order's page.

    :raises OSError: the mail server did not take them; sending again is safe for the order.
    """
    letters = [_reviewed(letter=one, decision=decided[one.number]) for one in orders.letters(numbers=list(decided))]
    if letters:
        get_connection().send_messages(letters)


def _reviewed(*, letter: orders.OrderLetter, decision: tuple[bool, str]) -> EmailMessage:
    context = {"letter": letter, "approved": decision[0], "url": decision[1]}
    return EmailMessage(
        subject=" ".join(render_to_string("mall/email/payment_reviewed_subject.txt", context).split()),
        body=render_to_string("mall/email/payment_reviewed.txt", context),
        to=[letter.email],
    )


class HoldQuestion(Protocol):
    """A hold on a card that will not be renewed; `amount` is minor units."""

    reference: str
    question_id: int
    amount: int
    currency: str
    deadline: datetime


def send_hold_questions(*, questions: Sequence[HoldQuestion]) -> None:
    """Ask each buyer for another card, with a link and the time until when.

    :raises OSError: the mail server did not take them.
    """
    asked = {question.reference: question for question in questions}
    letters = [
        _hold_question(letter=letter, question=asked[letter.number])
        for letter in (orders.letters(numbers=list(asked)) if asked else [])
    ]
    if letters:
        get_connection().send_messages(letters)


def _hold_question(*, letter: orders.OrderLetter, question: HoldQuestion) -> EmailMessage:
    context = {
        "letter": letter,
        "sum": bank.text(amount=question.amount, currency=question.currency),
        "deadline": question.deadline,
        "link": bank.hold_link(question_id=question.question_id),
    }
    return EmailMessage(
        subject=" ".join(render_to_string("mall/email/card_hold_subject.txt", context).split()),
        body=render_to_string("mall/email/card_hold.txt", context),
        to=[letter.email],
    )


def _confirmation(*, letter: orders.OrderLetter) -> EmailMessage:
    context = {
        "letter": letter,
        "name": letter.name,
        "url": letters_of_parcels.order_url(number=letter.number, is_guests=letter.is_guests),
    }
    subject = render_to_string("mall/email/order_confirmed_subject.txt", context)
    return letters_of_parcels.compose(template="order_confirmed", subject=subject, to=letter.email, context=context)


def send_payout_account_letters(*, changes: Sequence[tuple[int, int, str, datetime]]) -> None:
    """Tell a store's owners of a new payout account, each (merchant id, account's number, IBAN, from when).

    :raises OSError: the mail server did not take them.
    """
    letters = []
    for merchant_id, account_id, iban, effective_at in changes:
        token = signing.dumps([merchant_id, account_id], salt=PAYOUT_SALT)
        context = {
            "iban": iban,
            "effective_at": effective_at,
            "address": f"{settings.RIALTO_SITE}{reverse('payout-cancel', args=[token])}",
        }
        letters.append(
            EmailMessage(
                subject=_("Your payouts are to go to another account"),
                body=render_to_string("mall/email/payout_account.txt", context),
                to=_addresses(users=staff.owners_of(merchant_id=merchant_id)),
            )
        )
    _send(letters)


def send_came_back_letters(*, payments: Sequence[tuple[str, str, str, str]]) -> None:
    """Tell people of payments that did not arrive, each (whose, amount, IBAN, reason).

    :raises OSError: the mail server did not take them.
    """
    letters = []
    for holder, amount, iban, reason in payments:
        kind, _colon, number = holder.partition(":")
        users = staff.owners_of(merchant_id=int(number)) if kind == "merchant" else [int(number)]
        context = {"amount": amount, "iban": iban, "reason": reason, "is_payout": kind == "merchant"}
        letters.append(
            EmailMessage(
                subject=_("A payment of %(amount)s came back") % {"amount": amount},
                body=render_to_string("mall/email/came_back.txt", context),
                to=_addresses(users=users),
            )
        )
    _send(letters)


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One thing a letter tells; `url` is a path of this site, or empty."""

    title: str
    body: str
    url: str


def send_notice(*, email: str, name: str, user_id: int, kind: str, number: int, lines: Sequence[NoticeLine]) -> None:
    """Tell a person one thing, or several in one letter, with a link that ends letters of this kind.

    Sent twice under one number, the letter carries the same Message-ID, by which mail programs see that it is one.

    :raises OSError: the mail server did not take it.
    """
    stop = f"{settings.RIALTO_SITE}{reverse('notices-stop', args=[signing.dumps([user_id, kind], salt=STOP_SALT)])}"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    context = {"name": name, "lines": lines, "site": settings.RIALTO_SITE, "stop": stop}
    several = _("%(count)d things you asked us to tell you") % {"count": len(lines)}
    letter = EmailMessage(
        subject=" ".join((lines[0].title if len(lines) == 1 else several).split()),
        body=render_to_string("mall/email/notice.txt", context),
        to=[email],
        headers={
            "Message-ID": f"<notice-{number}@{host}>",
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    get_connection().send_messages([letter])


def send(*, letters: Sequence[EmailMessage]) -> None:
    """Send letters over one connection; those without an address are left out.

    :raises OSError: the mail server did not take them; the outbox comes again.
    """
    _send(list(letters))


def addresses(*, users: Sequence[int]) -> list[str]:
    """Return every address these people are known by."""
    return _addresses(users=users)


def _addresses(*, users: Sequence[int]) -> list[str]:
    """Return every address these people are known by: who took over one of them is still seen at the others."""
    known = set(get_user_model().objects.filter(pk__in=users).values_list("email", flat=True))
    known |= set(EmailAddress.objects.filter(user_id__in=users, verified=True).values_list("email", flat=True))
    return sorted(known - {""})


def _send(letters: list[EmailMessage]) -> None:
    letters = [letter for letter in letters if letter.to]
    if letters:
        get_connection().send_messages(letters)
