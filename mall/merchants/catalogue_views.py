"""A merchant's catalogue: prices and stock of many offers at once, and new products."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mall import bank
from mall.catalogue import tree
from mall.catalogue.operations import ChangeOffer, ListProduct, UnableToList, change_offers, list_products
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.forms import OfferForm, ProductForm
from mall.merchants.views import framed
from mall.queries.merchants import OfferRow, Workplace, catalogue_of

PAGE_SIZE = 25


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def catalogue(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the offers of a page with price and stock to edit, and save what was changed."""
    text = request.GET.get("find", "").replace("\x00", "")[:100]
    asked = request.GET.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdecimal() and 0 < len(asked) < 7 else 1
    offers, total = catalogue_of(merchant_id=place.merchant_id, text=text, page=page, page_size=PAGE_SIZE)
    rows = [(offer, _form(request=request, offer=offer)) for offer in offers]
    if request.method == "POST":
        saved = _save(request=request, place=place, rows=rows)
        if saved is not None:
            messages.success(request, _("%(count)d changed.") % {"count": saved})
            return redirect(request.get_full_path())
    context = {
        "rows": rows,
        "total": total,
        "text": text,
        "number": max(page, 1),
        "pages": max(1, -(-total // PAGE_SIZE)),
    }
    frame = framed(request, place, "merchant-catalogue")
    return render(
        request, "mall/merchant/catalogue.html", frame | context, status=422 if request.method == "POST" else 200
    )


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def product(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List a new product."""
    categories = [(node.path, "– " * len(node.above) + node.name) for node in tree.tree().values()]
    form = ProductForm(request.POST or None, categories=categories, currency=place.currency)
    if request.method == "POST" and form.is_valid():
        nodes = tree.tree()
        node = nodes[form.cleaned_data["category"]]
        [result] = list_products(
            requests=[
                ListProduct(
                    title=form.cleaned_data["title"],
                    merchant_id=place.merchant_id,
                    sku=form.cleaned_data["sku"],
                    price_minor=bank.minor(amount=form.cleaned_data["price"], currency=place.currency),
                    currency=place.currency,
                    stock=form.cleaned_data["stock"],
                    category=(*(nodes[path].name for path in node.above), node.name),
                    description=form.cleaned_data["description"],
                    at=bank.now(),
                )
            ]
        )
        if isinstance(result, UnableToList):
            form.add_error(None, str(result))
        elif result.replayed:
            form.add_error("sku", _("You list something under this number already."))
        else:
            messages.success(request, _("“%(title)s” is on the market.") % {"title": form.cleaned_data["title"]})
            return redirect("merchant-catalogue")
    context = framed(request, place, "merchant-catalogue") | {"form": form}
    return render(request, "mall/merchant/product.html", context, status=422 if form.errors else 200)


def _form(*, request: HttpRequest, offer: OfferRow) -> OfferForm:
    initial = {"price": bank.decimal(amount=offer.price, currency=offer.currency), "stock": offer.stock}
    data = request.POST if request.method == "POST" and f"o{offer.stockrecord_id}-price" in request.POST else None
    return OfferForm(data, initial=initial, prefix=f"o{offer.stockrecord_id}")


def _save(*, request: HttpRequest, place: Workplace, rows: list[tuple[OfferRow, OfferForm]]) -> int | None:
    """Save the changed offers; return how many, or nothing when one of them is wrong."""
    touched = [(offer, form) for offer, form in rows if form.is_bound]
    if [form for _offer, form in touched if not form.is_valid()]:
        return None
    by = actor(request=request, place=place)
    wishes = []
    for offer, form in touched:
        price = bank.minor(amount=form.cleaned_data["price"], currency=offer.currency)
        stock = form.cleaned_data["stock"]
        if price != offer.price or (stock is not None and stock != offer.stock):
            new_stock = None if stock == offer.stock else stock
            new_price = None if price == offer.price else price
            wishes.append(
                (form, ChangeOffer(stockrecord_id=offer.stockrecord_id, by=by, price_minor=new_price, stock=new_stock))
            )
    results = change_offers(requests=[wish for _form, wish in wishes])
    wrong = False
    for (form, _wish), result in zip(wishes, results, strict=True):
        if isinstance(result, UnableToList):
            form.add_error("stock", str(result))
            wrong = True
    return None if wrong else len(wishes)
