"""A company's wish to sell here, as a form."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from mall.checkout.forms import AddressForm
from mall.merchants.documents import MAX_BYTES

DOCUMENTS = ("registration", "identity", "bank")


class DocumentField(forms.FileField):
    """A scanned paper."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("widget", forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}))
        kwargs.setdefault(
            "error_messages",
            {"required": _("Please add this document."), "empty": _("This file is empty: choose another.")},
        )
        super().__init__(**kwargs)

    def clean(self, data: object, initial: object = None) -> object:
        """Refuse what is too large before it is read."""
        found = super().clean(data, initial)
        if found and found.size > MAX_BYTES:
            raise forms.ValidationError(_("A document may be up to 8 MB: please make it smaller."))
        return found


class SellForm(AddressForm):
    """Company, account, documents, terms."""

    company = forms.CharField(
        label=_("Company"), max_length=128, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    registration_number = forms.CharField(label=_("Registration number"), max_length=64)
    tax_id = forms.CharField(label=_("Tax number"), max_length=32)
    iban = forms.CharField(
        label=_("Company account (IBAN)"),
        max_length=42,
        help_text=_("To prove who you are; sales are paid out to your new account here."),
    )
    description = forms.CharField(
        label=_("What you sell"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    registration = DocumentField(label=_("Company registration"), help_text=_("PDF, PNG or JPEG, up to 8 MB."))
    identity = DocumentField(label=_("Identity of the owner"), help_text=_("Passport or identity card."))
    bank = DocumentField(label=_("Proof of the company account"), help_text=_("A statement or a letter of the bank."))
    terms = forms.BooleanField(
        label=_("I have read the terms for merchants and agree to them."),
        error_messages={"required": _("To sell here, agree to the terms.")},
    )
    consent_credit = forms.BooleanField(
        label=_("The bank may use our sales here to offer us financing. We can withdraw this at any time."),
        required=False,
    )

    address_fields = ("line1", "line2", "postcode", "city", "region", "country")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"], self.fields["phone"]
