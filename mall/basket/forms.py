"""What can be asked of a basket."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_model

from mall import bank

Voucher = get_model("voucher", "Voucher")

MOST_PIECES = 999


class _PieceForm(forms.Form):
    @property
    def first_problem(self) -> str:
        """Return one sentence on what is wrong."""
        return next(iter(self.errors.values()))[0]


class AddForm(_PieceForm):
    """Pieces of one stock record."""

    stockrecord = forms.IntegerField(
        min_value=1, max_value=2**63 - 1, error_messages={"required": _("Please choose a product.")}
    )
    quantity = forms.IntegerField(
        min_value=1,
        max_value=MOST_PIECES,
        error_messages={
            "required": _("How many pieces?"),
            "invalid": _("Please give the number of pieces in digits."),
            "min_value": _("Please choose at least one piece."),
            "max_value": _("That is more than one order can hold."),
        },
    )


class ChangeForm(_PieceForm):
    """A new number of pieces for a line; none takes it out."""

    line = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = forms.IntegerField(
        min_value=0,
        max_value=MOST_PIECES,
        error_messages={
            "required": _("How many pieces?"),
            "invalid": _("Please give the number of pieces in digits."),
            "min_value": _("Please choose at least one piece."),
            "max_value": _("That is more than one order can hold."),
        },
    )


class DiscountCodeForm(forms.Form):
    """A merchant's or the market's discount code."""

    code = forms.CharField(
        label=_("Discount code"), max_length=128, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: object, basket: object = None, user: object = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._basket, self._user = basket, user
        self.voucher: Voucher | None = None

    def clean_code(self) -> str:
        """Find the code, and whether this shopper can use it now."""
        code = self.cleaned_data["code"].strip().upper()
        found = Voucher.objects.filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("We do not know this code. Is it spelled as you got it?"))
        if self._basket.id and self._basket.vouchers.filter(pk=found.pk).exists():
            raise forms.ValidationError(_("This code is used already."))
        if not found.is_active(bank.now()):
            raise forms.ValidationError(_("This code is not valid today."))
        available, reason = found.is_available_to_user(self._user)
        if not available:
            raise forms.ValidationError(reason)
        self.voucher = found
        return code
