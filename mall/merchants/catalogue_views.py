"""A merchant's catalogue: prices and stock of many offers at once, and one offer alone."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from mall import bank
from mall.catalogue.operations import ChangeOffer, UnableToList, change_offers
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.forms import OfferForm
from mall.merchants.views import framed
from mall.offers import shelf
from mall.offers.shelf import ShelfRow
from mall.queries.merchants import Workplace

HERE = "merchant-catalogue"
Rows = list[tuple[ShelfRow, OfferForm]]


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def catalogue(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the offers of a page with price and stock to edit, and save what was changed."""
    text = request.GET.get("find", "").replace("\x00", "")[:100]
    state = request.GET.get("state", "")
    after = request.GET.get("after", "").replace("\x00", "")[:128]
    found = shelf.page(merchant_id=place.merchant_id, text=text, state=state, after=after)
    rows = [(row, _form(request, row=row)) for row in found.rows]
    if request.method == "POST":
        saved = _save(request, place=place, rows=rows)
        if saved is not None:
            messages.success(request, _("%(count)d changed.") % {"count": saved})
            return redirect(request.get_full_path())
    names = {
        "": _("All"),
        shelf.ON_SALE: _("On sale"),
        shelf.LOW: _("Few left"),
        shelf.SOLD_OUT: _("Sold out"),
        shelf.HIDDEN: _("Not shown"),
    }
    context = {
        "rows": rows,
        "text": text,
        "after": after,
        "next": found.next,
        "states": [(code, name, code == state) for code, name in names.items()],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "mall/merchant/catalogue.html", framed(request, place, HERE) | context, status=status)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, place: Workplace, stockrecord_id: int) -> HttpResponse:
    """Show one offer: price, stock and how long it takes to leave; and where it stands among others."""
    found = shelf.of(merchant_id=place.merchant_id, stockrecord_ids=[stockrecord_id])
    if not found:
        raise Http404
    [row] = found
    form = _form(request, row=row, with_days=True)
    if request.method == "POST" and _save(request, place=place, rows=[(row, form)]) is not None:
        messages.success(request, _("Saved."))
        return redirect("merchant-offer-edit", stockrecord_id)
    context = framed(request, place, HERE) | {"row": row, "form": form}
    return render(request, "mall/merchant/offer_edit.html", context, status=422 if request.method == "POST" else 200)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def product(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Lead to where offers begin: the search of the shared catalogue."""
    return redirect(reverse("merchant-find"))


def _form(request: HttpRequest, *, row: ShelfRow, with_days: bool = False) -> OfferForm:
    initial = {
        "price": bank.decimal(amount=row.price, currency=row.currency),
        "stock": row.stock,
        "handling_days": row.handling_days,
    }
    prefix = f"o{row.stockrecord_id}"
    data = request.POST if request.method == "POST" and f"{prefix}-price" in request.POST else None
    return OfferForm(data, initial=initial, prefix=prefix, with_days=with_days)


def _save(request: HttpRequest, *, place: Workplace, rows: Rows) -> int | None:
    """Save the changed offers; return how many, or nothing when one of them is wrong.

    What the page showed comes back with it, so a price set in another window meanwhile is not set back unseen.
    """
    touched = [(row, form) for row, form in rows if form.is_bound]
    if [form for _row, form in touched if not form.is_valid()]:
        return None
    wishes = []
    for row, form in touched:
        wish = _wish(request, place=place, row=row, form=form)
        if wish is not None:
            wishes.append((form, wish))
    results = change_offers(requests=[wish for _form, wish in wishes])
    wrong = False
    for (form, wish), result in zip(wishes, results, strict=True):
        if isinstance(result, UnableToList):
            form.add_error("stock" if wish.stock is not None and "stock" in str(result) else "price", str(result))
            wrong = True
    return None if wrong else len(wishes)


def _wish(request: HttpRequest, *, place: Workplace, row: ShelfRow, form: OfferForm) -> ChangeOffer | None:
    """Return what is to be changed of an offer, compared with what its page showed; nothing when that is nothing."""
    data = form.cleaned_data
    price = bank.minor(amount=data["price"], currency=row.currency)
    seen_price, seen_stock = _seen(request, row=row)
    new_price = None if price == seen_price else price
    new_stock = None if data["stock"] is None or data["stock"] == seen_stock else data["stock"]
    new_days = data.get("handling_days")
    new_days = None if new_days == row.handling_days else new_days
    if new_price is None and new_stock is None and new_days is None:
        return None
    return ChangeOffer(
        stockrecord_id=row.stockrecord_id,
        by=actor(request=request, place=place),
        price_minor=new_price,
        stock=new_stock,
        handling_days=new_days,
        seen_price_minor=seen_price if new_price is not None else None,
        seen_stock=seen_stock if new_stock is not None else None,
    )


def _seen(request: HttpRequest, *, row: ShelfRow) -> tuple[int, int | None]:
    """Return the price and stock the page showed; a page that does not say showed what is."""
    price, _colon, stock = request.POST.get(f"o{row.stockrecord_id}-seen", "").partition(":")
    known = price.isascii() and price.isdecimal() and len(price) < 16
    counted = stock.isascii() and stock.isdecimal() and len(stock) < 16
    return (int(price) if known else row.price), (int(stock) if counted else row.stock)
