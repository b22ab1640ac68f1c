"""A product's form, made from its class: what it says, its variants, and what the merchant offers of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.attributes.values import DAY, NUMBER, OPTION, OPTIONS, WHOLE, YES_NO, Asked, Value
from mall.catalogue import drafts
from mall.catalogue.drafts import ProductDraft, VariantDraft
from mall.catalogue.operations import MAX_HANDLING_DAYS
from mall.merchants.forms import AmountField
from mall.partner.models import StockRecord
from mall.proposals.operations import OfferWish

ROWS, ROWS_MORE = 4, 4
_NUMBER_INVALID = {"invalid": _("Please write the number in digits.")}


class StockField(forms.IntegerField):
    """Pieces in stock."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(
            label=_("Pieces in stock"),
            min_value=0,
            max_value=1_000_000,
            error_messages={
                "required": _("How many do you have?"),
                "invalid": _("Please write the stock in digits."),
                "min_value": _("Stock cannot be below zero."),
            },
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
            **kwargs,
        )


class TermsForm(forms.Form):
    """In what condition it is, and how long it takes to leave."""

    condition = forms.ChoiceField(label=_("Condition"), choices=StockRecord.CONDITIONS, initial=StockRecord.NEW)
    handling_days = forms.IntegerField(
        label=_("Working days until it leaves"),
        min_value=0,
        max_value=MAX_HANDLING_DAYS,
        initial=1,
        help_text=_("0: it leaves the day it is ordered. Shoppers see by when it arrives."),
        error_messages={
            "required": _("How many working days do you need?"),
            "invalid": _("Please write the days in digits."),
            "max_value": _("It must leave within 30 working days."),
            "min_value": _("Days cannot be below zero."),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class OfferTermsForm(TermsForm):
    """An offer of a product that is there."""

    sku = forms.CharField(
        label=_("Your article number (SKU)"),
        max_length=128,
        error_messages={"required": _("Please give your own number for it.")},
    )
    price = AmountField(label=_("Price, tax included"), min_value=Decimal("0.01"))
    stock = StockField()
    field_order = ("sku", "price", "stock", "condition", "handling_days")

    def __init__(self, *args: object, currency: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["price"].label = _("Price, tax included, in %(currency)s") % {"currency": currency}


def attribute_field(*, asked: Asked, required: bool | None = None) -> forms.Field:
    """Return the form field of an attribute, by its type and bounds."""
    is_required = asked.required if required is None else required
    missing = {"required": _("Please fill in “%(name)s”.") % {"name": asked.name}}
    given = {"label": asked.label, "required": is_required}
    if asked.type == OPTION:
        choices = [("", "–"), *((text, text) for _pk, text in asked.options)]
        return forms.ChoiceField(choices=choices, error_messages=missing, **given)
    if asked.type == OPTIONS:
        choices = [(text, text) for _pk, text in asked.options]
        widget = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=choices, widget=widget, error_messages=missing, **given)
    if asked.type == YES_NO:
        return forms.TypedChoiceField(
            choices=[("", "–"), ("yes", _("Yes")), ("no", _("No"))],
            coerce=lambda text: text == "yes",
            empty_value=None,
            error_messages=missing,
            **given,
        )
    if asked.type == DAY:
        words = missing | {"invalid": _("Please write the day like 2026-03-31.")}
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), error_messages=words, **given)
    if asked.type == WHOLE:
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
        return forms.IntegerField(widget=widget, error_messages=missing | _NUMBER_INVALID, **given)
    if asked.type == NUMBER:
        return AmountField(max_digits=14, decimal_places=4, error_messages=missing | _NUMBER_INVALID, **given)
    return forms.CharField(max_length=drafts.TEXT_MOST, error_messages=missing, **given)


def _initial(*, asked: Asked, value: Value | None) -> object:
    if asked.type == YES_NO and value is not None:
        return "yes" if value else "no"
    return f"{value:g}" if asked.type == NUMBER and value is not None else value


def _cleaned(*, asked: Asked, value: object) -> Value | None:
    if value is None or value == "" or value == []:
        return None
    if asked.type == DAY:
        return value.isoformat()
    return float(value) if asked.type == NUMBER else value


class ProductDraftForm(TermsForm):
    """A product of one class. Fields ``a_<code>`` are what it says, ``v<n>-…`` a row of variant and offer.

    A row is used when anything is in it. One row alone is a product without variants.
    """

    title = forms.CharField(
        label=_("Name"),
        max_length=drafts.TITLE_MOST,
        help_text=_("Brand and what it is; colours and sizes go below."),
        error_messages={"required": _("Please give the product a name.")},
    )
    category = forms.TypedChoiceField(
        label=_("Category"),
        coerce=int,
        error_messages={"required": _("Please choose where shoppers will look for it.")},
    )
    also = forms.TypedChoiceField(label=_("Also in"), coerce=int, required=False, empty_value=None)
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=drafts.DESCRIPTION_MOST,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    note = forms.CharField(
        label=_("A word to the bank's staff"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        *args: object,
        asked: Sequence[Asked],
        categories: Sequence[tuple[int, str]],
        currency: str,
        class_id: int,
        with_offers: bool = True,
        rows: int = ROWS,
        product_ids: Sequence[int | None] = (),
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked, self.currency, self.class_id, self.with_offers = list(asked), currency, class_id, with_offers
        self.varying = [attribute for attribute in self.asked if attribute.varies]
        self.own = [attribute for attribute in self.asked if not attribute.varies]
        self.product_ids = list(product_ids)
        self.rows = max(rows, len(self.product_ids)) if self.varying else 1
        self.fields["category"].choices = [("", "–"), *categories]
        self.fields["also"].choices = [("", "–"), *categories]
        for attribute in self.own:
            self.fields[f"a_{attribute.code}"] = attribute_field(asked=attribute)
        for row in range(self.rows):
            self._add_row(row)
        if not with_offers:
            del self.fields["condition"], self.fields["handling_days"]

    def _add_row(self, row: int) -> None:
        for attribute in self.varying:
            self.fields[f"v{row}-a_{attribute.code}"] = attribute_field(asked=attribute, required=False)
        self.fields[f"v{row}-gtin"] = forms.CharField(
            label=_("GTIN (EAN, UPC)"),
            required=False,
            max_length=20,
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        )
        if self.with_offers:
            first = row == 0
            self.fields[f"v{row}-sku"] = forms.CharField(
                label=_("Your number (SKU)"),
                required=first,
                max_length=128,
                error_messages={"required": _("Please give your own number for it.")},
            )
            self.fields[f"v{row}-price"] = AmountField(
                label=_("Price, in %(currency)s") % {"currency": self.currency},
                min_value=Decimal("0.01"),
                required=first,
            )
            self.fields[f"v{row}-stock"] = StockField(required=first)

    def row_fields(self) -> list[list[forms.BoundField]]:
        """Return the fields of each row, for the template."""
        return [[self[name] for name in self.fields if name.startswith(f"v{row}-")] for row in range(self.rows)]

    def own_fields(self) -> list[forms.BoundField]:
        """Return the fields of what the product says, for the template."""
        return [self[f"a_{attribute.code}"] for attribute in self.own]

    def used_rows(self) -> list[int]:
        """Return the rows with something in them; those of variants that exist always count."""
        return [
            row
            for row in range(self.rows)
            if row == 0
            or row < len(self.product_ids)
            or any(
                self.cleaned_data.get(name) not in (None, "", []) for name in self.fields if name.startswith(f"v{row}-")
            )
        ]

    def _row_values(self, row: int) -> dict[str, Value]:
        found = {}
        for attribute in self.varying:
            value = _cleaned(asked=attribute, value=self.cleaned_data.get(f"v{row}-a_{attribute.code}"))
            if value is not None:
                found[attribute.code] = value
        return found

    def draft(self) -> ProductDraft:
        """Return the product as the form has it."""
        data = self.cleaned_data
        values = {}
        for attribute in self.own:
            value = _cleaned(asked=attribute, value=data.get(f"a_{attribute.code}"))
            if value is not None:
                values[attribute.code] = value
        rows = self.used_rows()
        has_variants = len(rows) > 1 or bool(self.product_ids and self.product_ids[0])
        categories = dict.fromkeys(pk for pk in (data.get("category"), data.get("also")) if pk)
        return ProductDraft(
            title=data.get("title", ""),
            class_id=self.class_id,
            category_ids=tuple(categories),
            description=data.get("description", ""),
            gtin="" if has_variants else data.get("v0-gtin", ""),
            values=values if has_variants else values | self._row_values(0),
            variants=tuple(
                VariantDraft(
                    values=self._row_values(row),
                    gtin=data.get(f"v{row}-gtin", ""),
                    product_id=self.product_ids[row] if row < len(self.product_ids) else None,
                )
                for row in rows
            )
            if has_variants
            else (),
        )

    def offers(self) -> tuple[OfferWish, ...]:
        """Return what is to be offered of each row."""
        data = self.cleaned_data
        if not self.with_offers:
            return ()
        return tuple(
            OfferWish(
                place=place,
                sku=(data.get(f"v{row}-sku") or "").strip(),
                price=bank.minor(amount=data.get(f"v{row}-price") or Decimal(0), currency=self.currency),
                stock=data.get(f"v{row}-stock"),
                condition=data.get("condition", StockRecord.NEW),
                handling_days=data.get("handling_days") or 0,
            )
            for place, row in enumerate(self.used_rows())
        )

    def clean(self) -> dict[str, object]:
        """A row in use needs its number, price and stock."""
        data = super().clean()
        if self.with_offers:
            for row in self.used_rows()[1:]:
                for name in ("sku", "price", "stock"):
                    key = f"v{row}-{name}"
                    if data.get(key) in (None, "") and key not in self.errors:
                        self.add_error(key, self.fields[f"v0-{name}"].error_messages["required"])
        return data

    def tell(self, *, problems: Sequence[tuple[str, str]]) -> None:
        """Show what an operation found wrong at the fields it is about."""
        rows = self.used_rows() if hasattr(self, "cleaned_data") else [0]
        for name, sentence in problems:
            self.add_error(self._field_named(name=name, rows=rows), sentence)

    def _field_named(self, *, name: str, rows: Sequence[int]) -> str | None:
        if name == "gtin":
            return "v0-gtin"
        prefix, dash, rest = name.partition("-")
        if dash and prefix[:1] == "v" and prefix[1:].isdecimal() and int(prefix[1:]) < len(rows):
            name = f"v{rows[int(prefix[1:])]}-{rest}"
        if name.startswith("a_") and name not in self.fields:
            name = f"v0-{name}"
        return name if name in self.fields else None


def initial_of(
    *, draft: ProductDraft, asked: Sequence[Asked], offers: Sequence[Mapping[str, object]] = (), currency: str
) -> dict[str, object]:
    """Return what a form of this draft begins with."""
    found: dict[str, object] = {"title": draft.title, "description": draft.description}
    found["category"], found["also"] = (*draft.category_ids, None, None)[:2]
    for attribute in asked:
        found[f"a_{attribute.code}"] = _initial(asked=attribute, value=(draft.values or {}).get(attribute.code))
    rows = draft.variants or (VariantDraft(values=draft.values or {}, gtin=draft.gtin),)
    for row, variant in enumerate(rows):
        found[f"v{row}-gtin"] = variant.gtin
        for attribute in asked:
            value = _initial(asked=attribute, value=variant.values.get(attribute.code))
            found[f"v{row}-a_{attribute.code}"] = value
    for offer in offers:
        row = offer["place"]
        found |= {
            f"v{row}-sku": offer["sku"],
            f"v{row}-price": bank.decimal(amount=offer["price"], currency=currency),
            f"v{row}-stock": offer["stock"],
            "condition": offer["condition"],
            "handling_days": offer["handling_days"],
        }
    return found


_WHOLE_PERCENT = _("Please give whole percent, from 0 to 100.")
_PERCENT = dict.fromkeys(("required", "invalid", "min_value", "max_value"), _WHOLE_PERCENT)


class WeightsForm(forms.Form):
    """How much each thing counts between offers, in whole percent."""

    price = forms.IntegerField(label=_("Price with delivery, %"), min_value=0, max_value=100, error_messages=_PERCENT)
    quality = forms.IntegerField(
        label=_("How well the store does, %"), min_value=0, max_value=100, error_messages=_PERCENT
    )
    speed = forms.IntegerField(label=_("Delivery time, %"), min_value=0, max_value=100, error_messages=_PERCENT)
    stock = forms.IntegerField(label=_("Stock, %"), min_value=0, max_value=100, error_messages=_PERCENT)
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        error_messages={"required": _("Say why: whoever looks later will want to know.")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput)
