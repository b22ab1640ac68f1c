"""Every state of every partial in templates/components, as the living page shows it: name -> (what it is, context)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace

from django import forms

from mall.catalogue.pictures import VIEWS
from mall.merchants.stores import Store
from mall.search.cards import Card
from mall.shipping.quotes import DeliveryQuote

State = tuple[str, dict[str, object]]


class ExampleForm(forms.Form):
    """One field of each kind, one of them wrong."""

    name = forms.CharField(label="Text", help_text="With a word of help.")
    amount = forms.CharField(label="Wrong", error_messages={"required": "Please give an amount."})
    kind = forms.ChoiceField(label="Select", choices=[("a", "One"), ("b", "Two")])
    way = forms.ChoiceField(label="Radio", choices=[("a", "One"), ("b", "Two")], widget=forms.RadioSelect, initial="a")
    note = forms.CharField(label="Long text", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agreed = forms.BooleanField(label="Checkbox", required=False)


@dataclass(frozen=True)
class Message:
    """What django.contrib.messages would say."""

    text: str
    level_tag: str

    def __str__(self) -> str:
        return self.text


def states(*, at: datetime, scheme: str) -> dict[str, list[State]]:
    """Return the states of every component; ids of fields carry the scheme, so that both can stand on one page."""
    wrong = ExampleForm({"name": "Anna", "way": "a", "kind": "b"}, auto_id=f"{scheme}-wrong-%s")
    fresh = ExampleForm(auto_id=f"{scheme}-fresh-%s")
    wrong.is_valid()
    return {
        "badge": [(kind or "plain", {"text": kind or "plain", "kind": kind}) for kind in _BADGES],
        "breadcrumb": [("three deep", {"crumbs": [("Market", "/"), ("Home", "/"), ("Lamps", "")]})],
        "card_fields": [("without the provider's script", {"card_key": ""})],
        "confirm": [
            ("calm", {"action": "#", "label": "Give the money back", "question": "All of it?", "button": "Yes"}),
            ("danger", {"action": "#", "label": "Cancel", "question": "Give it up?", "button": "Yes", "danger": True}),
            ("with a field", {"action": "#", "label": "Refuse", "question": "Why?", "button": "Refuse", "form": wrong}),
        ],
        "empty": [
            ("with a next step", {"title": "Nothing here yet", "text": "What will be.", "url": "#", "action": "Begin"}),
            ("only said", {"title": "All done", "icon_name": "check"}),
        ],
        "field": [(field.label, {"field": field}) for field in (*fresh, wrong["amount"])],
        "_field_notes": [("help", {"field": fresh["name"]}), ("error", {"field": wrong["amount"]})],
        "footer": [("as everywhere", {})],
        "form": [("as it comes", {"form": fresh}), ("sent with a mistake", {"form": wrong})],
        "form_errors": [("one mistake", {"form": wrong})],
        "header": [("as for you", {})],
        "_basket_count": [(str(count), {"chrome": SimpleNamespace(basket_count=count)}) for count in (0, 3)],
        "keyset": [
            ("first page", {"after": "12", "is_first": True}),
            ("further on", {"after": "24", "is_first": False}),
            ("the last", {"after": "", "is_first": False}),
        ],
        "messages": [
            (level or "plain", {"messages": [Message(f"A {level or 'plain'} message.", level)]}) for level in _LEVELS
        ],
        "pagination": [(f"page {number} of 5", {"number": number, "pages": 5}) for number in (1, 2, 5)],
        "product_card": [(name, {"card": card}) for name, card in _cards(at=at)],
        "stat": [
            ("with a note", {"label": "Available", "value": "€1,024.00", "note": "paid out tonight"}),
            ("plain", {"label": "Orders", "value": "12"}),
        ],
        "store_card": [
            ("rated", {"store": Store(1, "Lagoon & Oak", "lagoon", "Venezia", 4.6, 212)}),
            ("new", {"store": Store(2, "Casa Lino", "casa", "", None, 0)}),
        ],
        "table": [("rows", {"caption": "Payouts", "columns": _COLUMNS, "rows": _ROWS}), ("none", _NO_ROWS)],
        "timeline": [
            ("across", {"steps": _steps(at=at), "across": True}),
            ("down, gone wrong", {"steps": [*_steps(at=at)[:2], {"label": "Lost", "at": at, "state": "bad"}]}),
        ],
    }


_BADGES = ("", "accent", "good", "warn", "bad")
_LEVELS = ("", "success", "warning", "error")
_COLUMNS = [{"label": "Day"}, {"label": "Amount", "kind": "number"}]
_ROWS = [
    [{"text": "Monday", "label": "Day", "url": "#"}, {"text": "€12.00", "kind": "number", "label": "Amount"}],
    [{"text": "Tuesday", "label": "Day"}, {"text": "€1,204.50", "kind": "number", "label": "Amount"}],
]
_NO_ROWS = {"caption": "Payouts", "columns": _COLUMNS, "rows": []}


def _steps(*, at: datetime) -> list[dict[str, object]]:
    return [
        {"label": "Ordered", "at": at, "state": "done"},
        {"label": "Dispatched", "at": at, "state": "done", "note": "Blue Post RX 12"},
        {"label": "Delivered", "state": "next"},
    ]


def _cards(*, at: datetime) -> list[tuple[str, Card]]:
    told = {"slug": "lamp", "category": "Lamps", "merchant": "Lagoon & Oak", "stockrecord_id": 1, "currency": "EUR"}
    free, charged = DeliveryQuote("standard", 0, at), DeliveryQuote("standard", 490, at)
    lamp = {
        "title": "Lumen Brass Desk Lamp, Sage, 45 cm",
        "price": 8_900,
        "in_stock": True,
        "rating": 4.4,
        "reviews": 31,
    }
    mug = {"title": "Marea Stoneware Mug", "price": 1_250, "in_stock": False, "rating": None, "reviews": 0}
    shoe = {"title": "Calder Canvas Sneakers, Ivory, a long name that needs three lines", "price": 7_900, "rating": 3.9}
    return [
        ("by the month, free delivery", Card(product_id=1, offers=1, delivery=free, monthly=800, **told, **lamp)),
        (
            "few left, two stores",
            Card(product_id=2, offers=2, delivery=charged, free=3, in_stock=True, reviews=4, **told, **shoe),
        ),
        ("sold out, not rated", Card(product_id=3, offers=1, **told, **mug)),
    ]


PICTURES = (
    "Desk Lamp, Sage",
    "Oxford Shirt, Navy",
    "Chelsea Boots, Chestnut",
    "Enamelled Kettle, Ivory",
    "Yoga Mat, Coral",
    "Wireless Headphones, Graphite",
    "Olive Oil",
    "Soft Bear, Pastel",
)
PICTURE_VIEWS = VIEWS
