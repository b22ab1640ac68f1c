"""The living page of every component, while DEBUG is on."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mall import bank

ICONS = (
    "search",
    "basket",
    "account",
    "money",
    "check",
    "truck",
    "box",
    "store",
    "shield",
    "clock",
    "calendar",
    "chart",
    "document",
    "undo",
    "people",
    "plus",
    "filter",
    "lock",
    "next",
    "bridge",
)
PICTURES = (
    "phone",
    "laptop",
    "headphones",
    "camera",
    "sofa",
    "lamp",
    "chair",
    "mug",
    "pot",
    "shoe",
    "shirt",
    "bag",
    "perfume",
    "book",
    "bicycle",
    "plant",
)


class ExampleForm(forms.Form):
    """One field of each kind, one of them wrong."""

    name = forms.CharField(label="Text", help_text="With a word of help.")
    amount = forms.CharField(label="Wrong", error_messages={"required": "Please give an amount."})
    kind = forms.ChoiceField(label="Select", choices=[("a", "One"), ("b", "Two")])
    way = forms.ChoiceField(label="Radio", choices=[("a", "One"), ("b", "Two")], widget=forms.RadioSelect, initial="a")
    note = forms.CharField(label="Long text", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agreed = forms.BooleanField(label="Checkbox", required=False)


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show every component; nothing outside development."""
    if not settings.DEBUG:
        raise Http404
    at = bank.now()
    columns = [{"label": "Day"}, {"label": "Amount", "kind": "number"}]
    rows = [[{"text": "Monday", "label": "Day"}, {"text": "€12.00", "kind": "number", "label": "Amount"}]] * 2
    context = {
        "form": ExampleForm({"name": "Anna", "way": "a", "kind": "b"}),
        "columns": columns,
        "rows": rows,
        "steps": [
            {"label": "Ordered", "at": at, "state": "done"},
            {"label": "Dispatched", "at": at, "state": "done", "note": "Blue Post RX 12"},
            {"label": "Delivered", "state": "next"},
        ],
        "crumbs": [("Market", "/"), ("Home", "/"), ("Lamps", "")],
        "icons": ICONS,
        "pictures": list(enumerate(PICTURES, start=1)),
    }
    return render(request, "components/page.html", context)
