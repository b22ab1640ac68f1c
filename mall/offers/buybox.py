"""The buy box: which of several merchants' offers of one product is shown first, and why.

`sql/ranked.sql` is the one place where offers are scored: search computes its entries from it, the product page and
the basket read it here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mall import bank
from mall.offers.models import BuyBoxWeights
from mall.shipping import quotes

_FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """One merchant's offer and how good it is; amounts in minor units, `score` and the shares 0 to 1.

    ``landed``: the price with the usual delivery. ``days``: working days until it arrives. ``place``: 1 is shown first.
    ``version`` and the weights, in basis points, are those by which it was decided.
    """

    product_id: int
    stockrecord_id: int
    merchant_id: int
    merchant: str
    currency: str
    price: int
    landed: int
    days: int
    free: int | None
    in_stock: bool
    condition: str
    price_share: float
    speed_share: float
    quality_share: float
    stock_share: float
    score: float
    place: int
    version: int
    price_weight: int
    speed_weight: int
    quality_weight: int
    stock_weight: int


_RANKED = """
SELECT product_id, stockrecord_id, merchant_id, merchant_name, currency, minor, landed, days, free, in_stock, condition,
       price_share, speed_share, quality_share, stock_share, score, place, version, price_weight, speed_weight,
       quality_weight, stock_weight
FROM ({ranked}) ranked ORDER BY product_id, place
"""


def ranked(*, product_ids: Collection[int]) -> dict[int, list[RankedOffer]]:
    """Return the offers of each product, the one to show first first, in one statement for all of them."""
    found: dict[int, list[RankedOffer]] = {}
    if not product_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(_RANKED.format(ranked=ranked_sql()), ranked_values(product_ids=product_ids))
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(RankedOffer(*row))
    return found


@cache
def ranked_sql() -> str:
    """Return the statement that ranks offers, for use inside others; `ranked_values` has what it needs."""
    return (_FOLDER / "ranked.sql").read_text(encoding="utf-8")


@cache
def standings_sql() -> str:
    """Return the statement that counts how well merchants do."""
    return (_FOLDER / "standings.sql").read_text(encoding="utf-8")


def ranked_values(*, product_ids: Collection[int]) -> dict[str, object]:
    """Return the values of the statement that ranks the offers of these products."""
    policy = bank.policy()
    return {
        "members": sorted(product_ids),
        "exponents": bank.exponents_json(),
        "free_from": policy.SHIPPING_FREE_FROM,
        "charge": policy.SHIPPING_CHARGE,
        "days": quotes.USUAL_DAYS,
    }


def weights() -> BuyBoxWeights:
    """Return the weights in force."""
    return BuyBoxWeights.objects.order_by("-version")[0]


def shares(*, offer: RankedOffer) -> list[tuple[str, int]]:
    """Return what counted and how much, in percent, the weightiest first."""
    named = (
        (_("price with delivery"), offer.price_weight),
        (_("how well the store does"), offer.quality_weight),
        (_("delivery time"), offer.speed_weight),
        (_("stock"), offer.stock_weight),
    )
    return sorted(((name, weight // 100) for name, weight in named), key=lambda pair: -pair[1])


def why(*, offers: Sequence[RankedOffer]) -> list[str]:
    """Return, in words for the shopper, why the first of these offers of one product stands first."""
    if len(offers) < 2:
        return []
    first = offers[0]
    if not first.in_stock:
        return [_("No store has it in stock at the moment.")]
    buyable = [offer for offer in offers[1:] if offer.in_stock]
    if not buyable:
        return [_("It is the only offer in stock.")]
    # It competed with those of its own kind: used offers come after new ones whatever they cost.
    rivals = [offer for offer in buyable if (offer.condition == "new") == (first.condition == "new")]
    reasons = _won_by(first=first, rivals=rivals) if rivals else [_("It is the only new one in stock.")]
    if rivals and len(rivals) < len(buyable):
        reasons.append(_("New things come before used ones."))
    if len(buyable) < len(offers) - 1:
        reasons.append(_("Offers that are sold out come last."))
    return [reason for reason in reasons if reason]


def _won_by(*, first: RankedOffer, rivals: Sequence[RankedOffer]) -> list[str]:
    reasons = [_price_reason(first=first, rivals=rivals)]
    slower = [rival for rival in rivals if rival.days > first.days]
    if slower and first.days <= min(rival.days for rival in rivals):
        ahead = max(rival.days for rival in slower) - first.days
        reasons.append(
            ngettext(
                "It arrives first, up to %(days)d working day earlier.",
                "It arrives first, up to %(days)d working days earlier.",
                ahead,
            )
            % {"days": ahead}
        )
    if all(first.quality_share > rival.quality_share for rival in rivals):
        reasons.append(_("This store does best: its reviews, parcels in time, orders kept."))
    return reasons


def _price_reason(*, first: RankedOffer, rivals: Sequence[RankedOffer]) -> str:
    same = [rival.landed for rival in rivals if rival.currency == first.currency]
    if not same:
        return ""
    shown: Mapping[str, str] = {"price": bank.text(amount=first.landed, currency=first.currency)}
    if first.landed < min(same):
        return _("It costs least with delivery: %(price)s.") % shown
    if first.landed == min(same):
        return _("Nobody asks less with delivery: %(price)s.") % shown
    more = bank.text(amount=first.landed - min(same), currency=first.currency)
    return _("With delivery it costs %(more)s more than the cheapest; the rest makes up for that.") % {"more": more}
