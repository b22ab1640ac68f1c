"""The basket: what is in it, adding, changing, codes, and what is kept for later."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.basket import contents, operations
from mall.basket.forms import AddForm, ChangeForm, CodeForm
from mall.catalogue import hints
from mall.checkout import typed
from mall.context import forget_basket_count
from mall.promotions import operations as promotions
from mall.promotions import taking, words
from mall.saved import operations as saving
from mall.saved import queries as saved

_UNDO, _LIST = "basket-undo", "saved-list"


@never_cache
@require_safe
def basket(request: HttpRequest) -> HttpResponse:
    """Show what lies in the basket, by merchant, and what is kept for later."""
    return _page(request, code_form=CodeForm())


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put pieces of one merchant's product into the basket."""
    form = AddForm(request.POST)
    problem, title, quantity = "", "", 1
    if form.is_valid():
        quantity = form.cleaned_data["quantity"]
        try:
            title = operations.add(
                basket_id=_own(request), stockrecord_id=form.cleaned_data["stockrecord"], quantity=quantity
            )
        except operations.UnableToChangeBasket as refusal:
            problem = str(refusal)
        else:
            _changed(request)
    else:
        problem = form.first_problem
    if request.htmx:
        return render(request, "mall/_added.html", {"problem": problem, "quantity": quantity})
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("“%(title)s” is in your basket.") % {"title": title})
    return redirect("basket")


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Change how many pieces of a line; none takes it out, and can be undone."""
    form = ChangeForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.first_problem)
        return redirect("basket")
    try:
        removed = operations.change(
            basket_id=request.basket.id or 0,
            line_id=form.cleaned_data["line"],
            quantity=form.pieces,
        )
    except operations.UnableToChangeBasket as problem:
        messages.error(request, str(problem))
    else:
        if removed:
            request.session[_UNDO] = [removed.stockrecord_id, removed.quantity, removed.title[:120]]
        _changed(request)
    return redirect("basket")


@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Note that the shopper agrees to what things cost now."""
    try:
        operations.accept_prices(basket_id=request.basket.id or 0)
    except operations.UnableToChangeBasket as problem:
        messages.error(request, str(problem))
    return redirect("basket")


@require_POST
def later(request: HttpRequest) -> HttpResponse:
    """Keep a line for later."""
    line = request.POST.get("line", "")
    try:
        title = operations.put_aside(
            basket_id=request.basket.id or 0,
            line_id=int(line) if line.isdecimal() and len(line) < 19 else 0,
            holder=_holder(request, make=True),
            at=bank.now(),
        )
    except operations.UnableToChangeBasket as problem:
        messages.error(request, str(problem))
    else:
        if title:
            messages.success(request, _("“%(title)s” is kept for later, below your basket.") % {"title": title})
        _changed(request)
    return redirect("basket")


@require_POST
def kept(request: HttpRequest, pk: int) -> HttpResponse:
    """Move something kept for later back into the basket, or off the list."""
    holder = _holder(request)
    if "remove" in request.POST:
        item = saving.take_off(holder=holder, item_id=pk)
        if item is not None:
            messages.success(
                request,
                _("“%(title)s” is off your list.") % {"title": item.stockrecord.product.get_title()},
            )
        return redirect("basket")
    try:
        messages.success(request, operations.move_back(basket_id=_own(request), item_id=pk, holder=holder))
    except operations.UnableToChangeBasket as problem:
        messages.error(request, str(problem))
    else:
        _changed(request)
    return redirect("basket")


@require_POST
def code(request: HttpRequest) -> HttpResponse:
    """Use a code: a store's promotion at once, a voucher of the bank when the order is paid."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, code_form=form, status=422)
    user = request.user
    try:
        found = promotions.enter_code(basket_id=_own(request), code=form.cleaned_data["code"], at=bank.now())
    except promotions.UnableToUseCode as problem:
        own = bank.voucher(
            code=form.cleaned_data["code"].strip(),
            user_id=user.pk,
            email="",
            currency=bank.policy().CURRENCY,
            at=bank.now(),
        )
        if own is None:
            form.add_error("code", str(problem))
            return _page(request, code_form=form, status=422)
        typed.remember(request=request, voucher_code=own.code)
        messages.success(request, _("The voucher %(code)s pays when you order.") % {"code": own.code})
        return redirect("basket")
    if found.merchant_funded:
        return redirect("basket")
    typed.remember(request=request, voucher_code=found.code)
    messages.success(
        request,
        _("The voucher %(code)s pays up to %(sum)s when you order.")
        % {"code": found.code, "sum": bank.text(amount=found.value, currency=found.currency)},
    )
    return redirect("basket")


@require_POST
def code_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a code out of the basket."""
    promotions.drop_code(basket_id=request.basket.id or 0, promotion_id=pk)
    return redirect("basket")


def _own(request: HttpRequest) -> int:
    """Return the number of the request's basket, which is written first if it never was."""
    if not request.basket.id:
        request.basket.save()
    return request.basket.id


def _changed(request: HttpRequest) -> None:
    request.basket.reset_offer_applications()
    forget_basket_count(request=request)


def _holder(request: HttpRequest, *, make: bool = False) -> str:
    """Return whose list of later this is; a guest's becomes his own when he signs in."""
    mark = request.session.get(_LIST)
    if request.user.is_authenticated:
        holder = bank.shopper(user_id=request.user.pk)
        if mark:
            saving.hand_over(guest=f"guest:{mark}", user=holder)
            del request.session[_LIST]
        return holder
    if not mark and make:
        mark = request.session[_LIST] = secrets.token_urlsafe(24)
    return f"guest:{mark}" if mark else ""


def _page(request: HttpRequest, *, code_form: CodeForm, status: int = 200) -> HttpResponse:
    at = bank.now()
    user = request.user
    found = contents.contents(basket=request.basket, at=at, customer=taking.customer(user_id=user.pk, email=""))
    total = found.total(choices={})
    context = {
        "contents": found,
        "delivery": found.delivery(choices={}),
        "total": total,
        "taxes": found.taxes(choices={}),
        "code_form": code_form,
        "codes": [use for use in found.applied if use.code],
        "idle": [(use, words.why_idle(idle=use, currency=found.currency)) for use in found.idle],
        "voucher": typed.kept(request=request).get("voucher_code", ""),
        "hint": hints.monthly(request=request, amount=total, currency=found.currency, at=at) if total else "",
        "kept_minutes": bank.policy().PAYMENT_EXPIRES_AFTER.seconds // 60,
        "saved": saved.items(holder=_holder(request)),
        "undo": request.session.pop(_UNDO, None) if request.method == "GET" else None,
    }
    return render(request, "mall/basket.html", context, status=status)
