"""What a merchant's staff can ask for."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from mall import bank

_AMOUNT_ERRORS = {
    "invalid": _("Please write the amount in digits, like 12.50."),
    "min_value": _("Please give an amount above zero."),
    "required": _("Please give an amount."),
}


class AmountField(forms.DecimalField):
    """Money as people type it, in major units; a comma is as good as a point."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 12)
        kwargs.setdefault("decimal_places", 2)
        kwargs.setdefault("error_messages", _AMOUNT_ERRORS)
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        super().__init__(**kwargs)

    def to_python(self, value: object) -> Decimal | None:
        """Read the text as a decimal."""
        return super().to_python(value.replace(",", ".") if isinstance(value, str) else value)


def _name_currency(*, form: forms.Form, currency: str) -> None:
    """Say in the label of each amount in which currency it is."""
    for field in form.fields.values():
        if isinstance(field, AmountField):
            field.label = _("%(label)s, in %(currency)s") % {"label": field.label, "currency": currency}


class DispatchForm(forms.Form):
    """The carrier, and the number by which the parcel can be followed."""

    carrier = forms.CharField(
        label=_("Carrier"), max_length=64, required=False, widget=forms.TextInput(attrs={"list": "carriers"})
    )
    tracking = forms.CharField(label=_("Tracking number"), max_length=128, required=False)


class CancelForm(forms.Form):
    """Why the parcel will not be sent."""

    reason = forms.CharField(
        label=_("Reason, as the buyer will read it"),
        max_length=200,
        error_messages={"required": _("Please tell the buyer why.")},
    )


class RefundForm(forms.Form):
    """How much goes back to the buyer, and why."""

    amount = AmountField(label=_("Amount"), min_value=Decimal("0.01"))
    reason = forms.CharField(
        label=_("Reason, as the buyer will read it"),
        max_length=200,
        error_messages={"required": _("Please tell the buyer why.")},
    )

    def __init__(self, *args: object, currency: str, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._currency, self._most = currency, most
        _name_currency(form=self, currency=currency)
        shown = bank.text(amount=most, currency=currency)
        self.fields["amount"].help_text = _("At most %(most)s.") % {"most": shown}

    def clean_amount(self) -> int:
        """Return minor units, not more than is left to refund."""
        amount = bank.minor(amount=self.cleaned_data["amount"], currency=self._currency)
        if amount > self._most:
            shown = bank.text(amount=self._most, currency=self._currency)
            raise forms.ValidationError(_("No more than %(most)s can go back.") % {"most": shown})
        return amount


class OfferForm(forms.Form):
    """A new price and stock for an offer, and how many working days until it leaves."""

    price = AmountField(label=_("Price"), min_value=Decimal("0.01"))
    stock = forms.IntegerField(
        label=_("Stock"),
        min_value=0,
        max_value=1_000_000,
        required=False,
        error_messages={
            "invalid": _("Please write the stock in digits."),
            "min_value": _("Stock cannot be below zero."),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    handling_days = forms.IntegerField(
        label=_("Working days until it leaves"),
        min_value=0,
        max_value=30,
        error_messages={
            "required": _("How many working days do you need?"),
            "invalid": _("Please write the days in digits."),
            "max_value": _("It must leave within 30 working days."),
            "min_value": _("Days cannot be below zero."),
        },
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: object, with_days: bool = False, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not with_days:
            del self.fields["handling_days"]
