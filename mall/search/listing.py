"""What a page of products shows: the results, how they can be narrowed, and what narrows them now."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from mall import bank
from mall.catalogue import hints, tree
from mall.context import address_of
from mall.search import cards, queries, tags
from mall.search.facets import Choice
from mall.search.models import FacetValue

RATINGS = (4, 3)
# More values than anybody picks
PICKED_MOST = 20


def listing_context(
    request: HttpRequest, *, text: str, node: tree.Node | None, merchant_id: int | None = None
) -> dict[str, object]:
    """Return what the listing's template needs, narrowed by the address; within one store when it is named."""
    nodes = tree.tree()
    chosen = node or nodes.get(request.GET.get("category", ""))
    sort = request.GET.get("sort", "relevance")
    sort = sort if sort in queries.SORTS else "relevance"
    currency = bank.policy().CURRENCY
    picked = _picked(request)
    price_from, price_to = _price(request.GET.get("from")), _price(request.GET.get("to"))
    at = bank.now()
    plans = hints.plans(request=request, currency=currency, at=at)
    steps = _steps(plans=plans, currency=currency)
    filters = queries.Filters(
        category_id=chosen.pk if chosen else None,
        merchant_id=merchant_id or _whole(request.GET.get("merchant")),
        currency=currency if price_from is not None or price_to is not None else "",
        price_from=price_from,
        price_to=price_to,
        monthly=steps.get(_whole(request.GET.get("monthly"))),
        rating=_rating(request.GET.get("rating")),
        in_stock=request.GET.get("stock") == "1",
        free_delivery=request.GET.get("delivery") == "free",
        attributes=tuple(tuple(value.pk for value in values) for values in picked.values()),
    )
    page = _whole(request.GET.get("page")) or 1
    found = queries.search(text=text, filters=filters, sort=sort, page=page, steps=tuple(steps.values()))
    counts = {choice.id: choice for choice in found.categories}
    return {
        "listing": found,
        "cards": cards.dressed(hits=found.hits, plans=plans, at=at),
        "monthly": _monthly(steps=steps, found=found, filters=filters),
        "query_text": text,
        "filters": filters,
        "sort": sort,
        "sorts": _sorts(text=text),
        "ratings": [(score, found.others.get(tags.tag(kind=tags.RATING, identifier=score))) for score in RATINGS],
        "in_stock": found.others.get(tags.tag(kind=tags.STOCK, identifier=1)),
        "free_delivery": found.others.get(tags.tag(kind=tags.DELIVERY, identifier=tags.FREE_DELIVERY)),
        "facets": _facets(request, found=found, picked=picked),
        "chosen": chosen,
        "crumbs": _crumbs(node=node, nodes=nodes),
        "facet_categories": _facet_categories(chosen=chosen, nodes=nodes, counts=counts),
        "in_place": bool(text or merchant_id),
        "chips": _chips(filters=filters, found=found, chosen=None if node else chosen, in_store=bool(merchant_id)),
        "picked_count": sum(len(values) for values in picked.values()),
        "picked": [
            (f"{value.name}: {value.value}", _toggled(request, value=value.pk))
            for values in picked.values()
            for value in values
        ],
        "kept_parameters": [(name, value) for name, values in request.GET.lists() for value in values],
        "unfiltered": _unfiltered(request),
        "currency": currency,
        "categories": tree.top(),
    }


def _steps(*, plans: list[hints.MonthlyPlan], currency: str) -> dict[int, hints.Prices]:
    """Return what the listing can be narrowed to by the month, by the whole amount that an address names.

    A step that pays for nothing more than the one below it is left out.
    """
    unit = bank.minor(amount=Decimal(1), currency=currency)
    steps: dict[int, hints.Prices] = {}
    before: tuple[tuple[int, int], ...] = ()
    for whole in hints.STEPS if plans else ():
        step = hints.prices_within(plans=plans, monthly=whole * unit, currency=currency)
        if step.ranges != before:
            steps[whole] = step
        before = step.ranges
    return steps


def _monthly(
    *, steps: dict[int, hints.Prices], found: queries.SearchPage, filters: queries.Filters
) -> list[tuple[int, hints.Prices, Choice | None]]:
    """Return the steps with how many products each leaves; of what was counted those that leave none are left out."""
    counted = [
        (whole, step, found.others.get(tags.tag(kind=tags.MONTHLY, identifier=step.monthly)))
        for whole, step in steps.items()
    ]
    return [row for row in counted if row[2] or found.more or row[1] == filters.monthly]


def _sorts(*, text: str) -> list[tuple[str, str]]:
    names = {
        "relevance": _("Best match"),
        "newest": _("Newest"),
        "price": _("Price: low to high"),
        "-price": _("Price: high to low"),
        "rating": _("Rating"),
    }
    return [(code, name) for code, name in names.items() if text or code != "relevance"]


def _facet_categories(
    *, chosen: tree.Node | None, nodes: dict[str, tree.Node], counts: dict[int, Choice]
) -> list[tuple[tree.Node, Choice]]:
    """Return the categories one step down from where the shopper stands, with what is in each."""
    if chosen is None:
        here = [node for node in nodes.values() if not node.above]
    else:
        here = [nodes[path] for path in chosen.below]
    return [(node, counts[node.pk]) for node in here if counts.get(node.pk)]


def _crumbs(*, node: tree.Node | None, nodes: dict[str, tree.Node]) -> list[tuple[str, str]]:
    if node is None:
        return []
    above = [(nodes[path].name, nodes[path].url) for path in node.above]
    return [(_("Market"), address_of("home")), *above, (node.name, "")]


def _chips(
    *, filters: queries.Filters, found: queries.SearchPage, chosen: tree.Node | None, in_store: bool
) -> list[tuple[str, str]]:
    """Return what narrows the listing, each with the parameter that takes it away again."""
    currency = bank.policy().CURRENCY
    chips = []
    if chosen:
        chips.append((chosen.name, "category"))
    if filters.merchant_id is not None and not in_store:
        names = {choice.id: choice.name for choice in found.merchants}
        chips.append((names.get(filters.merchant_id, _("Store")), "merchant"))
    if filters.price_from is not None:
        chips.append((_("from %(price)s") % {"price": bank.text(amount=filters.price_from, currency=currency)}, "from"))
    if filters.price_to is not None:
        chips.append((_("up to %(price)s") % {"price": bank.text(amount=filters.price_to, currency=currency)}, "to"))
    if filters.monthly is not None:
        most = bank.text(amount=filters.monthly.monthly, currency=currency)
        chips.append((_("up to %(amount)s a month") % {"amount": most}, "monthly"))
    if filters.rating is not None:
        chips.append((_("%(score)s stars and more") % {"score": filters.rating}, "rating"))
    if filters.in_stock:
        chips.append((_("In stock"), "stock"))
    if filters.free_delivery:
        chips.append((_("Free delivery"), "delivery"))
    return chips


def _picked(request: HttpRequest) -> dict[str, list[FacetValue]]:
    """Return the attribute values the address names, by attribute; one that does not exist narrows nothing."""
    ids = {number for text in request.GET.getlist("is")[:PICKED_MOST] if (number := _whole(text)) is not None}
    picked: dict[str, list[FacetValue]] = {}
    for value in FacetValue.objects.filter(pk__in=ids).order_by("name", "value") if ids else ():
        picked.setdefault(value.name, []).append(value)
    return picked


def _facets(
    request: HttpRequest, *, found: queries.SearchPage, picked: dict[str, list[FacetValue]]
) -> list[tuple[str, list[tuple[Choice, str, bool]]]]:
    """Return the attributes to narrow by: each value with its count, its address, and whether it is picked."""
    chosen = {value.pk for values in picked.values() for value in values}
    return [
        (
            facet.name,
            [(choice, _toggled(request, value=choice.id), choice.id in chosen) for choice in facet.choices],
        )
        for facet in found.attributes
    ]


def _toggled(request: HttpRequest, *, value: int) -> str:
    """Return the page's address with a value picked, or not any more, at the first page."""
    query = request.GET.copy()
    query.pop("page", None)
    values = query.getlist("is")
    query.setlist("is", [one for one in values if one != str(value)] if str(value) in values else [*values, str(value)])
    return f"?{query.urlencode()}"


def _unfiltered(request: HttpRequest) -> str:
    """Return the page's address with its words and order, and nothing that narrows it."""
    kept = QueryDict(mutable=True)
    for name in ("q", "sort"):
        if request.GET.get(name):
            kept[name] = request.GET[name]
    return f"?{kept.urlencode()}"


def _rating(text: str | None) -> int | None:
    return _whole(text) if _whole(text) in RATINGS else None


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _price(text: str | None) -> int | None:
    try:
        amount = Decimal((text or "").replace(",", ".").strip() or "NaN")
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount < 10_000_000:
        return None
    return bank.minor(amount=amount, currency=bank.policy().CURRENCY)
