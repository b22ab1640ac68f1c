"""Home, listings, search and its suggestions."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mall import bank
from mall.catalogue import hints, seen, tree
from mall.merchants import stores
from mall.search import cards, queries
from mall.search.listing import listing_context

ON_HOME = 10
SEEN_ON_HOME = 5
TEXT_MOST = 100


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show where to begin."""
    at = bank.now()
    recent = seen.product_ids(request=request)[:SEEN_ON_HOME]
    shelves = {
        "recent": cards.of_products(product_ids=recent) if recent else [],
        "loved": cards.loved(count=ON_HOME),
        "newest": cards.newest(count=ON_HOME),
    }
    if recent:
        shelves["alike"] = cards.alike(product_ids=recent, count=ON_HOME)
    plans = hints.plans(request=request, currency=bank.policy().CURRENCY, at=at)
    return render(
        request,
        "mall/home.html",
        {
            "categories": tree.top(),
            "stores": stores.best(count=8),
            "payable_monthly": max((plan.highest for plan in plans), default=0) if request.user.is_authenticated else 0,
            **cards.dressed_shelves(shelves=shelves, plans=plans, at=at),
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
    """Offer ways to go on, and products, while the words are still being typed."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:TEXT_MOST]
    ways, found = queries.suggest(text=text, limit=6) if len(text) > 1 or not text.isascii() else ((), ())
    return render(request, "mall/_suggestions.html", {"ways": ways, "cards": found})


def _listing(request: HttpRequest, *, text: str, node: tree.Node | None, heading: str) -> HttpResponse:
    context = listing_context(request, text=text, node=node) | {"heading": heading}
    return render(request, "mall/listing.html", context)
