"""Home, listings, search and its suggestions."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mall import bank
from mall.catalogue import seen, tree
from mall.context import address_of
from mall.merchants import stores
from mall.search import cards, queries

ON_HOME = 10
TEXT_MOST = 100
RATINGS = (4, 3)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show where to begin."""
    recent = seen.product_ids(request=request)
    return render(
        request,
        "mall/home.html",
        {
            "categories": tree.top(),
            "newest": cards.newest(count=ON_HOME),
            "loved": cards.loved(count=ON_HOME),
            "recent": cards.of_products(product_ids=recent) if recent else [],
            "stores": stores.best(count=8),
        },
    )


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what fits the words, narrowed as the address says."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:TEXT_MOST]
    heading = _("Results for “%(text)s”") % {"text": text} if text else _("Everything on the market")
    return _listing(request, text=text, node=None, heading=heading)


@require_safe
def category(request: HttpRequest, path: str) -> HttpResponse:
    """Show what is in a category and below it."""
    node = tree.find(path=path.strip("/"))
    if node is None:
        raise Http404
    return _listing(request, text="", node=node, heading=node.name)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Offer products while the words are still being typed."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:TEXT_MOST]
    found = queries.suggest(text=text, limit=7) if len(text) > 1 else ()
    return render(request, "mall/_suggestions.html", {"cards": found})


def _listing(request: HttpRequest, *, text: str, node: tree.Node | None, heading: str) -> HttpResponse:
    context = listing_context(request, text=text, node=node) | {"heading": heading}
    return render(request, "mall/listing.html", context)


def listing_context(
    request: HttpRequest, *, text: str, node: tree.Node | None, merchant_id: int | None = None
) -> dict[str, object]:
    """Return what the listing's template needs, narrowed by the address; within one store when it is named."""
    nodes = tree.tree()
    chosen = node or nodes.get(request.GET.get("category", ""))
    sort = request.GET.get("sort", "relevance")
    sort = sort if sort in queries.SORTS else "relevance"
    currency = bank.policy().CURRENCY
    price_from, price_to = _price(request.GET.get("from")), _price(request.GET.get("to"))
    filters = queries.Filters(
        category_id=chosen.pk if chosen else None,
        merchant_id=merchant_id or _whole(request.GET.get("merchant")),
        currency=currency if price_from is not None or price_to is not None else "",
        price_from=price_from,
        price_to=price_to,
        rating=_whole(request.GET.get("rating")),
        in_stock=request.GET.get("stock") == "1",
    )
    found = queries.search(text=text, filters=filters, sort=sort, page=_whole(request.GET.get("page")) or 1)
    counts = {choice.id: choice.count for choice in found.categories}
    return {
        "listing": found,
        "query_text": text,
        "filters": filters,
        "sort": sort,
        "sorts": _sorts(text=text),
        "ratings": RATINGS,
        "chosen": chosen,
        "crumbs": _crumbs(node=node, nodes=nodes),
        "facet_categories": _facet_categories(chosen=chosen, nodes=nodes, counts=counts),
        "in_place": bool(text or merchant_id),
        "chips": _chips(filters=filters, found=found, chosen=None if node else chosen, in_store=bool(merchant_id)),
        "currency": currency,
        "categories": tree.top(),
    }


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
    *, chosen: tree.Node | None, nodes: dict[str, tree.Node], counts: dict[int, int]
) -> list[tuple[tree.Node, int]]:
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
    if filters.rating is not None:
        chips.append((_("%(score)s stars and more") % {"score": filters.rating}, "rating"))
    if filters.in_stock:
        chips.append((_("In stock"), "stock"))
    return chips


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
