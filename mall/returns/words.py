"""Returns in words: their state as a badge, their way as steps, their history as sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mall import bank
from mall.order.timeline import BAD, DONE, NEXT, Step
from mall.returns import queries, states
from mall.returns.models import Return
from mall.returns.queries import EventView, ReturnPage
from mall.returns.reasons import ALL_CONDITIONS, BY_CODE, FAULT, WITHDRAWAL


def badge_of(*, state: str, outcome: str = "") -> tuple[str, str]:
    """Return a return's state in a word, and the kind of its badge."""
    if state == states.CLOSED:
        return {
            states.NOT_SENT: (_("Not sent, closed"), ""),
            states.NOT_ARRIVED: (_("Not arrived, closed"), "bad"),
        }.get(outcome, (_("Closed, nothing back"), "bad"))
    return {
        states.ASKED: (_("Waits for the store"), "warn"),
        states.OFFERED: (_("Part offered"), "accent"),
        states.ACCEPTED: (_("Accepted: send it"), "accent"),
        states.SENT: (_("On its way back"), "accent"),
        states.REDUCED: (_("Less given back"), "warn"),
        states.DECLINED: (_("Declined"), "bad"),
        states.ESCALATED: (_("With the bank"), "warn"),
        states.PROPOSED: (_("With the bank"), "warn"),
        states.REFUNDING: (_("Money on its way"), "good"),
        states.REFUNDED: (_("Paid back"), "good"),
        states.WITHDRAWN: (_("Taken back"), ""),
    }[state]


def reason_of(*, code: str) -> str:
    """Return why goods go back."""
    return str(BY_CODE[code].label)


def right_of(*, right: str) -> str:
    """Return by which right goods go back, in a sentence."""
    if right == WITHDRAWAL:
        return _("By the law's right to change one's mind.")
    if right == FAULT:
        return _("The store answers for what is wrong with it.")
    return _("By the store's longer window: the goods, without the delivery charge.")


def condition_of(*, code: str) -> str:
    """Return in what condition goods came back."""
    return next((str(condition.label) for condition in ALL_CONDITIONS if condition.code == code), "")


def steps(*, page: ReturnPage) -> list[Step]:
    """Return a return's way as steps: what happened, and what comes next as long as it goes its usual way."""
    row = page.row
    at = {event.event: event.at for event in page.history}
    accepted = next((event.at for event in page.history if event.state == states.ACCEPTED), None)
    way = [Step(_("Asked"), DONE, row.asked_at)]
    if row.escalated_at:
        way.append(Step(_("Called the bank"), DONE, row.escalated_at))
    if row.state in (states.CLOSED, states.WITHDRAWN):
        return [*way, Step(badge_of(state=row.state, outcome=row.outcome)[0], BAD, row.closed_at)]
    keeps = row.outcome in (states.KEPT, states.PART) and not row.sent_at and not row.received_at
    if not keeps and not row.escalated_at:
        way += [
            _step(_("Accepted"), accepted),
            _step(_("Sent back"), row.sent_at, note=f"{row.carrier} {row.tracking}".strip()),
            _step(_("Received"), row.received_at or row.arrived_at, note=condition_of(code=row.condition)),
        ]
    return [*way, _step(_("Money back"), at.get("pay"))]


def _step(label: str, at: datetime | None, *, note: str = "") -> Step:
    return Step(label, DONE if at else NEXT, at, note)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the history in words: who it was, what happened, and what was said."""

    side: str
    who: str
    what: str
    text: str
    at: datetime


def history(*, page: ReturnPage, you: str) -> list[Told]:
    """Return what happened in words for a side: `buyer`, `store` or `bank`."""
    names = {
        "buyer": _("You") if you == "buyer" else page.buyer,
        "store": _("You") if you == "store" else page.store,
        "bank": _("The bank"),
        "carrier": _("The carrier"),
        "time": _("Time is up:"),
    }
    # What the machine does with money, the bank does.
    paid = ("pay", "pay part", "shorten")
    return [
        Told(
            event.side,
            names["bank"] if event.event in paid else names.get(event.side, event.side),
            _what(event=event, row=page.row),
            _said(event),
            event.at,
        )
        for event in page.history
        if you == "bank" or event.event not in ("propose", "object", "shorten")
    ]


def _said(event: EventView) -> str:
    return "" if event.event in ("ask", "send") else event.text


def _what(*, event: EventView, row: Return) -> str:
    money = bank.text(amount=event.amount or 0, currency=row.currency)
    told = {
        "ask": _("asked to return it"),
        "accept": _("accepted the return"),
        "let keep": _("paid it back, and the buyer keeps the goods"),
        "offer": _("offered %(sum)s, and the buyer keeps the goods") % {"sum": money},
        "take offer": _("took the offer of %(sum)s") % {"sum": money},
        "refuse offer": _("did not take the offer of %(sum)s") % {"sum": money},
        "decline": _("declined"),
        "escalate": _("called the bank to decide"),
        "withdraw": _("took the wish to return it back"),
        "send": _("sent it back: %(tracking)s") % {"tracking": event.text},
        "arrive": _("brought it to the store"),
        "receive": _("received the goods and gave back %(sum)s") % {"sum": money},
        "reduce": _("received the goods and gave back %(sum)s") % {"sum": money},
        "agree": _("agreed"),
        "propose": _("proposed that %(sum)s goes back") % {"sum": money},
        "object": _("objected to the proposal"),
        "award": _("decided that %(sum)s goes back") % {"sum": money},
        "refuse": _("decided that nothing goes back"),
        "pay": _("paid back %(sum)s") % {"sum": money},
        "pay part": _("paid back %(sum)s") % {"sum": money},
        "shorten": _("found %(sum)s left to go back") % {"sum": money},
        "say": _("wrote"),
        "get lost": _("it did not come in time, so the return was closed"),
    }
    if event.event == "time out":
        return _SILENCE[event.state]()
    return told.get(event.event, event.event)


_SILENCE = {
    states.ACCEPTED: lambda: _("the store did not answer in time: accepted"),
    states.ASKED: lambda: _("the offer was not answered in time: the store answers once more"),
    states.CLOSED: lambda: _("the time is over: closed"),
    states.REFUNDING: lambda: _("the time is over: what is due goes back"),
    states.REFUNDED: lambda: _("the time is over: what is due went back"),
}


def waits(*, row: Return, you: str) -> str:
    """Return what a side should do now, or what it waits for, in a sentence with its deadline; empty when over."""
    day = date_format(row.due_at, "WEEKDAY_FORMAT") if row.due_at else ""
    buyer = {
        states.ASKED: _("The store answers by %(day)s. If it does not, your return is accepted."),
        states.OFFERED: _("Please answer the offer by %(day)s."),
        states.ACCEPTED: _("Please send it by %(day)s, with the label on the parcel."),
        states.SENT: _("The store confirms by %(day)s that it has your goods."),
        states.REDUCED: _("The store gives back less than you asked for. Agree, or call the bank by %(day)s."),
        states.DECLINED: _("You can call the bank to decide until %(day)s."),
    }
    store = {
        states.ASKED: _("Please answer by %(day)s. Silence means yes."),
        states.OFFERED: _("The buyer answers your offer by %(day)s."),
        states.ACCEPTED: _("The buyer sends it by %(day)s, or the return is closed."),
        states.SENT: _("Please confirm the goods by %(day)s. What came and is not confirmed is paid back in full."),
        states.REDUCED: _("The buyer agrees or calls the bank by %(day)s."),
        states.DECLINED: _("The buyer can call the bank until %(day)s."),
    }
    both = {
        states.ESCALATED: _("The bank reads both sides and decides. You can still add words and pictures."),
        states.PROPOSED: _("The bank reads both sides and decides. You can still add words and pictures."),
        states.REFUNDING: _("The money is on its way, by the means it was paid with."),
    }
    sentence = both.get(row.state) or (buyer if you == "buyer" else store).get(row.state, "")
    return sentence % {"day": day} if "%(day)s" in sentence else sentence


def listed(rows: Sequence[object]) -> list[tuple[object, tuple[str, str], str]]:
    """Return rows of a list, each with its badge and its reason in words."""
    return [(row, badge_of(state=row.state, outcome=row.outcome), reason_of(code=row.reason)) for row in rows]


@dataclass(frozen=True, slots=True)
class OfParcel:
    """What an order's page says of one parcel's returns, each with its badge."""

    can_ask: bool
    until: datetime | None
    rows: tuple[tuple[object, tuple[str, str]], ...]


def of_order(*, order_number: str, user_id: int, at: datetime) -> dict[str, OfParcel]:
    """Return what can and does go back of each parcel of a buyer's order."""
    found = queries.of_order(order_number=order_number, user_id=user_id, at=at)
    return {
        number: OfParcel(
            part.can_ask,
            part.until,
            tuple((row, badge_of(state=row.state, outcome=row.outcome)) for row in part.rows),
        )
        for number, part in found.items()
    }
