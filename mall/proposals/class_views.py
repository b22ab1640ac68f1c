"""The pages on which the bank's staff say by what products of a class are described."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from oscar.core.loading import get_model

from mall.attributes import operations, values
from mall.proposals.ops_views import operations_page

ProductClass = get_model("catalogue", "ProductClass")

TYPES = (
    (values.TEXT, gettext_lazy("Text")),
    (values.OPTION, gettext_lazy("One of several options")),
    (values.OPTIONS, gettext_lazy("Any of several options")),
    (values.WHOLE, gettext_lazy("Whole number")),
    (values.NUMBER, gettext_lazy("Number")),
    (values.YES_NO, gettext_lazy("Yes or no")),
    (values.DAY, gettext_lazy("Day")),
)


class AttributeForm(forms.Form):
    """A new attribute of a class."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=operations.NAME_MOST)
    type = forms.ChoiceField(label=gettext_lazy("What it says"), choices=TYPES)
    options = forms.CharField(
        label=gettext_lazy("Options, each on a line"), required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    unit = forms.CharField(label=gettext_lazy("Unit of a number"), required=False, max_length=16)
    least = forms.FloatField(label=gettext_lazy("At least"), required=False)
    most = forms.FloatField(label=gettext_lazy("At most"), required=False)
    required = forms.BooleanField(label=gettext_lazy("Must be filled in"), required=False)
    varies = forms.BooleanField(label=gettext_lazy("Variants differ by it"), required=False)
    filterable = forms.BooleanField(label=gettext_lazy("Listings can be narrowed by it"), required=False, initial=True)


@operations_page
@require_http_methods(["GET", "POST"])
def classes(request: HttpRequest) -> HttpResponse:
    """Show the classes of products, and add one."""
    problem, name = "", request.POST.get("name", "").replace("\x00", "")
    if request.method == "POST":
        try:
            made = operations.define_class(name=name, by=request.user)
        except operations.UnableToDefine as refused:
            problem = str(refused)
        else:
            messages.success(request, _("Added: now say what its products are described by."))
            return redirect("ops-class", made)
    rows = ProductClass.objects.annotate(asked=Count("attributes")).order_by("name")
    context = {"rows": [(row.pk, row.name, row.asked) for row in rows], "problem": problem, "name": name}
    return render(request, "mall/ops/classes.html", context, status=422 if problem else 200)


@operations_page
@require_http_methods(["GET", "POST"])
def one_class(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what products of a class are described by; add an attribute, or change one."""
    row = ProductClass.objects.filter(pk=pk).first()
    if row is None:
        raise Http404
    adds = request.method == "POST" and "attribute" not in request.POST
    form = AttributeForm(request.POST if adds else None)
    problem = ""
    if request.method == "POST" and (not adds or form.is_valid()):
        try:
            _add(request, class_id=pk, form=form) if adds else _change(request)
        except operations.UnableToDefine as refused:
            problem = str(refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("ops-class", pk)
    names = dict(TYPES)
    context = {
        "row": row,
        "attributes": [(asked, names[asked.type]) for asked in values.asked_of(product_class_id=pk)],
        "form": form,
        "problem": problem,
    }
    return render(request, "mall/ops/class.html", context, status=422 if problem or form.errors else 200)


def _add(request: HttpRequest, *, class_id: int, form: AttributeForm) -> None:
    data = form.cleaned_data
    given = {name: data[name] for name in data if name != "options"}
    wish = operations.AttributeWish(**given, options=tuple(data["options"].splitlines()))
    operations.define_attribute(class_id=class_id, wish=wish, by=request.user)


def _change(request: HttpRequest) -> None:
    number = request.POST["attribute"]
    operations.change_attribute(
        attribute_id=int(number) if number.isascii() and number.isdecimal() and len(number) < 16 else 0,
        required="required" in request.POST,
        filterable="filterable" in request.POST,
        more_options=request.POST.get("options", "").replace("\x00", "").splitlines(),
        by=request.user,
    )
