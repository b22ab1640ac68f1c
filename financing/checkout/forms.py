"""The form under a plan's terms."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SignPlanForm(forms.Form):
    """A signature: the typed name, and the hash of what was shown."""

    sha256 = forms.CharField(widget=forms.HiddenInput, max_length=64)
    signature = forms.CharField(
        label=_("Your full name, as your signature"),
        max_length=120,
        min_length=3,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
