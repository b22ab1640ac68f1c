"""Opening an account, and keeping one's own details."""

from __future__ import annotations

from allauth.account.forms import SignupForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.customer.models import User
from mall.customer.operations import RegisterShopper, register_shoppers

CONSENT_WORDS = _(
    "Rialto Bank may use what I buy and how I pay here to offer me instalments and credit. "
    "I can withdraw this at any time, and shop on without it."
)


class SignUpForm(SignupForm):
    """A new shopper: name, e-mail, password, and a free choice about credit."""

    field_order = ("name", "email", "password1", "consent_credit")

    name = forms.CharField(label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    consent_credit = forms.BooleanField(label=CONSENT_WORDS, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["password1"].help_text = _("At least ten characters.")

    def save(self, request: HttpRequest) -> User:
        """Register the shopper with a current account, through the operation everybody uses."""
        [user] = register_shoppers(
            requests=[
                RegisterShopper(
                    email=self.cleaned_data["email"],
                    name=self.cleaned_data["name"],
                    currency=bank.policy().CURRENCY,
                    password=self.cleaned_data["password1"],
                    consent_credit=self.cleaned_data["consent_credit"],
                    at=bank.now(),
                )
            ]
        )
        return user


class DetailsForm(forms.Form):
    """How a person is called."""

    first_name = forms.CharField(
        label=_("First names"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
