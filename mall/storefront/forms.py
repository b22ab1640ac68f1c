"""What the people of a store can say of it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mall.storefront.models import LEAST_RETURN_DAYS

_PICTURE = {"accept": ".png,.jpg,.jpeg,.webp"}
_DAY = {"required": _("Please give the date."), "invalid": _("Please give a date like 24/12/2026.")}
_FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"]


class StorePageForm(forms.Form):
    """Name, pictures, words, policies, contact."""

    name = forms.CharField(
        label=_("Name of the store"), max_length=128, error_messages={"required": _("A store needs a name.")}
    )
    logo = forms.FileField(
        label=_("Logo"), required=False, widget=forms.FileInput(attrs=_PICTURE), help_text=_("Square, up to 8 MB.")
    )
    no_logo = forms.BooleanField(label=_("Take the logo away"), required=False)
    banner = forms.FileField(
        label=_("Banner"),
        required=False,
        widget=forms.FileInput(attrs=_PICTURE),
        help_text=_("Wide, at least 960 pixels, up to 8 MB."),
    )
    no_banner = forms.BooleanField(label=_("Take the banner away"), required=False)
    about = forms.CharField(
        label=_("About the store"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 5})
    )
    returns_days = forms.IntegerField(
        label=_("Days to send goods back"),
        min_value=LEAST_RETURN_DAYS,
        max_value=365,
        help_text=_("The law gives at least 14."),
        error_messages={
            "required": _("Please give the days, at least 14."),
            "invalid": _("Please write the days in digits."),
            "min_value": _("The law gives buyers at least 14 days."),
            "max_value": _("At most 365 days."),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    returns_text = forms.CharField(
        label=_("How returns work here"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    delivery_text = forms.CharField(
        label=_("About delivery"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    email = forms.EmailField(
        label=_("E-mail for buyers"),
        required=False,
        error_messages={"invalid": _("Please give an address like shop@example.com.")},
    )
    phone = forms.CharField(label=_("Phone for buyers"), required=False, max_length=32)
    hours = forms.CharField(
        label=_("When you answer"), required=False, max_length=300, help_text=_("Like: Monday to Friday, 9 to 17.")
    )


class HolidayForm(forms.Form):
    """From when to when the store is away."""

    begins_on = forms.DateField(
        label=_("From"), input_formats=_FORMATS, error_messages=_DAY, widget=forms.DateInput(attrs={"type": "date"})
    )
    ends_on = forms.DateField(
        label=_("To, the last day"),
        input_formats=_FORMATS,
        error_messages=_DAY,
        widget=forms.DateInput(attrs={"type": "date"}),
    )
