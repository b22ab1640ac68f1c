"""The form under terms that somebody signs: a plan's at the checkout, an advance's on the merchant's pages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SignForm(forms.Form):
    """A signature: the typed name, and the hash of what was shown."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signature = forms.CharField(
        label=_("Your full name, as your signature"),
        max_length=120,
        min_length=3,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
