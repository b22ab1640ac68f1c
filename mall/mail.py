"""Letters to shoppers, sent by outbox handlers alone, never while an order is placed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from mall.queries import orders


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


def _confirmation(*, letter: orders.OrderLetter) -> EmailMessage:
    context = {"letter": letter}
    return EmailMessage(
        subject=" ".join(render_to_string("mall/email/order_confirmed_subject.txt", context).split()),
        body=render_to_string("mall/email/order_confirmed.txt", context),
        to=[letter.email],
    )
