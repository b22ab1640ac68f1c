"""Putting offers back as they were before an import, where nobody changed them since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall import bank
from mall.actors import Actor
from mall.imports import offers
from mall.imports.models import ImportLine
from mall.imports.offers import CATEGORY_IDS, MADE, Offer
from mall.imports.shape import Outcome, Problem
from mall.partner.models import StockRecord
from mall.partner.operations import UNLIMITED

Product = get_model("catalogue", "Product")

# What an import itself writes beside an offer; anything else that names the product is somebody's use of it.
_OWN_TRACES = {
    "catalogue_product_categories", "catalogue_productcategory", "catalogue_productattributevalue",
    "partner_stockrecord", "search_searchentry", "catalogue_product_product_options", "catalogue_productrecommendation",
}  # fmt: skip


def restore(*, actor: Actor, merchant_id: int, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
    """Restore what each line changed, in the caller's transaction; say of each what was not and why."""
    there = offers.read(merchant_id=merchant_id, skus=[line.key for line in lines], lock=True)
    outcomes: dict[int, Outcome] = {}
    made = [line for line in lines if MADE in line.after]
    outcomes |= _remove(actor=actor, lines=[line for line in made if line.key in there], there=there, at=at)
    for line in lines:
        if line.key not in there and line.pk not in outcomes:
            gone = Problem("", _("The offer is not there any more."), _("There is nothing to restore."))
            outcomes[line.pk] = Outcome({}, {}, [gone], done=False)
    changed = [line for line in lines if line.pk not in outcomes]
    plans = [_plan(line=line, offer=there[line.key]) for line in changed]
    results = offers.change(
        actor=actor,
        changes=[
            (there[line.key], back, {CATEGORY_IDS: line.before.get(CATEGORY_IDS, ())})
            for line, (back, _problems) in zip(changed, plans, strict=True)
        ],
        at=at,
    )
    for line, (back, problems), result in zip(changed, plans, results, strict=True):
        told = [*problems, *result.problems]
        outcomes[line.pk] = Outcome(line.before, line.after, told, done=bool(back) and result.done and not told)
    return [outcomes[line.pk] for line in lines]


def _plan(*, line: ImportLine, offer: Offer) -> tuple[dict[str, object], list[Problem]]:
    """Return the fields to put back, and why the others are not."""
    back: dict[str, object] = {}
    problems: list[Problem] = []
    labels = field_labels()
    for name, set_to in line.after.items():
        if name not in offer.facts:
            continue
        before, now = line.before.get(name), offer.facts[name]
        if now == before:
            continue
        if now != set_to:
            shown = {"now": shown_value(name=name, value=now, currency=offer.currency),
                     "set": shown_value(name=name, value=set_to, currency=offer.currency)}  # fmt: skip
            what = _("It is %(now)s now, not %(set)s as the import left it: somebody changed it, or it was sold.")
            problems.append(Problem(labels[name], what % shown, _("Set it by hand if it should be otherwise.")))
        elif name == "stock" and isinstance(before, int) and before < offer.reserved:
            what = _("%(count)d pieces are ordered meanwhile; the stock before was %(before)d.")
            problems.append(Problem(labels[name], what % {"count": offer.reserved, "before": before},
                                    _("Send what is ordered, then set the stock by hand.")))  # fmt: skip
        else:
            back[name] = before
    return back, problems


def _remove(
    *, actor: Actor, lines: Sequence[ImportLine], there: Mapping[str, Offer], at: datetime
) -> dict[int, Outcome]:
    """Take away offers that the import made; what somebody changed stays, what somebody ordered is only unlisted."""
    outcomes: dict[int, Outcome] = {}
    untouched = [line for line in lines if _as_made(line=line, offer=there[line.key])]
    for line in lines:
        if line not in untouched:
            told = Problem("", _("The offer was new and somebody changed it since."), _("Unlist it by hand."))
            outcomes[line.pk] = Outcome({}, line.after, [told], done=False)
    used = _used(found=[there[line.key] for line in untouched])
    kept = [line for line in untouched if there[line.key].stockrecord_id in used]
    offers.unlist(actor=actor, stockrecord_ids=[there[line.key].stockrecord_id for line in kept], at=at)
    for line in kept:
        told = Problem("", _("The offer was new and is ordered, or lies in somebody's basket: it is unlisted."), "")
        outcomes[line.pk] = Outcome({}, line.after, [told], done=False)
    free = [line for line in untouched if line not in kept]
    _delete(found=[there[line.key] for line in free])
    return outcomes | {line.pk: Outcome({}, line.after) for line in free}


def _as_made(*, line: ImportLine, offer: Offer) -> bool:
    return all(offer.facts[name] == value for name, value in line.after.items() if name in offer.facts)


def _used(*, found: Sequence[Offer]) -> set[int]:
    """Return the offers that something of the market refers to, looking through every table that could."""
    by_product = {offer.product_id: offer.stockrecord_id for offer in found}
    ids = {offer.stockrecord_id for offer in found}
    used: set[int] = {offer.stockrecord_id for offer in found if not offer.own}
    if not found:
        return used
    others = StockRecord.objects.filter(product_id__in=by_product).exclude(pk__in=ids)
    used |= {by_product[pk] for pk in others.values_list("product_id", flat=True)}
    # Nobody can begin to refer to them from here on: that would need their rows.
    list(Product.objects.filter(pk__in=by_product).order_by("pk").select_for_update().values_list("pk"))
    for model, named in ((StockRecord, {pk: pk for pk in ids}), (Product, by_product)):
        for relation in model._meta.related_objects:
            if relation.related_model._meta.db_table in _OWN_TRACES or relation.many_to_many:
                continue
            column = relation.field.attname
            rows = relation.related_model._base_manager.filter(**{f"{column}__in": list(named)})
            used |= {named[pk] for pk in rows.values_list(column, flat=True).distinct()}
    return used


_DELETE = (
    "DELETE FROM search_searchentry WHERE product_id = ANY(%(products)s)",
    "DELETE FROM partner_stockrecord WHERE id = ANY(%(offers)s)",
    "DELETE FROM catalogue_productcategory WHERE product_id = ANY(%(products)s)",
    "DELETE FROM catalogue_productattributevalue WHERE product_id = ANY(%(products)s)",
    "DELETE FROM catalogue_product WHERE id = ANY(%(products)s)",
)


def _delete(*, found: Sequence[Offer]) -> None:
    if not found:
        return
    values = {
        "products": [offer.product_id for offer in found],
        "offers": [offer.stockrecord_id for offer in found],
    }
    with connection.cursor() as cursor:
        for statement in _DELETE:
            cursor.execute(statement, values)


def field_labels() -> dict[str, str]:
    """Return what the fields of an offer are called."""
    return {
        "title": _("Name"),
        "description": _("Description"),
        "category": _("Category"),
        "price": _("Price"),
        "stock": _("Stock"),
        "days": _("Handling days"),
        "condition": _("Condition"),
        "state": _("State"),
    }


def shown_value(*, name: str, value: object, currency: str) -> str:
    """Return a field's value for people."""
    if name == "price" and isinstance(value, int):
        return bank.text(amount=value, currency=currency)
    if value == UNLIMITED:
        return _("unlimited")
    if value in (offers.LISTED, offers.UNLISTED):
        return _("listed") if value == offers.LISTED else _("unlisted")
    return "–" if value in (None, "") else str(value)
