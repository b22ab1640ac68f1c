"""Letters to shoppers, sent by outbox handlers alone, never while an order is placed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from django.core.mail import EmailMessage, get_connection
from django.template.loader import render_to_string

from mall import bank
from mall.queries import orders


def send_order_confirmations(*, numbers: Sequence[str]) -> None:
    """Send the confirmation of each order to its buyer, over one connection.

    :raises OSError: the mail server did not take them; sending again is safe for the order.
    """
    letters = [_confirmation(letter=letter) for letter in orders.letters(numbers=numbers)]
    if letters:
        get_connection().send_messages(letters)


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
    context = {"letter": letter}
    return EmailMessage(
        subject=" ".join(render_to_string("mall/email/order_confirmed_subject.txt", context).split()),
        body=render_to_string("mall/email/order_confirmed.txt", context),
        to=[letter.email],
    )
