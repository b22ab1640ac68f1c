"""A parcel's way as steps to show, what happens next in a sentence, and its state as a badge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mall import bank
from mall.fulfilment import states
from mall.order.models import AWAITING_PAYMENT, CANCELLED
from mall.queries.orders import ConsignmentView

DONE, NEXT, BAD = "done", "next", "bad"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parcel's way: done, still to come, or where it went wrong."""

    label: str
    state: str
    at: datetime | None = None
    note: str = ""


def steps(*, part: ConsignmentView, now: datetime, for_buyer: bool = True) -> list[Step]:
    """Return the parcel's way from order to release, in words for the buyer or for the merchant."""
    ordered = Step(_("Ordered"), DONE, part.placed_at)
    if part.status == states.CANCELLED:
        entry = next((event for event in reversed(part.events) if event.status == states.CANCELLED), None)
        note = ". ".join(filter(None, (_by(entry.by), entry.note))) if entry else ""
        return [ordered, Step(_("Cancelled"), BAD, part.cancelled_at, note)]
    way = [
        ordered,
        _step(_("Paid, money held"), part.confirmed_at, note=_("by the bank, for you") if for_buyer else ""),
        _step(_("Packed"), part.packed_at or part.dispatched_at, note="" if part.packed_at else None),
        _step(_("Dispatched"), part.dispatched_at, note=_dispatched_note(part=part, now=now)),
        _step(_("On its way"), part.dispatched_at, note=_under_way_note(part=part, now=now)),
        _step(_("Delivered"), part.delivered_at, note=_delivered_note(part=part)),
        _step(_("Money to the store"), part.released_at, note=_release_note(part=part, for_buyer=for_buyer)),
    ]
    if part.dispatched_at and not part.packed_at:
        # Nobody said that it was packed; that it was is clear, when is not.
        del way[2]
    if part.status == states.REFUNDED:
        refunded = next((event.at for event in reversed(part.events) if event.status == states.REFUND), None)
        return [*(step for step in way if step.state == DONE), Step(_("Paid back"), BAD, refunded)]
    return way


def _step(label: str, at: datetime | None, *, note: str | None = "") -> Step:
    return Step(label, DONE if at else NEXT, at, note or "")


def _by(actor: str) -> str:
    """Return who said so, in a word."""
    kind = actor.partition(":")[0]
    return {
        "merchant": _("by the store"),
        "buyer": _("by the buyer"),
        "operations": _("by the bank"),
        "carrier": _("by the carrier"),
    }.get(kind, "")


def _day(moment: datetime) -> str:
    return date_format(localtime(moment), "WEEKDAY_FORMAT")


def days_late(*, part: ConsignmentView, now: datetime) -> int:
    """Return by how many days a parcel that has not arrived is late, or arrived late."""
    if part.promised_by is None or part.status == states.CANCELLED:
        return 0
    until = part.delivered_at or now
    return max(0, (localtime(until).date() - localtime(part.promised_by).date()).days)


def _late(days: int) -> str:
    return ngettext("%(n)d day late", "%(n)d days late", days) % {"n": days}


def _dispatched_note(*, part: ConsignmentView, now: datetime) -> str:
    if part.dispatched_at:
        return _("by the store")
    late = days_late(part=part, now=now)
    return _late(late) if late else ""


def _under_way_note(*, part: ConsignmentView, now: datetime) -> str:
    if part.delivered_at or not part.promised_by:
        return ""
    late = days_late(part=part, now=now)
    if late and part.dispatched_at:
        return _late(late)
    return _("promised by %(day)s") % {"day": _day(part.promised_by)}


def _delivered_note(*, part: ConsignmentView) -> str:
    if not part.delivered_at:
        return ""
    said = {
        "carrier": _("said by the carrier"),
        "buyer": _("said by the buyer"),
        "operations": _("said by the bank"),
        "time": _("nobody said otherwise"),
    }.get(part.delivered_said_by, "")
    late = days_late(part=part, now=part.delivered_at) if part.delivered_said_by != "time" else 0
    return ", ".join(filter(None, (said, _late(late) if late else "")))


def _release_note(*, part: ConsignmentView, for_buyer: bool) -> str:
    if part.released_at or not part.release_due or part.delivered_at:
        return ""
    day = _day(part.release_due)
    if for_buyer:
        return _("by itself on %(day)s, unless you say that something is wrong") % {"day": day}
    return _("on %(day)s at the latest, unless the buyer says that something is wrong") % {"day": day}


def next_for_buyer(*, part: ConsignmentView, now: datetime) -> str:
    """Return what happens next with a parcel and its money, for its buyer; empty when nothing does."""
    money = bank.text(amount=part.amount - part.refunded, currency=part.currency)
    late = days_late(part=part, now=now)
    day = _day(part.promised_by) if part.promised_by else ""
    if part.status == states.CONFIRMED and late:
        return _(
            "It was promised by %(day)s and has not been sent: it is late. You can wait, or cancel it; what the bank "
            "holds for it is then yours again at once."
        ) % {"day": day}
    if part.status == states.CONFIRMED:
        if not day:
            return _("The store packs it. You pay when it is sent.")
        return _("The store packs it; it is promised by %(day)s. You pay when it is sent.") % {"day": day}
    if part.status == states.DISPATCHED and part.release_due:
        values = {"sum": money, "day": _day(part.release_due)}
        kept = _("The bank keeps %(sum)s until you say that it arrived, or until %(day)s if nobody says otherwise.")
        if late:
            return _("It is late: it was promised by %(day)s.") % {"day": day} + " " + kept % values
        return kept % values
    if part.status == states.DELIVERED:
        return _("The bank hands %(sum)s to the store.") % {"sum": money}
    return ""


def badge_of(*, status: str) -> tuple[str, str]:
    """Return a parcel's state, or an entry of its history, in a word, and the kind of its badge."""
    return {
        states.AWAITING_PAYMENT: (_("Awaiting payment"), "warn"),
        states.CONFIRMED: (_("To be packed"), "accent"),
        states.PACKED: (_("Packed"), "accent"),
        states.UNPACKED: (_("Unpacked again"), ""),
        states.DIVIDED: (_("Divided"), ""),
        states.DISPATCHED: (_("On its way"), "accent"),
        states.DELIVERED: (_("Delivered"), "good"),
        states.RELEASED: (_("Delivered and paid out"), "good"),
        states.REFUND: (_("Money back"), ""),
        states.REFUNDED: (_("Paid back"), ""),
        states.CANCELLED: (_("Cancelled"), "bad"),
    }.get(status, (status.replace("_", " ").capitalize(), ""))


def badge(*, part: ConsignmentView) -> tuple[str, str]:
    """Return a parcel's state in a word, and the kind of its badge."""
    packed = part.status == states.CONFIRMED and part.packed_at is not None
    return badge_of(status=states.PACKED if packed else part.status)


def order_badge(*, status: str, parts: Sequence[str]) -> tuple[str, str]:
    """Return an order's state in a word: that of its parcel that is furthest behind."""
    if status == AWAITING_PAYMENT:
        return _("Awaiting payment"), "warn"
    if status == CANCELLED:
        return _("Cancelled"), "bad"
    going = [part for part in parts if part != states.CANCELLED]
    return badge_of(status=min(going, key=states.STATUSES.index) if going else states.CANCELLED)
