"""What staff enter of taxes."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from mall.taxes.models import DIGITAL, REDUCED, STANDARD, ZERO

CLASS_NAMES = (
    (STANDARD, _("Standard")),
    (REDUCED, _("Reduced")),
    (ZERO, _("Zero")),
    (DIGITAL, _("Digital goods")),
)


class RateForm(forms.Form):
    """A rate from a day on."""

    tax_class = forms.ChoiceField(label=_("Class"), choices=CLASS_NAMES)
    rate = forms.DecimalField(
        label=_("Rate, per cent"),
        min_value=Decimal(0),
        max_value=Decimal(50),
        max_digits=4,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "required": _("Please give the rate."),
            "invalid": _("Please write the rate in digits, like 19 or 5.5."),
            "min_value": _("A rate lies between 0 and 50 per cent."),
            "max_value": _("A rate lies between 0 and 50 per cent."),
        },
    )
    starts_on = forms.DateField(
        label=_("From"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Please give the first day."), "invalid": _("Please give a day.")},
    )

    @property
    def rate_bps(self) -> int:
        """Return the rate in basis points."""
        return int(self.cleaned_data["rate"] * 100)


class CategoryForm(forms.Form):
    """The class of a category."""

    category = forms.ChoiceField(label=_("Category"), error_messages={"required": _("Please choose a category.")})
    tax_class = forms.ChoiceField(
        label=_("Class"), choices=(("", _("As the category above")), *CLASS_NAMES), required=False
    )

    def __init__(self, *args: object, categories: list[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = [("", "–"), *categories]
