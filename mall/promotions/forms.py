"""What a store, or the bank, says of a promotion."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.merchants.forms import AmountField
from mall.promotions.models import AMOUNT, FREE_DELIVERY, PERCENTAGE, PIECES
from mall.promotions.operations import NewPromotion

_DAY = {"required": _("Please give a day."), "invalid": _("Please give a day.")}
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


class _TermsForm(forms.Form):
    name = forms.CharField(
        label=_("Name, as shoppers read it"),
        max_length=60,
        error_messages={"required": _("Please give the promotion a name.")},
    )
    code = forms.CharField(label=_("Code"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    category = forms.ChoiceField(label=_("Only in the category"), required=False)
    minimum = AmountField(label=_("From goods worth"), required=False, min_value=Decimal("0.01"))
    budget = AmountField(label=_("Budget"), required=False, min_value=Decimal("0.01"))
    per_customer = forms.IntegerField(
        label=_("Uses by one customer, at most"),
        required=False,
        min_value=1,
        max_value=1_000,
        error_messages={
            "invalid": _("Please write the number in digits."),
            "min_value": _("Each customer may use it at least once."),
        },
    )
    starts_on = forms.DateField(
        label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), error_messages=_DAY
    )
    ends_on = forms.DateField(
        label=_("Until, this day included"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages=_DAY,
    )

    def __init__(
        self, *args: object, currency: str, categories: list[tuple[str, str]], at: datetime, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)
        self._currency, self._at = currency, at
        self.fields["category"].choices = [("", _("All goods")), *categories]
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.label = f"{field.label}, {currency}"
        self.fields["starts_on"].initial = at.date()
        self.fields["ends_on"].initial = at.date() + timedelta(days=13)

    def clean_code(self) -> str:
        """Return the code in capitals."""
        code = self.cleaned_data["code"].strip().upper()
        if code and not _CODE.fullmatch(code):
            raise forms.ValidationError(_("A code has 3 to 40 letters, digits and hyphens, like SPRING-10."))
        return code

    def clean(self) -> dict[str, object]:
        """Check that the days are in order."""
        data = super().clean()
        if data.get("starts_on") and data.get("ends_on") and data["ends_on"] < data["starts_on"]:
            self.add_error("ends_on", _("It must end after it starts."))
        return data

    def _minor(self, name: str) -> int | None:
        value = self.cleaned_data.get(name)
        return None if value is None else bank.minor(amount=value, currency=self._currency)

    def _terms(self) -> dict[str, object]:
        data = self.cleaned_data
        starts_at = datetime.combine(data["starts_on"], time.min, UTC)
        return {
            "name": data["name"],
            "code": data.get("code", ""),
            "category_id": int(data["category"]) if data["category"] else None,
            "minimum": self._minor("minimum") or 0,
            "budget": self._minor("budget"),
            "per_customer": data["per_customer"],
            # What starts today starts now.
            "starts_at": self._at if data["starts_on"] == self._at.date() else starts_at,
            "ends_at": datetime.combine(data["ends_on"], time.min, UTC) + timedelta(days=1),
        }


class PromotionForm(_TermsForm):
    """A promotion of a store's own goods."""

    kind = forms.ChoiceField(
        label=_("What it gives"),
        choices=(
            (PERCENTAGE, _("Per cent off")),
            (AMOUNT, _("An amount off")),
            (PIECES, _("More pieces for the price of fewer")),
            (FREE_DELIVERY, _("Free delivery")),
        ),
        widget=forms.RadioSelect,
        initial=PERCENTAGE,
    )
    percent = forms.DecimalField(
        label=_("Per cent"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=Decimal(100),
        decimal_places=2,
        max_digits=5,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": _("Please write the per cent in digits."),
            "min_value": _("Please give more than 0 and at most 100."),
            "max_value": _("Please give more than 0 and at most 100."),
        },
    )
    amount = AmountField(label=_("Amount off"), required=False, min_value=Decimal("0.01"))
    pieces = forms.IntegerField(label=_("Pieces taken"), required=False, min_value=2, max_value=100)
    paid_for = forms.IntegerField(label=_("Pieces paid"), required=False, min_value=1, max_value=99)
    products = forms.CharField(
        label=_("Only these products"),
        required=False,
        max_length=1_000,
        help_text=_("Your article numbers, one a line. Empty: everything you sell."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].required = False
        self.fields["code"].help_text = _("Empty: it counts by itself for everybody.")
        self.fields["budget"].help_text = _("It ends by itself once so much was given.")
        order = "name kind percent amount pieces paid_for code category products minimum budget per_customer"
        self.order_fields([*order.split(), "starts_on", "ends_on"])

    @property
    def skus(self) -> list[str]:
        """Return the article numbers that were typed."""
        return list(dict.fromkeys(word.strip() for word in self.cleaned_data["products"].splitlines() if word.strip()))

    def clean(self) -> dict[str, object]:
        """Ask for what the chosen kind needs."""
        data = super().clean()
        needs = {
            PERCENTAGE: [("percent", _("How much per cent?"))],
            AMOUNT: [("amount", _("How much?"))],
            PIECES: [("pieces", _("How many are taken?")), ("paid_for", _("How many are paid?"))],
        }
        for name, sentence in needs.get(data.get("kind"), []):
            if data.get(name) is None and name not in self.errors:
                self.add_error(name, sentence)
        if data.get("kind") == PIECES and (data.get("paid_for") or 0) >= (data.get("pieces") or 100):
            self.add_error("paid_for", _("Fewer must be paid than are taken."))
        return data

    def wish(self, *, product_ids: tuple[int, ...]) -> NewPromotion:
        """Return what was said as plain data."""
        data = self.cleaned_data
        values = {
            PERCENTAGE: int((data["percent"] or 0) * 100),
            AMOUNT: self._minor("amount") or 0,
            PIECES: data["pieces"] or 0,
        }
        return NewPromotion(
            kind=data["kind"],
            value=values.get(data["kind"], 0),
            paid_for=(data["paid_for"] or 0) if data["kind"] == PIECES else 0,
            product_ids=product_ids,
            **self._terms(),
        )


class VoucherForm(_TermsForm):
    """A voucher the bank pays for."""

    amount = AmountField(
        label=_("Worth at most, each time"),
        min_value=Decimal("0.01"),
        error_messages={
            "required": _("How much does it pay?"),
            "invalid": _("Please write the amount in digits, like 12.50."),
            "min_value": _("Please give an amount above zero."),
        },
    )
    merchant = forms.ChoiceField(label=_("Only at the store"), required=False)

    def __init__(self, *args: object, merchants: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["merchant"].choices = [("", _("All stores")), *merchants]
        self.fields["budget"].required = True
        self.fields["budget"].error_messages["required"] = _("What may it cost the bank in all?")
        self.fields["code"].error_messages["required"] = _("By which code?")
        order = "name code amount budget merchant category minimum per_customer starts_on ends_on"
        self.order_fields(order.split())

    @property
    def merchant_id(self) -> int | None:
        """Return the store it is for, if for one alone."""
        return int(self.cleaned_data["merchant"]) if self.cleaned_data["merchant"] else None

    def wish(self) -> NewPromotion:
        """Return what was said as plain data."""
        return NewPromotion(kind=AMOUNT, value=self._minor("amount") or 0, **self._terms())
