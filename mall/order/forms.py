"""What a buyer can say of an order."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ReviewForm(forms.Form):
    """One to five stars, and words."""

    score = forms.TypedChoiceField(
        label=_("Stars"),
        coerce=int,
        choices=[(5, "★★★★★"), (4, "★★★★"), (3, "★★★"), (2, "★★"), (1, "★")],
        widget=forms.Select,
        error_messages={
            "required": _("Please give one to five stars."),
            "invalid_choice": _("Please give one to five stars."),
        },
    )
    body = forms.CharField(
        label=_("What was it like?"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class GuestForm(forms.Form):
    """The address a guest ordered with."""

    email = forms.EmailField(
        label=_("E-mail address of the order"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": _("Please enter the e-mail address you ordered with."),
            "invalid": _("This is no e-mail address: it needs the form name@example.com."),
        },
    )
