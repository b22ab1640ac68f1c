"""A store's public page."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mall import bank
from mall.merchants import stores
from mall.merchants.models import ACTIVE, APPLIED, Merchant
from mall.queries import desk
from mall.search.listing import listing_context
from mall.storefront import queries as storefront


@require_safe
def store(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a store: who it is, what it sells, what buyers say."""
    merchant = Merchant.objects.filter(slug=slug).exclude(status=APPLIED).first()
    if merchant is None:
        raise Http404
    context = listing_context(request, text="", node=None, merchant_id=merchant.pk)
    context |= {
        "merchant": merchant,
        "store_page": storefront.page(merchant=merchant, at=bank.now()),
        "store": stores.of(merchant=merchant),
        "desk": desk.desk(merchant_id=merchant.pk, at=bank.now()),
        "closed": merchant.status != ACTIVE,
        "reviews": stores.latest_reviews(merchant=merchant),
    }
    return render(request, "mall/store.html", context)
