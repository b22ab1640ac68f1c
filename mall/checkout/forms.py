"""The one page of the checkout as a form."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from babel import Locale
from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.customer.addresses import AddressData

NEW_ADDRESS = "new"
NEW_CARD = "card|new"
VOUCHER_CODE = "voucher|"
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


class CheckoutForm(AddressForm):
    """Who, where to, how it comes, and how it is paid.

    `book`: (id, text) of the addresses to choose from; `options`: the ways to pay this total.
    """

    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We write there how your order goes on."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    address_choice = forms.ChoiceField(label=_("Deliver to"), required=False, widget=forms.RadioSelect)
    tender = forms.ChoiceField(
        label=_("Pay with"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Please choose how to pay."),
            "invalid_choice": _("This way to pay is not open to you any more: please choose another."),
        },
    )
    keep_card = forms.BooleanField(label=_("Save this card for the next time"), required=False)
    card_token = forms.RegexField(r"^pm_[A-Za-z0-9_]{1,100}$", required=False)
    part_tender = forms.ChoiceField(label=_("Another way"), required=False)
    part_code = forms.CharField(
        label=_("Voucher code"), max_length=64, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    part_amount = forms.DecimalField(
        label=_("Amount from it"),
        min_value=Decimal("0.01"),
        max_digits=12,
        decimal_places=3,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
        error_messages={
            "invalid": _("Please write the amount in digits, like 12.50."),
            "min_value": _("Please give an amount above zero."),
        },
    )

    def __init__(
        self,
        *args: object,
        guest: bool,
        book: Sequence[tuple[int, str]],
        options: Sequence[object],
        total: int,
        currency: str,
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._total, self._currency = total, currency
        self.options = {f"{option.method}|{option.source}": option for option in options}
        tenders = [(value, option.label) for value, option in self.options.items()]
        self.fields["tender"].choices = tenders
        if not any(option.keep_as for option in options):
            del self.fields["keep_card"]
        self.fields["part_tender"].choices = [("", _("–")), *tenders, (VOUCHER_CODE, _("A voucher, by its code"))]
        if tenders:
            self.fields["tender"].initial = tenders[0][0]
        if guest:
            del self.fields["address_choice"]
        else:
            del self.fields["email"]
            self.fields["address_choice"].choices = [
                *((str(pk), text) for pk, text in book),
                (NEW_ADDRESS, _("Another address")),
            ]
            self.fields["address_choice"].initial = str(book[0][0]) if book else NEW_ADDRESS
        if "address_choice" in self.fields and self._chosen_address() != NEW_ADDRESS:
            for name in self.address_fields:
                self.fields[name].required = False

    def _chosen_address(self) -> str:
        if not self.is_bound:
            return self.fields["address_choice"].initial
        chosen = self.data.get("address_choice") or NEW_ADDRESS
        known = {value for value, _text in self.fields["address_choice"].choices}
        return chosen if chosen in known else NEW_ADDRESS

    @property
    def address_id(self) -> int | None:
        """Return the address chosen from the book; nothing for a new one."""
        chosen = self.cleaned_data.get("address_choice", NEW_ADDRESS)
        return None if chosen in ("", NEW_ADDRESS) else int(chosen)

    def clean(self) -> dict[str, object]:
        """Check that a second source of money is whole, and less than the total."""
        cleaned = super().clean()
        if NEW_CARD in (cleaned.get("tender"), cleaned.get("part_tender")) and not cleaned.get("card_token"):
            self.add_error("tender", _("Please enter your card."))
        chosen = cleaned.get("part_tender")
        if not chosen:
            return cleaned
        if chosen == VOUCHER_CODE and not cleaned.get("part_code", "").strip():
            self.add_error("part_code", _("Please write the voucher's code."))
        if chosen == cleaned.get("tender"):
            self.add_error("part_tender", _("Please choose two different ways to pay."))
        amount = cleaned.get("part_amount")
        if amount is None:
            if "part_amount" not in self.errors:
                self.add_error("part_amount", _("How much of the total?"))
        elif bank.minor(amount=amount, currency=self._currency) > self._total:
            self.add_error("part_amount", _("That is more than the order costs."))
        return cleaned

    def _with_token(self, source: str) -> str:
        """Put the token of a card just typed at the provider in the place that stands for it."""
        prefix, mark, name = source.rpartition(":")
        return f"{prefix}{mark}{self.cleaned_data['card_token']}" if name == "new" else source

    def tenders(self) -> tuple[tuple[str, str, int], ...]:
        """Return (method, source, minor units) of each source of money; they sum to the total."""
        method, source = self.cleaned_data["tender"].split("|", 1)
        if self.cleaned_data.get("keep_card"):
            source = self.options[self.cleaned_data["tender"]].keep_as or source
        source = self._with_token(source)
        chosen = self.cleaned_data.get("part_tender")
        if not chosen:
            return ((method, source, self._total),)
        other_method, other_source = chosen.split("|", 1)
        other_source = self._with_token(other_source)
        if chosen == VOUCHER_CODE:
            other_source = self.cleaned_data["part_code"].strip()
        part = bank.minor(amount=self.cleaned_data["part_amount"], currency=self._currency)
        rest = self._total - part
        first = ((other_method, other_source, part),)
        return first if rest == 0 else (*first, (method, source, rest))
