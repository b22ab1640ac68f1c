"""Offers as files see them: read for comparing, changed line by line, and put back as they were."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _

from mall import bank
from mall.actors import Actor
from mall.catalogue.texts import ChangeTexts, UnableToChangeTexts, change_texts
from mall.imports.categories import Known
from mall.imports.shape import Outcome, Problem
from mall.partner import operations as partner
from mall.partner.operations import MAX_HANDLING_DAYS, UNLIMITED, SetOffer, UnableToSetOffer

LISTED, UNLISTED = "listed", "unlisted"
MOST_PIECES = 1_000_000
LONGEST_TITLE, LONGEST_DESCRIPTION = 120, 4_000
TEXTS = ("title", "description", "category")
# Kept beside "category": all the categories a product is in, by their ids.
CATEGORY_IDS = "category_ids"
# In what a line changed: it made the offer.
MADE = "made"
_UNSHOWN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Offer:
    """One offer; `facts` by the codes of the catalogue's columns, prices in minor units.

    `own`: nobody else sells the product, so its texts are this merchant's to change.
    """

    stockrecord_id: int
    product_id: int
    merchant_id: int
    sku: str
    version: int
    reserved: int
    own: bool
    category_ids: tuple[int, ...]
    currency: str
    facts: Mapping[str, object]


_READ = """
SELECT s.id, s.product_id, m.id, s.partner_sku, s.version, coalesce(s.num_allocated, 0),
       p.structure = 'standalone' AND NOT EXISTS (
           SELECT 1 FROM partner_stockrecord o WHERE o.product_id = s.product_id AND o.partner_id <> s.partner_id
       ),
       ARRAY(SELECT c.category_id FROM catalogue_productcategory c
             WHERE c.product_id = coalesce(p.parent_id, p.id) ORDER BY c.id),
       s.price_currency, coalesce(nullif(p.title, ''), parent.title, ''),
       coalesce(nullif(p.description, ''), parent.description, ''), s.price, s.kept_price, s.num_in_stock,
       s.handling_days, s.condition
FROM partner_stockrecord s
JOIN merchants_merchant m ON m.partner_id = s.partner_id
JOIN catalogue_product p ON p.id = s.product_id
LEFT JOIN catalogue_product parent ON parent.id = p.parent_id
"""


def read(*, merchant_id: int, skus: Sequence[str], lock: bool = False) -> dict[str, Offer]:
    """Return a merchant's offers by their numbers, those that exist; locked in id order when they are to be changed."""
    where = "WHERE m.id = %s AND s.partner_sku = ANY(%s) ORDER BY s.id" + (" FOR NO KEY UPDATE OF s" if lock else "")
    return {offer.sku: offer for offer in _rows(_READ + where, [merchant_id, list(skus)])}


def page(*, merchant_id: int, after: int, size: int, where: str = "", values: Sequence[object] = ()) -> list[Offer]:
    """Return a merchant's offers behind an id, in the order of their ids; `where` is one more condition of ours."""
    condition = f"WHERE m.id = %s AND s.id > %s {where} ORDER BY s.id LIMIT %s"
    return _rows(_READ + condition, [merchant_id, after, *values, size])


def count(*, merchant_id: int, where: str = "", values: Sequence[object] = ()) -> int:
    """Return how many offers of a merchant there are, or fulfil one more condition of ours."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_READ} WHERE m.id = %s {where}) found", [merchant_id, *values])  # noqa: S608
        return cursor.fetchone()[0]


def _rows(statement: str, values: Sequence[object]) -> list[Offer]:
    known = Known()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [_offer(known, *row) for row in cursor.fetchall()]


def _offer(
    known: Known, pk: int, product_id: int, merchant_id: int, sku: str, version: int, reserved: int, own: bool,
    categories: list[int], currency: str, title: str, description: str, price: Decimal | None, kept: Decimal | None,
    stock: int | None, days: int, condition: str,
) -> Offer:  # fmt: skip
    asked = kept if price is None else price
    facts = {
        "title": plain_line(title),
        "description": plain_text(description),
        "category": known.text(pk=categories[0]) if categories else "",
        "price": 0 if asked is None else bank.minor(amount=asked, currency=currency),
        "stock": UNLIMITED if stock is None else stock,
        "days": days,
        "condition": condition,
        "state": UNLISTED if price is None else LISTED,
    }
    return Offer(pk, product_id, merchant_id, sku, version, reserved, own, tuple(categories), currency, facts)


def plain_text(text: str) -> str:
    """Return text as files carry it: one kind of line end, nothing around it, nothing that cannot be shown."""
    return _UNSHOWN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def plain_line(text: str) -> str:
    """Return text on one line, with single spaces."""
    return " ".join(plain_text(text).split())


def difference(*, values: Mapping[str, object], offer: Offer) -> dict[str, object]:
    """Return the fields of a line that say otherwise than the offer."""
    found = {name: value for name, value in values.items() if name in offer.facts and value != offer.facts[name]}
    if "category" in found and offer.category_ids[:1] == (values.get("category_id"),):
        del found["category"]
    return found


def objections(*, after: Mapping[str, object], offer: Offer | None) -> list[Problem]:
    """Return what speaks against these changes of an offer, or against a new one."""
    found = []
    title, description = str(after.get("title", "")), str(after.get("description", ""))
    for label, text, most in ((_("Name"), title, LONGEST_TITLE), (_("Description"), description, LONGEST_DESCRIPTION)):
        if len(text) > most:
            what = _("It has %(count)d characters; at most %(most)d fit.") % {"count": len(text), "most": most}
            found.append(Problem(label, what, _("Shorten it by %(count)d.") % {"count": len(text) - most}))
    stock = after.get("stock")
    if isinstance(stock, int):
        found += _stock_objections(stock=stock, reserved=offer.reserved if offer else 0)
    days = after.get("days")
    if isinstance(days, int) and days > MAX_HANDLING_DAYS:
        what = _("What is ordered must leave within %(most)d working days.") % {"most": MAX_HANDLING_DAYS}
        found.append(Problem(_("Handling days"), what, _("Write a number from 0 to %(most)d.") % {
            "most": MAX_HANDLING_DAYS}))  # fmt: skip
    if offer and "condition" in after:
        what = _("An offer keeps its condition: this one is %(condition)s.") % {"condition": offer.facts["condition"]}
        found.append(Problem(_("Condition"), what, _("List the other one under a number of its own.")))
    if after.get("price") == 0:
        found.append(Problem(_("Price"), _("A price of zero gives it away."), _("Write a price above zero.")))
    if offer and not offer.own and (shared := [name for name in TEXTS if name in after]):
        labels = {"title": _("Name"), "description": _("Description"), "category": _("Category")}
        found.append(
            Problem(
                ", ".join(labels[name] for name in shared),
                _("Other stores sell this product too, or it has variants: its texts are shared."),
                _("Empty these cells; price, stock and state are yours alone."),
            )
        )
    return found


def _stock_objections(*, stock: int, reserved: int) -> list[Problem]:
    if stock > MOST_PIECES:
        what = _("%(stock)s pieces are more than a stock can be here.") % {"stock": f"{stock:,}"}
        remedy = _("Write at most %(most)s, or “unlimited”.") % {"most": f"{MOST_PIECES:,}"}
        return [Problem(_("Stock"), what, remedy)]
    if stock < reserved:
        what = _("%(count)d pieces are ordered and not sent yet.") % {"count": reserved}
        return [Problem(_("Stock"), what, _("Write at least %(count)d.") % {"count": reserved})]
    return []


def change(
    *, actor: Actor, changes: Sequence[tuple[Offer, Mapping[str, object], Mapping[str, object]]], at: datetime
) -> list[Outcome]:
    """Make the changes, each (offer, fields to set, extra values), in the caller's transaction.

    An offer that cannot take one of its changes takes none.
    """
    barred = [objections(after=after, offer=offer) for offer, after, _extra in changes]
    sets = partner.set_offers(
        requests=[
            _wish(offer=offer, after={} if problems else after, actor=actor, extra=extra)
            for (offer, after, extra), problems in zip(changes, barred, strict=True)
        ],
        at=at,
    )
    wanted = [
        (index, _texts(offer=offer, after=after, extra=extra))
        for index, (offer, after, extra) in enumerate(changes)
        if not barred[index] and any(name in after for name in TEXTS) and not isinstance(sets[index], UnableToSetOffer)
    ]
    written = dict(zip((index for index, _w in wanted),
                       change_texts(requests=[wish for _index, wish in wanted], at=at), strict=True))  # fmt: skip
    return [
        _outcome(offer=offer, after=after, problems=barred[index], offer_set=sets[index], texts=written.get(index),
                 extra=extra)
        for index, (offer, after, extra) in enumerate(changes)
    ]  # fmt: skip


def _wish(*, offer: Offer, after: Mapping[str, object], actor: Actor, extra: Mapping[str, object]) -> SetOffer:
    return SetOffer(
        stockrecord_id=offer.stockrecord_id,
        price_minor=after.get("price"),
        stock=after.get("stock"),
        handling_days=after.get("days"),
        listed=None if "state" not in after else after["state"] == LISTED,
        expected_version=extra.get("version"),
        by=actor,
    )


def _texts(*, offer: Offer, after: Mapping[str, object], extra: Mapping[str, object]) -> ChangeTexts:
    return ChangeTexts(
        product_id=offer.product_id,
        merchant_id=offer.merchant_id,
        title=after.get("title"),
        description=after.get("description"),
        category_ids=tuple(extra[CATEGORY_IDS]) if "category" in after else None,
    )


def _outcome(
    *,
    offer: Offer,
    after: Mapping[str, object],
    problems: Sequence[Problem],
    offer_set: object,
    texts: int | UnableToChangeTexts | None,
    extra: Mapping[str, object],
) -> Outcome:
    if isinstance(offer_set, UnableToSetOffer):
        problems = [*problems, Problem("", str(offer_set), offer_set.remedy)]
    if problems:
        return Outcome({}, {}, problems, done=False)
    before = {name: offer.facts[name] for name in after}
    became = dict(after)
    if "category" in after:
        before[CATEGORY_IDS], became[CATEGORY_IDS] = list(offer.category_ids), list(extra[CATEGORY_IDS])
    if isinstance(texts, UnableToChangeTexts):
        # Somebody began to sell the product a moment ago; prices and stock are set all the same.
        left = {name: value for name, value in became.items() if name not in (*TEXTS, CATEGORY_IDS)}
        told = Problem("", str(texts), _("Empty the texts of this line; price, stock and state are set."))
        return Outcome({name: before[name] for name in left}, left, [told])
    return Outcome(before, became)


def unlist(*, actor: Actor, stockrecord_ids: Sequence[int], at: datetime) -> None:
    """Take offers off the market, in the caller's transaction."""
    partner.set_offers(requests=[SetOffer(stockrecord_id=pk, listed=False, by=actor) for pk in stockrecord_ids], at=at)
