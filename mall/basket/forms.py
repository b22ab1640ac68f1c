"""What can be asked of a basket."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mall.basket.operations import MOST_PIECES

_PIECES = {
    "required": _("How many pieces?"),
    "invalid": _("Please give the number of pieces in digits."),
    "min_value": _("Please choose at least one piece."),
    "max_value": _("That is more than one order can hold."),
}
_BIGGEST = 2**63 - 1


class _PieceForm(forms.Form):
    @property
    def first_problem(self) -> str:
        """Return one sentence on what is wrong."""
        return next(iter(self.errors.values()))[0]


class AddForm(_PieceForm):
    """Pieces of one stock record."""

    stockrecord = forms.IntegerField(
        min_value=1,
        max_value=_BIGGEST,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), _("Please choose a product.")),
    )
    quantity = forms.IntegerField(min_value=1, max_value=MOST_PIECES, error_messages=_PIECES)


class ChangeForm(_PieceForm):
    """A new number of pieces for a line; none takes it out."""

    line = forms.IntegerField(
        min_value=1,
        max_value=_BIGGEST,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), _("This is not in your basket any more.")
        ),
    )
    quantity = forms.IntegerField(min_value=0, max_value=MOST_PIECES, error_messages=_PIECES)
    # The buttons beside the number.
    step = forms.IntegerField(min_value=-1, max_value=1, required=False)

    @property
    def pieces(self) -> int:
        """Return the number that is wanted, the button counted in."""
        return max(0, self.cleaned_data["quantity"] + (self.cleaned_data["step"] or 0))


class CodeForm(forms.Form):
    """A store's promotion code, or a voucher of the bank."""

    code = forms.CharField(
        label=_("Discount code"),
        max_length=64,
        error_messages={"required": _("Please enter the code you got.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
