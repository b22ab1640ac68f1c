"""The product page."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from mall import bank
from mall.catalogue import details, hints, photos, pictures, seen, tree
from mall.promotions import words as promotions
from mall.proposals import merging
from mall.returns import windows
from mall.search import cards

ALIKE = 5


@require_safe
def product(request: HttpRequest, product_slug: str, pk: int) -> HttpResponse:
    """Show a product with every merchant's offer, one of them chosen."""
    at = bank.now()
    asked = request.GET.get("offer", "")
    chosen = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 16 else None
    found = details.details(product_id=pk, chosen=chosen, at=at)
    if found is None:
        other = merging.led_to(product_id=pk)
        if other is None:
            raise Http404
        return redirect("product", other[1], other[0], permanent=True)
    if found.product_id != pk:
        # A product with variants is shown as the one to begin with, under that one's address, which may change.
        return redirect("product", found.slug, found.product_id)
    if found.slug != product_slug:
        return redirect("product", found.slug, pk, permanent=True)
    offer = found.offer
    said = hints.lines(request=request, amount=offer.price, currency=offer.currency, at=at) if offer else []
    alike = cards.alike(product_ids=[found.family_id], count=ALIKE)
    response = render(
        request,
        "mall/product.html",
        {
            "product": found,
            "offer": offer,
            "back": windows.promise(product_id=found.product_id, merchant_slug=offer.merchant_slug) if offer else None,
            "others": [other for other in found.offers if offer and other.stockrecord_id != offer.stockrecord_id],
            "crumbs": _crumbs(category_id=found.category_id, title=found.title),
            "hint": said[0] if said else "",
            "plans": said[1:],
            "views": pictures.VIEWS,
            "promotions": promotions.running(stockrecord_id=offer.stockrecord_id, product_id=found.product_id, at=at)
            if offer
            else [],
            "alike": cards.dressed(
                hits=alike,
                plans=hints.plans(request=request, currency=offer.currency, at=at) if offer and alike else [],
                at=at,
            ),
        },
    )
    seen.remember(request=request, response=response, product_id=found.family_id)
    return response


@require_safe
def picture(request: HttpRequest, product_slug: str, pk: int, number: int) -> HttpResponse:
    """Show one picture of a product as large as the window: where the script that does so in place did not run."""
    found = details.title_of(product_id=pk)
    if found is None:
        raise Http404
    title, category, taken = found
    views = range(1, len(taken) + 1) if taken else pictures.VIEWS
    if number not in views:
        raise Http404
    context = {
        "product_id": pk,
        "slug": product_slug,
        "title": title,
        "category": category,
        "number": number,
        "photo": taken[number - 1] if taken else "",
        "views": views,
        "before": number - 1 if number > 1 else len(views),
        "after": number + 1 if number < len(views) else 1,
    }
    return render(request, "mall/product_picture.html", context)


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def photo(request: HttpRequest, digest: str, width: str) -> FileResponse:
    """Serve a product's photograph in one of its widths."""
    file = photos.sized(digest=digest, width=int(width))
    if file is None:
        raise Http404
    return FileResponse(file, content_type="image/webp")


def _crumbs(*, category_id: int | None, title: str) -> list[tuple[str, str]]:
    nodes = tree.tree()
    node = next((node for node in nodes.values() if node.pk == category_id), None)
    if node is None:
        return []
    above = [(nodes[path].name, nodes[path].url) for path in node.above]
    return [*above, (node.name, node.url), (title, "")]
