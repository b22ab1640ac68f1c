"""The one page of the checkout as a form."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale
from django import forms
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _gettext
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.checkout.tenders import Split, own_vouchers
from mall.customer.addresses import AddressData
from mall.papers.drafts import InvoiceTo, Papers, WrongVatId, vat_id
from mall.papers.models import MOST_LETTERS

NEW_ADDRESS = "new"
NEW_CARD = "card|new"
# Whatever divides the total is answered at once with the new sums.
LIVE = {"hx-target": "#checkout-sums", "hx-swap": "innerHTML", "hx-trigger": "change"}
_NOT_COUNTRIES = {"EU", "EZ", "UN", "XA", "XB", "XK", "ZZ", "QO", "AC", "CP", "DG", "EA", "IC", "TA"}


def countries() -> list[tuple[str, str]]:
    """Return every country by its two letters, named and sorted for the reader."""
    language = get_language() or "en"
    names = Locale.parse({"zh-hans": "zh_Hans"}.get(language, language.replace("-", "_"))).territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code not in _NOT_COUNTRIES]
    return sorted(found, key=lambda pair: pair[1])


class LongSelect(forms.Select):
    """A choice among hundreds, written in one go: a template for each option would cost more than the page."""

    def render(self, name: str, value: object, attrs: dict[str, object] | None = None, renderer: object = None) -> str:
        """Return the markup."""
        flat = flatatt(self.build_attrs(self.attrs, {"name": name, **(attrs or {})}))
        rows = (
            (code, SafeString(" selected") if code == str(value or "") else "", text) for code, text in self.choices
        )
        return format_html(
            "<select{}>{}</select>", flat, format_html_join("", '<option value="{}"{}>{}</option>', rows)
        )


# Whatever changes where things go, or how, is answered with the ways that go there too.
WHERE = {"hx-target": "#checkout-sums", "hx-swap": "innerHTML", "hx-trigger": "change"}
_GIFT = "gift-"


class AddressForm(forms.Form):
    """A postal address."""

    name = forms.CharField(label=_("Full name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    line1 = forms.CharField(
        label=_("Street and number"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "address-line1"})
    )
    line2 = forms.CharField(
        label=_("Flat, floor, company"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-line2"}),
    )
    postcode = forms.CharField(
        label=_("Postcode"), max_length=16, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    city = forms.CharField(
        label=_("City"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    region = forms.CharField(
        label=_("State or region"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "address-level1"}),
    )
    country = forms.ChoiceField(label=_("Country"), widget=LongSelect(attrs={"autocomplete": "country"}))
    phone = forms.CharField(
        label=_("Phone, for the carrier"),
        max_length=32,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )

    address_fields = ("name", "line1", "line2", "postcode", "city", "region", "country", "phone")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = countries()
        self.fields["country"].initial = bank.policy().BANK_COUNTRY

    @property
    def address(self) -> AddressData:
        """Return what was typed, as plain data."""
        return AddressData(**{name: self.cleaned_data.get(name, "") for name in self.address_fields})


class InvoiceForm(AddressForm):
    """Whom the invoice is made out to, and what is said with the parcels."""

    company = forms.CharField(
        label=_("Company"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    vat_number = forms.CharField(
        label=_("VAT number"), max_length=32, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    bill_elsewhere = forms.BooleanField(label=_("The invoice goes to another address"), required=False)
    bill_name = forms.CharField(label=_("Full name"), max_length=120, required=False)
    bill_line1 = forms.CharField(label=_("Street and number"), max_length=120, required=False)
    bill_line2 = forms.CharField(label=_("Flat, floor"), max_length=120, required=False)
    bill_postcode = forms.CharField(label=_("Postcode"), max_length=16, required=False)
    bill_city = forms.CharField(label=_("City"), max_length=80, required=False)
    bill_country = forms.ChoiceField(label=_("Country"), required=False, widget=LongSelect)
    note = forms.CharField(
        label=_("Note to the stores"),
        max_length=MOST_LETTERS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Like where to leave a parcel."),
    )

    bill_fields = ("bill_name", "bill_line1", "bill_line2", "bill_postcode", "bill_city", "bill_country")

    def __init__(self, *args: object, stores: Sequence[tuple[int, str]] = (), **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["bill_country"].choices = countries()
        self.fields["bill_country"].initial = bank.policy().BANK_COUNTRY
        for merchant_id, name in stores:
            self.fields[f"{_GIFT}{merchant_id}"] = forms.CharField(
                label=_gettext("Gift message with the parcel of %(store)s") % {"store": name},
                max_length=MOST_LETTERS,
                required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def gift_field(self, *, merchant_id: int) -> object:
        """Return the field of the message that goes with a merchant's parcel."""
        return self[f"{_GIFT}{merchant_id}"]

    def clean_vat_number(self) -> str:
        """Return the number as invoices write it."""
        try:
            return vat_id(text=self.cleaned_data["vat_number"])
        except WrongVatId as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean(self) -> dict[str, object]:
        """Ask for the whole address of the invoice, once it goes elsewhere."""
        data = super().clean()
        if data.get("bill_elsewhere"):
            for name in ("bill_name", "bill_line1", "bill_postcode", "bill_city"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Please complete the address of the invoice."))
        if data.get("vat_number") and not data.get("company") and "company" not in self.errors:
            self.add_error("company", _("Whose VAT number is this? Please name the company."))
        return data

    def papers(self) -> Papers:
        """Return what is to be printed with the order."""
        data = self.cleaned_data
        elsewhere = (
            {name.removeprefix("bill_"): data[name] for name in self.bill_fields} if data["bill_elsewhere"] else {}
        )
        return Papers(
            invoice=InvoiceTo(company=data["company"], vat_id=data["vat_number"], **elsewhere),
            gift_messages={
                int(name.removeprefix(_GIFT)): text for name, text in data.items() if name.startswith(_GIFT) and text
            },
            note=data["note"],
        )


class CheckoutForm(InvoiceForm):
    """Who, where to, how it comes, and how it is paid.

    `book`: (id, text) of the addresses to choose from; `options`: the ways to pay what
    `split` leaves of the total. `carried`: something has to be brought to an address; `fallback_country`: where the
    shopper seems to be. `make_default`: a new address becomes the usual one.
    """

    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We write there how your order goes on."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    address_choice = forms.ChoiceField(label=_("Deliver to"), required=False, widget=forms.RadioSelect)
    voucher_code = forms.CharField(
        label=_("Voucher code"), max_length=64, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    account_amount = forms.CharField(
        label=_("From your Rialto account"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    tender = forms.ChoiceField(
        label=_("Pay with"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose how to pay."),
            "invalid_choice": _("This way to pay is not open to you any more: please choose another."),
        },
    )
    make_default = forms.BooleanField(label=_("Use this address from now on"), required=False)
    keep_card = forms.BooleanField(label=_("Save this card for the next time"), required=False)
    card_token = forms.RegexField(r"^pm_[A-Za-z0-9_]{1,100}$", required=False)

    def __init__(
        self,
        *args: object,
        guest: bool,
        book: Sequence[tuple[int, str]],
        options: Sequence[object],
        split: Split,
        carried: bool = True,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.split = split
        self.carried = carried
        self.options = {f"{option.method}|{option.source}": option for option in options if option.method != "voucher"}
        tenders = [(value, option.label) for value, option in self.options.items()]
        self.fields["tender"].choices = tenders
        if not any(option.keep_as for option in options):
            del self.fields["keep_card"]
        self.fields["tender"].required = bool(split.rest)
        self.fields["voucher_code"].help_text = own_vouchers(options=options)
        for name in ("voucher_code", "account_amount", "tender"):
            self.fields[name].widget.attrs |= LIVE | {"hx-post": reverse("checkout-summary")}
        if not split.account_number:
            del self.fields["account_amount"]
        if self.initial.get("tender") not in self.options:
            self.initial.pop("tender", None)
        if tenders:
            self.fields["tender"].initial = tenders[0][0]
        self._offer_addresses(guest=guest, book=book)
        for name in ("address_choice", "country"):
            if name in self.fields:
                self.fields[name].widget.attrs |= WHERE | {"hx-post": reverse("checkout-summary")}

    def _offer_addresses(self, *, guest: bool, book: Sequence[tuple[int, str]]) -> None:
        if guest:
            del self.fields["address_choice"], self.fields["make_default"]
        else:
            del self.fields["email"]
            choices = [*((str(pk), text) for pk, text in book), (NEW_ADDRESS, _("Another address"))]
            self.fields["address_choice"].choices = choices
            self.fields["address_choice"].initial = choices[0][0]
            if self.initial.get("address_choice") not in dict(choices):
                self.initial.pop("address_choice", None)
        if not self.carried or ("address_choice" in self.fields and self._chosen_address() != NEW_ADDRESS):
            for name in self.address_fields:
                self.fields[name].required = False

    def _chosen_address(self) -> str:
        if not self.is_bound:
            return self.initial.get("address_choice") or self.fields["address_choice"].initial
        chosen = self.data.get("address_choice") or NEW_ADDRESS
        known = {value for value, _text in self.fields["address_choice"].choices}
        return chosen if chosen in known else NEW_ADDRESS

    @property
    def address_id(self) -> int | None:
        """Return the address chosen from the book; nothing for a new one."""
        chosen = self.cleaned_data.get("address_choice", NEW_ADDRESS) if self.carried else NEW_ADDRESS
        return None if chosen in ("", NEW_ADDRESS) else int(chosen)

    def clean(self) -> dict[str, object]:
        """Say beside its field what cannot be paid as it was written."""
        cleaned = super().clean()
        if self.split.rest and cleaned.get("tender") == NEW_CARD and not cleaned.get("card_token"):
            self.add_error("tender", _("Please enter your card."))
        for name, problem in self.split.problems.items():
            if name in self.fields and name not in self.errors:
                self.add_error(name, problem)
        return cleaned

    def _with_token(self, source: str) -> str:
        """Put the token of a card just typed at the provider in the place that stands for it."""
        prefix, mark, name = source.rpartition(":")
        return f"{prefix}{mark}{self.cleaned_data['card_token']}" if name == "new" else source

    def tenders(self) -> tuple[tuple[str, str, int], ...]:
        """Return (method, source, minor units) of each source of money, in the order of use; they sum to the total."""
        chosen = self.cleaned_data.get("tender", "")
        method, _separator, source = chosen.partition("|")
        if self.cleaned_data.get("keep_card") and chosen in self.options:
            source = self.options[chosen].keep_as or source
        return self.split.tenders(method=method, source=self._with_token(source))
