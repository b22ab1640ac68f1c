"""Promotions in the reader's words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from mall import bank
from mall.promotions import queries
from mall.promotions.evaluating import BETTER, MINIMUM, TWICE, USED_UP, Idle
from mall.promotions.models import AMOUNT, PERCENTAGE, PIECES
from mall.promotions.queries import PromotionView

PHASES = {
    "proposed": ("warn", lambda: _("waits for a second person")),
    "coming": ("accent", lambda: _("not begun")),
    "running": ("good", lambda: _("running")),
    "over": ("", lambda: _("over")),
    "ended": ("", lambda: _("ended")),
    "declined": ("bad", lambda: _("declined")),
}


def gives(*, kind: str, value: int, paid_for: int, currency: str) -> str:
    """Return what a promotion gives."""
    if kind == PERCENTAGE:
        return _("%(percent)s %% off") % {"percent": f"{value / 100:.2f}".rstrip("0").rstrip(".")}
    if kind == AMOUNT:
        return _("%(sum)s off") % {"sum": bank.text(amount=value, currency=currency)}
    if kind == PIECES:
        return _("%(pieces)d for %(paid)d") % {"pieces": value, "paid": paid_for}
    return _("free delivery")


def row(*, view: PromotionView, at: datetime) -> dict[str, object]:
    """Return what a list says of a promotion."""
    kind, phase = PHASES[view.phase(at=at)]
    return {
        "view": view,
        "gives": gives(kind=view.kind, value=view.value, paid_for=view.paid_for, currency=view.currency),
        "badge": (phase(), kind),
        "used_percent": min(100, view.spent * 100 // view.budget) if view.budget else 0,
        "open": view.phase(at=at) in ("running", "coming"),
    }


def why_idle(*, idle: Idle, currency: str) -> str:
    """Return why a code that was entered takes nothing off."""
    names = {"code": idle.code}
    if idle.why == BETTER:
        return _("%(code)s is not used: “%(better)s” gives you more, and a store's promotions do not add up.") % (
            names | {"better": idle.better}
        )
    if idle.why == MINIMUM:
        missing = bank.text(amount=idle.missing, currency=currency)
        return _("%(code)s counts once you add goods for %(missing)s.") % (names | {"missing": missing})
    if idle.why == USED_UP:
        return _("%(code)s is used up.") % names
    if idle.why == TWICE:
        return _("You have used %(code)s already.") % names
    return _("%(code)s gives nothing off what is in your basket.") % names


def running(*, stockrecord_id: int, product_id: int, at: datetime) -> list[str]:
    """Return what counts by itself for an offer now, a sentence each, for the product page."""
    told = []
    for row in queries.running_for(stockrecord_id=stockrecord_id, product_id=product_id, at=at):
        given = gives(kind=row.kind, value=row.value, paid_for=row.paid_for, currency=row.currency)
        if row.minimum:
            least = bank.text(amount=row.minimum, currency=row.currency)
            given = _("%(gives)s from %(least)s") % {"gives": given, "least": least}
        told.append(f"{row.name}: {given}")
    return told
