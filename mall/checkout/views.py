"""The checkout on one page, and what follows it."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from mall import bank
from mall.actors import BUYER, SYSTEM_ACTOR, Actor
from mall.checkout import attempt, operations, typed
from mall.checkout.drafts import (
    BasketAlreadyOrdered,
    CancelOrder,
    OrderKeyReused,
    SubmitOutcome,
    UnableToCancelOrder,
    UnableToPlaceOrder,
    UnableToSubmitOrder,
    order_number,
)
from mall.checkout.page import Page, UserAddress, build
from mall.context import forget_basket_count
from mall.customer import devices
from mall.customer.operations import add_addresses, set_default_address
from mall.order.models import AWAITING_PAYMENT, COMPLETED, CONFIRMED, Order
from mall.papers.queries import taxes_of
from mall.promotions.queries import used_by_order
from mall.queries.orders import OrderPage, order_page

_WHERE = {"address_choice", "country"}


@never_cache
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Show the checkout, or place the order and have it paid."""
    if request.method == "POST":
        if typed.signed_out(request=request):
            return _sign_in_again(request)
        typed.keep(request=request)
    key = attempt.trusted_key(text=request.POST.get("key", "")) if request.method == "POST" else None
    if key is not None:
        before = Order.objects.filter(key=key).values_list("number", "user_id").first()
        if before and before[1] == request.user.pk:
            attempt.remember(request=request, number=before[0])
            return redirect("checkout-done", before[0])
    page = build(request)
    if not page.contents.parcels:
        # Who came back from a payment's next step finds the order that waits for it.
        waiting = Order.objects.filter(number__in=attempt.latest(request=request), status=AWAITING_PAYMENT).first()
        return redirect("checkout-done", waiting.number) if waiting else redirect("basket")
    if not page.contents.only_unreachable:
        messages.error(request, _("Something in your basket has changed: please look at what is marked."))
        return redirect("basket")
    if request.method == "GET" or "update" in request.POST:
        return _render(request, page=page)
    if key is None:
        return _render(request, page=page, problem=_("This page was too old: please look at it again and order."))
    if typed.somebody_elses(request=request):
        return _render(request, page=page, problem=_("You signed in meanwhile: please look at it again and order."))
    if not page.form.is_valid():
        return _render(request, page=page, key=request.POST["key"], status=422)
    if not page.contents.can_be_ordered:
        problem = next(parcel.problem for parcel in page.contents.parcels if parcel.problem)
        return _render(request, page=page, problem=problem, key=request.POST["key"])
    if request.POST.get("total") != str(page.total):
        problem = _("The total has changed to %(total)s. Please look at the summary and order again.")
        shown = problem % {"total": bank.text(amount=page.total, currency=page.contents.currency)}
        return _render(request, page=page, problem=shown, key=request.POST["key"])
    return _submit(request, page=page, key=key)


@require_POST
def summary(request: HttpRequest) -> HttpResponse:
    """Show the sums again after a choice of delivery, address or way to pay."""
    if typed.signed_out(request=request):
        return HttpResponseClientRedirect(_sign_in_again(request)["Location"])
    typed.keep(request=request)
    page = build(request)
    if page.form.is_bound:
        # Half-filled as it is, the page says nothing yet of what is missing; of the money it does.
        page.form.errors.clear()
        for name, problem in page.form.split.problems.items():
            if name in page.form.fields:
                page.form.add_error(name, problem)
    moved = bool(request.htmx) and request.htmx.trigger_name in _WHERE
    context = _sums(page=page) | {"form": page.form, "moved": moved}
    return render(request, "mall/_checkout_answer.html", context)


@never_cache
@require_GET
def done(request: HttpRequest, number: str) -> HttpResponse:
    """Show what became of the order; one whose payer comes back from the bank or the card goes on here."""
    at = bank.now()
    order, mine = _seen(request, number=number)
    outcome = None
    if order.awaits_payment:
        try:
            outcome = operations.pay_order(number=number, payment_id=order.payment_id, at=at)
        except UnableToSubmitOrder:
            outcome = SubmitOutcome(number=number, state="waiting")
        order = order_page(number=number)
    if order.status in (CONFIRMED, COMPLETED):
        typed.forget(request=request)
    forget_basket_count(request=request)
    context = {
        "order": order,
        "outcome": outcome,
        "mine": mine,
        "promotions": used_by_order(order_id=order.order_id),
        "taxes": taxes_of(number=number),
    }
    return render(request, "mall/done.html", context)


@require_POST
def give_up(request: HttpRequest, number: str) -> HttpResponse:
    """Give up an order that waits for its payment, to change it: its goods are in the basket again."""
    order, _mine = _seen(request, number=number)
    user = request.user
    by = Actor(BUYER, user_id=user.pk) if order.user_id is not None else SYSTEM_ACTOR
    if order.awaits_payment:
        [result] = operations.cancel_orders(
            requests=[CancelOrder(number=number, reason=_("Given up by the buyer."), at=bank.now(), by=by)]
        )
        if isinstance(result, UnableToCancelOrder):
            messages.error(request, str(result))
            return redirect("checkout-done", number)
    forget_basket_count(request=request)
    return redirect("checkout")


def _seen(request: HttpRequest, *, number: str) -> tuple[OrderPage, bool]:
    order = order_page(number=number)
    mine = order is not None and request.user.is_authenticated and order.user_id == request.user.pk
    if order is None or not (mine or attempt.remembers(request=request, number=number)):
        raise Http404
    return order, mine


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    typed.keep(request=request)
    messages.info(
        request,
        _("You were signed out meanwhile. Sign in and go on: what you typed is kept, and nothing was charged."),
    )
    return redirect(f"{reverse('account_login')}?next={reverse('checkout')}")


def _submit(request: HttpRequest, *, page: Page, key: str) -> HttpResponse:
    user_id = request.user.pk
    address = page.address(request=request)
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
        papers=page.form.papers(),
    )
    try:
        outcome = operations.submit_order(draft=draft)
    except (BasketAlreadyOrdered, OrderKeyReused) as problem:
        if problem.number and Order.objects.filter(number=problem.number, user_id=user_id).exists():
            return redirect("checkout-done", problem.number)
        return _render(request, page=page, problem=str(problem))
    except UnableToPlaceOrder as problem:
        # The page shows what is now; what was computed before it is out of date.
        request.basket.reset_offer_applications()
        return _render(request, page=build(request), problem=str(problem))
    except UnableToSubmitOrder as problem:
        messages.warning(request, str(problem))
        outcome = SubmitOutcome(number=number, state="waiting")
    attempt.remember(request=request, number=outcome.number)
    forget_basket_count(request=request)
    if outcome.state == "refused":
        return _render(request, page=page, problem=outcome.message)
    if user_id and page.form.carried and page.form.address_id is None:
        _keep_address(page=page, user_id=user_id)
    to = outcome.url if outcome.state == "action_required" else reverse("checkout-done", args=[outcome.number])
    response = redirect(to)
    response.set_cookie(
        devices.COOKIE, device, max_age=devices.KEPT_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
    )
    return response


def _keep_address(*, page: Page, user_id: int) -> None:
    known = {row.pk for row in page.book}
    add_addresses(addresses=[(user_id, page.form.address, page.at)])
    if page.form.cleaned_data.get("make_default"):
        fresh = next((pk for pk in _address_ids(user_id=user_id) if pk not in known), None)
        if fresh is not None:
            set_default_address(user_id=user_id, address_id=fresh)


def _address_ids(*, user_id: int) -> list[int]:
    return list(UserAddress.objects.filter(user_id=user_id).order_by("-pk").values_list("pk", flat=True))


def _sums(*, page: Page) -> dict[str, object]:
    found = page.contents
    return {
        "contents": found,
        "parcels": [
            (parcel, page.choices.get(parcel.merchant_id, ""), found.quote(parcel=parcel, choices=page.choices))
            for parcel in found.parcels
        ],
        "delivery": found.delivery(choices=page.choices),
        "total": page.total,
        "taxes": found.taxes(choices=page.choices),
        "split": page.form.split,
        "rest_by": _rest_by(page=page),
        "closed": page.closed,
        "carried": page.form.carried,
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
    form = page.form
    if "update" in request.POST:
        for name in [name for name in form.errors if name not in form.split.problems]:
            del form.errors[name]
    context = _sums(page=page) | {
        "form": form,
        "key": key or attempt.fresh_key(),
        "who": typed.who(request=request),
        "problem": problem,
        "kept_minutes": bank.policy().PAYMENT_EXPIRES_AFTER.seconds // 60,
        "card_key": settings.STRIPE_PUBLISHABLE_KEY,
        # The ways to pay say what the account holds; the header need not ask again.
        "hide_money": True,
        "address_fields": [form[name] for name in form.address_fields],
        "bill_fields": [form[name] for name in form.bill_fields],
        "gifts": [
            form.gift_field(merchant_id=parcel.merchant_id) for parcel in page.contents.parcels if not parcel.digital
        ],
        "invoice_open": any(form[name].value() for name in ("company", "vat_number", "bill_elsewhere"))
        or any(form[name].errors for name in ("company", "vat_number", *form.bill_fields)),
    }
    return render(request, "mall/checkout.html", context, status=status or (409 if problem else 200))
