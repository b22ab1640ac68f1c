"""A parcel's way as steps to show, and its state as a badge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

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


def steps(*, part: ConsignmentView, for_buyer: bool = True) -> list[Step]:
    """Return the parcel's way from order to release, in words for the buyer or for the merchant."""
    if part.status == states.CANCELLED:
        reason = next((event.note for event in reversed(part.events) if event.status == states.CANCELLED), "")
        return [
            Step(_("Ordered"), DONE, part.placed_at),
            Step(_("Cancelled"), BAD, part.cancelled_at, reason),
        ]
    way = [
        _step(_("Ordered"), part.placed_at),
        _step(_("Paid, money held"), part.confirmed_at),
        _step(_("Dispatched"), part.dispatched_at, note=" ".join(filter(None, (part.carrier, part.tracking)))),
        _step(_("Delivered"), part.delivered_at, note=_delivered_note(part=part)),
        _step(_("Money released to the store"), part.released_at, note=_release_note(part=part, for_buyer=for_buyer)),
    ]
    if part.status == states.REFUNDED:
        refunded = next((event.at for event in reversed(part.events) if event.status == states.REFUNDED), None)
        return [*(step for step in way if step.state == DONE), Step(_("Paid back"), BAD, refunded)]
    return way


def _step(label: str, at: datetime | None, *, note: str = "") -> Step:
    return Step(label, DONE if at else NEXT, at, note)


def _delivered_note(*, part: ConsignmentView) -> str:
    said = {
        "carrier": _("said by the carrier"),
        "buyer": _("said by the buyer"),
        "operations": _("said by the bank"),
        "time": _("nobody said otherwise"),
    }
    if part.delivered_at:
        return said.get(part.delivered_said_by, "")
    if part.promised_by:
        return _("promised by %(day)s") % {"day": date_format(part.promised_by, "WEEKDAY_FORMAT")}
    return ""


def _release_note(*, part: ConsignmentView, for_buyer: bool) -> str:
    if part.released_at or not part.release_due or part.delivered_at:
        return ""
    day = date_format(part.release_due, "WEEKDAY_FORMAT")
    if for_buyer:
        return _("by itself on %(day)s, unless you say that something is wrong") % {"day": day}
    return _("on %(day)s at the latest, unless the buyer says that something is wrong") % {"day": day}


def badge_of(*, status: str) -> tuple[str, str]:
    """Return a parcel's state in a word, and the kind of its badge."""
    return {
        states.AWAITING_PAYMENT: (_("Awaiting payment"), "warn"),
        states.CONFIRMED: (_("To be packed"), "accent"),
        states.DISPATCHED: (_("On its way"), "accent"),
        states.DELIVERED: (_("Delivered"), "good"),
        states.RELEASED: (_("Delivered and paid out"), "good"),
        states.REFUNDED: (_("Paid back"), ""),
        states.CANCELLED: (_("Cancelled"), "bad"),
    }[status]


def order_badge(*, status: str, parts: Sequence[str]) -> tuple[str, str]:
    """Return an order's state in a word: that of its parcel that is furthest behind."""
    if status == AWAITING_PAYMENT:
        return _("Awaiting payment"), "warn"
    if status == CANCELLED:
        return _("Cancelled"), "bad"
    going = [part for part in parts if part != states.CANCELLED]
    return badge_of(status=min(going, key=states.STATUSES.index) if going else states.CANCELLED)
