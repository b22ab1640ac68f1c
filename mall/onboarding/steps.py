"""The steps of an application as forms; each field's error is one sentence with its remedy."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import schwifty
from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _
from schwifty.exceptions import SchwiftyException

from mall import bank
from mall.checkout.forms import AddressForm, LongSelect, countries
from mall.merchants import documents
from mall.merchants.models import KybDocument, MerchantApplication
from mall.onboarding import registration

_REQUIRED = {"required": _("Please fill this in.")}
DAY = {"required": _("Please give the date."), "invalid": _("Please give a date like 24/03/1980.")}
DAY_FORMATS = ["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"]


class CompanyForm(AddressForm):
    """Who the company is and where."""

    legal_form = forms.ChoiceField(
        label=_("Legal form"),
        choices=MerchantApplication.LEGAL_FORMS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please choose the legal form.")},
    )
    company = forms.CharField(
        label=_("Company, as it is registered"),
        max_length=128,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages=_REQUIRED,
    )
    registration_number = forms.CharField(
        label=_("Registration number"),
        max_length=64,
        required=False,
        help_text=_("As the register writes it, like HRB 12345. A sole trader may have none."),
    )
    tax_id = forms.CharField(
        label=_("VAT number"),
        max_length=32,
        required=False,
        help_text=_("Like DE136695976. A sole trader may have none."),
    )
    description = forms.CharField(
        label=_("What you sell"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["name"], self.fields["phone"]
        for name in ("line1", "postcode", "city", "country"):
            self.fields[name].error_messages["required"] = _REQUIRED["required"]

    def clean(self) -> dict[str, object]:
        """Compare the numbers with the country's own rules."""
        data = super().clean()
        country, sole = data.get("country", ""), data.get("legal_form") == MerchantApplication.SOLE
        for field, problem_of in (
            ("registration_number", registration.registration_problem),
            ("tax_id", registration.tax_problem),
        ):
            number = data.get(field, "")
            if number:
                problem = problem_of(number=number, country=country)
                if problem:
                    self.add_error(field, problem)
            elif not sole and field not in self.errors:
                self.add_error(field, _REQUIRED["required"])
        if country in bank.policy().BLOCKED_COUNTRIES:
            self.add_error("country", _("The bank does no business in this country."))
        return data


class PersonForm(forms.Form):
    """An owner or director."""

    name = forms.CharField(
        label=_("Full name, as in the passport"),
        max_length=120,
        error_messages={"required": _("Please give the name.")},
    )
    born_on = forms.DateField(
        label=_("Date of birth"),
        input_formats=DAY_FORMATS,
        error_messages=DAY,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"}),
    )
    country = forms.ChoiceField(label=_("Lives in"), widget=LongSelect())
    share = forms.DecimalField(
        label=_("Holds of the company, in %"),
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=5,
        decimal_places=2,
        help_text=_("0 for a director who owns nothing."),
        error_messages={
            "invalid": _("Please write the share in digits, like 33.3."),
            "max_value": _("Nobody holds more than 100 %%."),
            "min_value": _("A share cannot be below zero."),
            "max_decimal_places": _("Two digits after the point are enough."),
            "max_digits": _("Please write the share in digits, like 33.3."),
        },
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    is_director = forms.BooleanField(label=_("May sign for the company (director)"), required=False)
    is_exposed = forms.ChoiceField(
        label=_("Does this person hold a high public office, or did in the last year, or is close family of one?"),
        choices=[("no", _("No")), ("yes", _("Yes"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Please answer yes or no.")},
    )
    exposed_as = forms.CharField(label=_("If yes: which office, and whose"), max_length=200, required=False)

    def __init__(self, *args: object, today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = countries()
        self.fields["country"].initial = bank.policy().BANK_COUNTRY
        oldest = date(today.year - 120, 1, 1)
        self.fields["born_on"].validators += [
            MaxValueValidator(
                date(today.year - 18, today.month, min(today.day, 28)),
                message=_("Owners and directors must be 18 or older."),
            )
        ]
        self._oldest = oldest

    def clean_born_on(self) -> date:
        """Refuse a year nobody alive was born in."""
        born_on = self.cleaned_data["born_on"]
        if born_on < self._oldest:
            raise forms.ValidationError(_("Please check the year of birth."))
        return born_on

    def clean_share(self) -> int:
        """Return basis points."""
        return int((self.cleaned_data.get("share") or Decimal(0)) * 100)

    def clean(self) -> dict[str, object]:
        """Ask for a part in the company, and for the office where there is one."""
        data = super().clean()
        if "share" in data and not data["share"] and not data.get("is_director"):
            self.add_error("share", _("Give the share this person holds, or say that he is a director."))
        if data.get("is_exposed") == "yes" and not data.get("exposed_as", "").strip():
            self.add_error("exposed_as", _("Please say which office, and whose."))
        return data

    @property
    def values(self) -> dict[str, object]:
        """Return what was typed as a person's columns."""
        data = self.cleaned_data
        exposed = data["is_exposed"] == "yes"
        return {
            "name": data["name"],
            "born_on": data["born_on"],
            "country": data["country"],
            "share_bps": data["share"],
            "is_director": data["is_director"],
            "is_exposed": exposed,
            "exposed_as": data["exposed_as"] if exposed else "",
        }


class NobodyForm(forms.Form):
    """That nobody holds a quarter or more."""

    no_large_owner = forms.BooleanField(label=_("Nobody holds 25 % or more of the company."), required=False)


class AccountForm(forms.Form):
    """The company's account at its bank."""

    account_holder = forms.CharField(
        label=_("Account holder"),
        max_length=128,
        help_text=_("As on the statement; it must be the company or, for a sole trader, its owner."),
        error_messages={"required": _("Please give the name the account is held in.")},
    )
    iban = forms.CharField(
        label=_("Account number (IBAN)"),
        max_length=42,
        error_messages={"required": _("Please give the account number.")},
        widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_iban(self) -> str:
        """Return the account number in its short form."""
        try:
            number = schwifty.IBAN(self.cleaned_data["iban"])
        except SchwiftyException:
            raise forms.ValidationError(_("This is not a valid IBAN: check each digit.")) from None
        if number.country_code in bank.policy().BLOCKED_COUNTRIES:
            raise forms.ValidationError(_("The bank takes no accounts in that country: give another one."))
        return str(number)


class DocumentForm(forms.Form):
    """A scanned paper, and until when it is good."""

    kind = forms.ChoiceField(label=_("Kind of document"), error_messages={"required": _("Choose what this is.")})
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, PNG or JPEG, up to 8 MB."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        error_messages={
            "required": _("Choose the file first."),
            "empty": _("This file is empty: choose another."),
            "invalid": _("Choose the file first."),
        },
    )
    expires_on = forms.DateField(
        label=_("Good until"),
        required=False,
        input_formats=DAY_FORMATS,
        error_messages=DAY,
        help_text=_("For passports and identity cards."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: object, kinds: list[str], today: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        names = dict(KybDocument.KINDS)
        self.fields["kind"].choices = [(kind, names[kind]) for kind in kinds]
        self._today = today

    def clean_file(self) -> object:
        """Refuse what is too large before it is read."""
        found = self.cleaned_data["file"]
        if found.size > documents.MAX_BYTES:
            raise forms.ValidationError(documents.too_large(name=found.name))
        return found

    def clean(self) -> dict[str, object]:
        """Ask until when a passport is good."""
        data = super().clean()
        if data.get("kind") == "identity" and "expires_on" not in self.errors:
            if data.get("expires_on") is None:
                self.add_error("expires_on", _("Please give the date until which it is good."))
            elif data["expires_on"] < self._today:
                self.add_error("expires_on", _("This document has expired: send one that is still good."))
        return data


class TermsForm(forms.Form):
    """The agreement to the terms."""

    signed_as = forms.CharField(
        label=_("Your full name, as your signature"),
        max_length=120,
        error_messages={"required": _("Please sign with your full name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    agrees = forms.BooleanField(
        label=_("I have read the terms for merchants, may sign for the company, and agree to them."),
        error_messages={"required": _("To sell here, agree to the terms.")},
    )
    consent_credit = forms.BooleanField(
        label=_("The bank may use our sales here to offer us financing. We can withdraw this at any time."),
        required=False,
    )
