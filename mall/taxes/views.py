"""Operations' page of tax rates."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from mall import bank
from mall.actors import OPERATIONS, Actor
from mall.catalogue import tree
from mall.checkout.forms import countries
from mall.merchants.applications import is_operations
from mall.taxes import operations, queries
from mall.taxes.forms import CLASS_NAMES, CategoryForm, RateForm


@login_required
@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    """Show a country's rates, with a place to enter the next one."""
    _operator(request)
    return _page(request)


@login_required
@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Enter a rate from a day on."""
    by = _operator(request)
    form = RateForm(request.POST)
    if form.is_valid():
        try:
            operations.enter_rate(
                country=_country(request),
                tax_class=form.cleaned_data["tax_class"],
                rate_bps=form.rate_bps,
                starts_on=form.cleaned_data["starts_on"],
                by=by,
                at=bank.now(),
            )
        except operations.UnableToChangeTax as problem:
            form.add_error("starts_on", str(problem))
        else:
            messages.success(request, _("The rate is entered."))
            return _back(request)
    return _page(request, form=form)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back a rate that has not begun."""
    by = _operator(request)
    try:
        operations.take_back(rate_id=pk, by=by, at=bank.now())
    except operations.UnableToChangeTax as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("The rate is taken back."))
    return _back(request)


@login_required
@require_POST
def category(request: HttpRequest) -> HttpResponse:
    """Say under which class a category's goods fall."""
    by = _operator(request)
    form = CategoryForm(request.POST, categories=_categories())
    if not form.is_valid():
        return _page(request, category_form=form)
    operations.set_category_class(
        category_id=int(form.cleaned_data["category"]), tax_class=form.cleaned_data["tax_class"], by=by
    )
    messages.success(request, _("Saved."))
    return _back(request)


def _operator(request: HttpRequest) -> Actor:
    if not is_operations(user=request.user):
        raise PermissionDenied
    return Actor(OPERATIONS, user_id=request.user.pk)


def _country(request: HttpRequest) -> str:
    asked = (request.POST.get("country") or request.GET.get("country") or "").upper()
    return asked if asked in dict(countries()) else bank.policy().BANK_COUNTRY


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(f"{reverse('tax-rates')}?country={_country(request)}")


def _categories() -> list[tuple[str, str]]:
    return [(str(node.pk), f"{'– ' * len(node.above)}{node.name}") for node in tree.tree().values()]


def _page(
    request: HttpRequest, *, form: RateForm | None = None, category_form: CategoryForm | None = None
) -> HttpResponse:
    country = _country(request)
    names = dict(countries())
    classes = dict(CLASS_NAMES)
    context = {
        "country": country,
        "country_name": names[country],
        "countries": [(code, names.get(code, code)) for code in queries.countries()],
        "all_countries": list(names.items()),
        "rates": [(row, classes[row.tax_class]) for row in queries.rates(country=country, on=bank.now().date())],
        "categories": [(name, classes[tax_class]) for _pk, name, tax_class in queries.categories()],
        "form": form or RateForm(),
        "category_form": category_form or CategoryForm(categories=_categories()),
        "hide_money": True,
    }
    wrong = form is not None or category_form is not None
    return render(request, "mall/taxes/rates.html", context, status=422 if wrong else 200)
