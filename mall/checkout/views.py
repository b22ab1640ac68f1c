"""The checkout on one page, and what follows it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from oscar.core.loading import get_model

from mall import bank
from mall.basket import contents as baskets
from mall.checkout import attempt, operations, tenders
from mall.checkout.drafts import (
    BasketAlreadyOrdered,
    OrderKeyReused,
    SubmitOutcome,
    UnableToPlaceOrder,
    UnableToSubmitOrder,
    order_number,
)
from mall.checkout.forms import CheckoutForm
from mall.context import forget_basket_count
from mall.customer import devices
from mall.customer.addresses import AddressData
from mall.customer.operations import add_addresses
from mall.order.models import AWAITING_PAYMENT, Order
from mall.queries.orders import order_page
from mall.shipping import quotes

UserAddress = get_model("address", "UserAddress")


@dataclass(frozen=True, slots=True)
class Page:
    """What the checkout is about to be: the goods, how each parcel comes, and the form."""

    contents: baskets.Contents
    choices: dict[int, str]
    total: int
    form: CheckoutForm
    at: datetime


@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the checkout, or place the order and have it paid."""
    key = attempt.trusted_key(text=request.POST.get("key", "")) if request.method == "POST" else None
    if key is not None:
        before = Order.objects.filter(key=key).values_list("number", "user_id").first()
        if before and before[1] == request.user.pk:
            attempt.remember(request=request, number=before[0])
            return redirect("checkout-done", before[0])
    page = _page(request)
    if not page.contents.parcels:
        # Who came back from a payment's next step finds the order that waits for it.
        waiting = Order.objects.filter(number__in=attempt.latest(request=request), status=AWAITING_PAYMENT).first()
        return redirect("checkout-done", waiting.number) if waiting else redirect("basket")
    if not page.contents.can_be_ordered:
        messages.error(request, _("Something in your basket has changed: please look at what is marked."))
        return redirect("basket")
    if request.method == "GET" or "update" in request.POST:
        return _render(request, page=page)
    if key is None:
        return _render(request, page=page, problem=_("This page was too old: please look at it again and order."))
    if not page.form.is_valid():
        return _render(request, page=page, key=request.POST["key"], status=422)
    if request.POST.get("total") != str(page.total):
        problem = _("The total has changed to %(total)s. Please look at the summary and order again.")
        shown = problem % {"total": bank.text(amount=page.total, currency=page.contents.currency)}
        return _render(request, page=page, problem=shown, key=request.POST["key"])
    return _submit(request, page=page, key=key)


@require_POST
def summary(request: HttpRequest) -> HttpResponse:
    """Show the sums again after a choice of delivery."""
    page = _page(request)
    if page.form.is_bound:
        # Half-filled as it is, the page says nothing yet of what is missing; of the money it does.
        page.form.errors.clear()
        for name, problem in page.form.split.problems.items():
            if name in page.form.fields:
                page.form.add_error(name, problem)
    return render(request, "mall/_checkout_answer.html", _sums(page=page) | {"form": page.form, "swapped": True})


@never_cache
@require_GET
def done(request: HttpRequest, number: str) -> HttpResponse:
    """Show what became of the order; one whose payer comes back from the bank or the card goes on here."""
    at = bank.now()
    order = order_page(number=number)
    mine = order is not None and request.user.is_authenticated and order.user_id == request.user.pk
    if order is None or not (mine or attempt.remembers(request=request, number=number)):
        raise Http404
    outcome = None
    if order.awaits_payment:
        try:
            outcome = operations.pay_order(number=number, payment_id=order.payment_id, at=at)
        except UnableToSubmitOrder:
            outcome = SubmitOutcome(number=number, state="waiting")
        order = order_page(number=number)
    forget_basket_count(request=request)
    return render(request, "mall/done.html", {"order": order, "outcome": outcome, "mine": mine})


def _page(request: HttpRequest) -> Page:
    at = bank.now()
    found = baskets.contents(basket=request.basket, at=at)
    data = request.POST if request.method == "POST" else None
    choices = {
        parcel.merchant_id: parcel.delivery(
            code=(data or {}).get(f"delivery-{parcel.merchant_id}", quotes.STANDARD)
        ).code
        for parcel in found.parcels
    }
    total = found.total(choices=choices)
    user = request.user
    guest = not user.is_authenticated
    buyer = {"user_id": None if guest else user.pk, "email": (data or {}).get("email", "")}
    divided = tenders.split(data=data or {}, total=total, currency=found.currency, at=at, **buyer)
    options = []
    if found.parcels:
        options = bank.tender_options(
            **buyer,
            # What is paid in full already may still be paid another way when that is taken back.
            total=divided.rest or total,
            currency=found.currency,
            at=at,
        )
    form = CheckoutForm(
        data,
        guest=guest,
        book=[] if guest else _book(user_id=user.pk),
        options=options,
        split=divided,
    )
    return Page(contents=found, choices=choices, total=total, form=form, at=at)


def _book(*, user_id: int) -> list[tuple[int, str]]:
    rows = UserAddress.objects.filter(user_id=user_id).select_related("country")
    rows = rows.order_by("-is_default_for_shipping", "-num_orders_as_shipping_address", "pk")
    return [(row.pk, ", ".join(row.active_address_fields())) for row in rows[:6]]


def _address(*, page: Page, user_id: int | None) -> AddressData:
    chosen = page.form.address_id
    if chosen is None:
        return page.form.address
    row = UserAddress.objects.get(pk=chosen, user_id=user_id)
    return AddressData(
        name=row.name,
        line1=row.line1,
        line2=row.line2,
        city=row.line4,
        region=row.state,
        postcode=row.postcode,
        country=row.country_id,
        phone=str(row.phone_number or ""),
    )


def _submit(request: HttpRequest, *, page: Page, key: str) -> HttpResponse:
    user_id = request.user.pk
    address = _address(page=page, user_id=user_id)
    device = request.COOKIES.get(devices.COOKIE, "")[:64] or secrets.token_urlsafe(24)
    email = request.user.email if user_id else page.form.cleaned_data["email"]
    number = order_number(key=key)
    draft = attempt.draft(
        key=key,
        buyer=attempt.Buyer(user_id=user_id, email=email, device=device),
        basket=request.basket,
        contents=page.contents,
        choices=page.choices,
        address=address,
        tenders=page.form.tenders(),
        return_url=request.build_absolute_uri(reverse("checkout-done", args=[number])),
        at=page.at,
    )
    try:
        outcome = operations.submit_order(draft=draft)
    except (BasketAlreadyOrdered, OrderKeyReused) as problem:
        if problem.number and Order.objects.filter(number=problem.number, user_id=user_id).exists():
            return redirect("checkout-done", problem.number)
        return _render(request, page=page, problem=str(problem))
    except UnableToPlaceOrder as problem:
        return _render(request, page=page, problem=str(problem))
    except UnableToSubmitOrder as problem:
        messages.warning(request, str(problem))
        outcome = SubmitOutcome(number=number, state="waiting")
    attempt.remember(request=request, number=outcome.number)
    forget_basket_count(request=request)
    if outcome.state == "refused":
        return _render(request, page=page, problem=outcome.message)
    if user_id and page.form.address_id is None:
        add_addresses(addresses=[(user_id, address, page.at)])
    to = outcome.url if outcome.state == "action_required" else reverse("checkout-done", args=[outcome.number])
    response = redirect(to)
    response.set_cookie(
        devices.COOKIE, device, max_age=devices.KEPT_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def _sums(*, page: Page) -> dict[str, object]:
    return {
        "contents": page.contents,
        "parcels": [(parcel, page.choices[parcel.merchant_id]) for parcel in page.contents.parcels],
        "delivery": page.contents.delivery(choices=page.choices),
        "total": page.total,
        "split": page.form.split,
        "rest_by": _rest_by(page=page),
        "closed": bank.tenders_out_of_order(at=page.at),
    }


def _rest_by(*, page: Page) -> str:
    """Return the name of the way chosen for what is left to pay."""
    chosen = page.form["tender"].value()
    option = page.form.options.get(str(chosen or ""))
    return str(option.label) if option else ""


def _render(
    request: HttpRequest,
    *,
    page: Page,
    problem: str = "",
    key: str = "",
    status: int | None = None,
) -> HttpResponse:
    """Show the form with everything that was typed; a refused try gets a new key, a mistyped one keeps its own."""
    if "update" in request.POST:
        for name in [name for name in page.form.errors if name not in page.form.split.problems]:
            del page.form.errors[name]
    context = _sums(page=page) | {
        "form": page.form,
        "key": key or attempt.fresh_key(),
        "problem": problem,
        "card_key": settings.STRIPE_PUBLISHABLE_KEY,
        # The ways to pay say what the account holds; the header need not ask again.
        "hide_money": True,
        "address_fields": [page.form[name] for name in page.form.address_fields],
        "new_address": "address_choice" not in page.form.fields
        or page.form["address_choice"].value() in ("", None, "new"),
    }
    return render(request, "mall/checkout.html", context, status=status or (409 if problem else 200))
