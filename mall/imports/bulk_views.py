"""Changing many offers at once: chosen by filter or by hand, priced by a rule, looked at before it counts."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from mall import bank
from mall.catalogue import tree
from mall.imports import bulk_rules, offers, operations, working
from mall.imports.operations import UnableToImport
from mall.imports.undoing import shown_value
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.partner.operations import MAX_HANDLING_DAYS, UNLIMITED
from mall.queries.merchants import Workplace

PAGE = 50
# So many are looked at while the person waits; more are looked at by a worker.
AT_ONCE = 200


class RuleForm(forms.Form):
    """What is done to every chosen offer."""

    price_how = forms.ChoiceField(
        label=_("Price"),
        required=False,
        choices=[
            ("", _("stays")),
            (bulk_rules.PERCENT, _("changes by percent")),
            (bulk_rules.AMOUNT, _("changes by an amount")),
            (bulk_rules.EXACT, _("becomes")),
        ],
    )
    price_by = forms.CharField(
        label=_("By, or to"),
        required=False,
        max_length=20,
        help_text=_("-10 for a tenth less, 2.50 for an amount."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    rounding = forms.ChoiceField(
        label=_("Rounded"),
        required=False,
        choices=[
            ("cent", _("to the cent")),
            ("five", _("to five cents")),
            ("whole", _("to whole units")),
            ("99", _("to the nearest .99")),
            ("95", _("to the nearest .95")),
            ("90", _("to the nearest .90")),
        ],
    )
    stock_how = forms.ChoiceField(
        label=_("Stock"),
        required=False,
        choices=[
            ("", _("stays")),
            (bulk_rules.ADD, _("changes by")),
            (bulk_rules.SET, _("becomes")),
            (UNLIMITED, _("never runs out")),
        ],
    )
    stock_by = forms.CharField(
        label=_("Pieces"), required=False, max_length=12, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    days = forms.IntegerField(
        label=_("Handling days"),
        required=False,
        min_value=0,
        max_value=MAX_HANDLING_DAYS,
        help_text=_("Working days until it leaves; empty: stays."),
        error_messages={"invalid": _("Write a whole number of days.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("stays")), (offers.LISTED, _("listed")), (offers.UNLISTED, _("unlisted"))],
    )

    def clean_price_by(self) -> str:
        """Return the figure as plain text; a comma is as good as a point."""
        text = self.cleaned_data["price_by"].strip().replace(",", ".").replace("−", "-").removesuffix("%").strip()
        if not self.data.get("price_how"):
            return text
        try:
            figure = Decimal(text)
        except InvalidOperation:
            figure = None
        if figure is None or not figure.is_finite() or abs(figure) > 10**9:
            raise forms.ValidationError(_("Write the figure in digits, like -10 or 2.50."))
        if self.data.get("price_how") == bulk_rules.PERCENT and not -100 < figure <= 1_000:
            raise forms.ValidationError(_("A percentage lies above -100 and is at most 1000."))
        return text

    def clean_stock_by(self) -> str:
        """Return the number of pieces as plain text."""
        text = self.cleaned_data["stock_by"].strip().replace("−", "-").removeprefix("+")
        if self.data.get("stock_how") not in (bulk_rules.ADD, bulk_rules.SET):
            return text
        if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdecimal():
            raise forms.ValidationError(_("Write a whole number of pieces."))
        if text.startswith("-") and self.data.get("stock_how") == bulk_rules.SET:
            raise forms.ValidationError(_("Stock cannot be below zero."))
        return text

    def rule(self) -> dict[str, object]:
        """Return what is to be done, by what it is done to."""
        data = self.cleaned_data
        made: dict[str, object] = {}
        if data["price_how"]:
            made["price"] = {
                "how": data["price_how"],
                "by": data["price_by"],
                "rounding": data["rounding"] or "cent",
            }
        if data["stock_how"]:
            never = data["stock_how"] == UNLIMITED
            made["stock"] = {"how": bulk_rules.SET if never else data["stock_how"],
                             "by": UNLIMITED if never else data["stock_by"]}  # fmt: skip
        if data["days"] is not None:
            made["days"] = data["days"]
        if data["state"]:
            made["state"] = data["state"]
        return made


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def bulk(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the offers that the filter finds to tick, and begin a change of them."""
    given = request.POST if request.method == "POST" else request.GET
    wanted = _filter(given)
    form = RuleForm(request.POST if request.method == "POST" else None, initial={"rounding": "cent"})
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            return redirect("merchant-imports-one", _begin(request, place=place, form=form, wanted=wanted))
        except UnableToImport as refused:
            problem = str(refused)
    where, values = bulk_rules.condition(choice={"filter": wanted})
    asked = given.get("after", "")
    after = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
    found = offers.page(merchant_id=place.merchant_id, after=after, size=PAGE + 1, where=where, values=values)
    ticked = set(request.POST.getlist("offer"))
    context = {
        "rows": [_row(offer, ticked=ticked) for offer in found[:PAGE]],
        "total": offers.count(merchant_id=place.merchant_id, where=where, values=values),
        "after": after,
        "following": found[PAGE - 1].stockrecord_id if len(found) > PAGE else None,
        "wanted": wanted,
        "everything": request.POST.get("which") == "all",
        "categories": [(node.pk, "– " * len(node.above) + node.name) for node in tree.tree().values()],
        "form": form,
        "problem": problem,
    }
    wrong = bool(problem or form.errors)
    frame = framed(request, place, "merchant-catalogue")
    return render(request, "mall/imports/bulk.html", frame | context, status=422 if wrong else 200)


def _filter(given: QueryDict) -> dict[str, object]:
    category = given.get("category", "")
    nodes = {str(node.pk): node.pk for node in tree.tree().values()}
    return {
        "text": given.get("text", "").replace("\x00", "")[:100],
        "category": nodes.get(category),
        "state": given.get("state_is", "") if given.get("state_is") in (offers.LISTED, offers.UNLISTED) else "",
        "stock": given.get("stock_is", "") if given.get("stock_is") in ("out", "low") else "",
    }


def _begin(request: HttpRequest, *, place: Workplace, form: RuleForm, wanted: dict[str, object]) -> int:
    choice = form.rule()
    if request.POST.get("which") == "all":
        choice["filter"] = wanted
    else:
        chosen = {pk for pk in request.POST.getlist("offer") if pk.isascii() and pk.isdecimal() and len(pk) < 19}
        choice["ids"] = sorted(map(int, chosen))
    received = operations.prepare_bulk(merchant_id=place.merchant_id, choice=choice, by=request.user.pk, at=bank.now())
    if len(choice.get("ids") or range(AT_ONCE + 1)) <= AT_ONCE:
        working.work(import_id=received.import_id, at=bank.now())
    return received.import_id


def _row(offer: offers.Offer, *, ticked: set[str]) -> dict[str, object]:
    return {
        "id": offer.stockrecord_id,
        "sku": offer.sku,
        "title": offer.facts["title"],
        "category": offer.facts["category"],
        "price": offer.facts["price"],
        "currency": offer.currency,
        "stock": shown_value(name="stock", value=offer.facts["stock"], currency=offer.currency),
        "listed": offer.facts["state"] == offers.LISTED,
        "ticked": str(offer.stockrecord_id) in ticked,
    }
