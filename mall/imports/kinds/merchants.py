"""Merchants to onboard: one line a store, known by the bank's own reference; opened with owner, account and terms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from babel.core import get_global
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from mall.customer.addresses import AddressData
from mall.customer.operations import RegisterShopper, register_shoppers
from mall.imports.from_file import FromFile
from mall.imports.models import MERCHANTS, Import, ImportLine
from mall.imports.offers import plain_line
from mall.imports.shape import Checked, Field, Outcome, Problem
from mall.imports.text_files import RawLine
from mall.merchants.models import Merchant
from mall.merchants.operations import OpenMerchant, open_merchants

_LONGEST = {"reference": 100, "name": 128, "owner_email": 254, "owner_name": 150, "region": 64, "postcode": 64}
_NEEDED = ("reference", "name", "owner_email", "currency", "city", "country")
# Names of other ways in, which a file may not take.
_TAKEN = ("application:",)
_SELLERS = {
    "reference": "olist:{seller_id}",
    "name": "{seller_city:T} Store {seller_id:5}",
    "owner_email": "owner-{seller_id}@olist.example",
    "owner_name": "Owner {seller_id:8}",
    "currency": "BRL",
    "country": "BR",
}


class Merchants(FromFile):
    """Stores the bank takes over from a list."""

    code = MERCHANTS
    # The bank's operations alone, two of them.
    permission = ""
    can_be_undone = False
    at_once = 100

    def fields(self) -> Sequence[Field]:
        """Return the columns of the format."""
        return (
            Field(code="reference", label=_("Reference"), key=True, required=True, example="crm-10042",
                  help=_("The bank's own number of the merchant: onboarding it again changes nothing."),
                  synonyms=("Reference", "Merchant id", "Merchant number", "Kundennummer", "Key", "External id")),
            Field(code="name", label=_("Store name"), required=True, example="Lagoon & Oak",
                  help=_("What shoppers read, at most 128 characters."),
                  synonyms=("Store name", "Company", "Merchant name", "Firma", "Shop", "Store", "Name")),
            Field(code="owner_email", label=_("Owner's e-mail"), required=True, example="ada@lagoon.example",
                  help=_("With which the owner signs in; a person known here keeps the account."),
                  synonyms=("Owner email", "E-mail", "Email", "Owner e-mail", "Mail", "Contact email")),
            Field(code="owner_name", label=_("Owner's name"), example="Ada Weber", help=_("First and last name."),
                  synonyms=("Owner name", "Owner", "Contact", "Contact name", "Inhaber")),
            Field(code="currency", label=_("Currency"), required=True, example="EUR",
                  help=_("In which the store sells and is paid."), synonyms=("Currency", "Währung")),
            Field(code="line1", label=_("Street"), example="Lindenweg 4", help=_("Street and number."),
                  synonyms=("Street", "Address", "Address 1", "Line 1", "Straße")),
            Field(code="line2", label=_("Address, second line"), example="", help=_("If there is one."),
                  synonyms=("Address 2", "Line 2")),
            Field(code="postcode", label=_("Postcode"), example="28195", help=_("As written in the country."),
                  synonyms=("Postcode", "Zip", "Zip code", "PLZ", "seller_zip_code_prefix")),
            Field(code="city", label=_("City"), required=True, example="Bremen", help=_("Where the store is."),
                  synonyms=("City", "Town", "Ort", "Stadt", "seller_city")),
            Field(code="region", label=_("Region"), example="", help=_("State or province, if addresses have one."),
                  synonyms=("Region", "State", "Province", "seller_state")),
            Field(code="country", label=_("Country"), required=True, example="DE", help=_("Two letters (ISO 3166)."),
                  synonyms=("Country", "Country code", "Land")),
            Field(code="description", label=_("About the store"), example="Furniture made to last.",
                  help=_("What the store page says of it."), synonyms=("Description", "About")),
        )  # fmt: skip

    def suggestions(self, *, headings: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
        """Return what a list of sellers in the Olist data set's format lacks."""
        if "seller_id" not in headings:
            return {}
        return {name: text for name, text in _SELLERS.items() if name not in columns}

    def check(self, *, imported: Import, lines: Sequence[tuple[RawLine, dict[str, str]]]) -> list[Checked]:
        """Return which stores would be opened; nothing is written."""
        checked = [self._read(raw=raw, texts=texts) for raw, texts in lines]
        keys = [line.key for line in checked if line.key]
        there = {row.key: row for row in Merchant.objects.filter(key__in=keys).select_related("owner")}
        for line in checked:
            if line.key and not line.problems:
                _compare(line=line, merchant=there.get(line.key))
        return checked

    def _read(self, *, raw: RawLine, texts: Mapping[str, str]) -> Checked:
        line = Checked(number=raw.number, cells=raw.cells)
        if raw.fault[0]:
            line.problems.append(Problem("", *raw.fault))
            return line
        line.values = {name: plain for name, text in texts.items() if (plain := plain_line(text))}
        labels = {field.code: field.label for field in self.fields()}
        for name in _NEEDED:
            if name not in line.values:
                remedy = _("Fill in “%(column)s”.") % {"column": labels[name]}
                line.problems.append(Problem(labels[name], _("It is empty."), remedy))
        for name, text in line.values.items():
            most = _LONGEST.get(name, 255)
            if name != "description" and len(text) > most:
                what = _("It has %(count)d characters; at most %(most)d fit.") % {"count": len(text), "most": most}
                remedy = _("Shorten it by %(count)d.") % {"count": len(text) - most}
                line.problems.append(Problem(labels[name], what, remedy))
            elif problem := _wrong(name=name, text=text):
                line.problems.append(Problem(labels[name], *problem))
        line.key = line.values.pop("reference", "")[:100]
        for name in ("currency", "country"):
            if name in line.values:
                line.values[name] = line.values[name].upper()
        return line

    def apply(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Register the owners and open the stores; what is open stays as it is."""
        owners = register_shoppers(
            requests=[
                RegisterShopper(
                    email=str(line.values["owner_email"]),
                    name=str(line.values.get("owner_name", "")),
                    currency=str(line.values["currency"]),
                    at=at,
                )
                for line in lines
            ]
        )
        opened = open_merchants(
            requests=[
                OpenMerchant(
                    key=line.key,
                    name=str(line.values["name"]),
                    owner=owner.pk,
                    currency=str(line.values["currency"]),
                    address=_address(values=line.values),
                    description=str(line.values.get("description", "")),
                    at=at,
                )
                for line, owner in zip(lines, owners, strict=True)
            ]
        )
        return [
            Outcome({}, line.after | {"merchant": merchant.pk, "slug": merchant.slug})
            for line, merchant in zip(lines, opened, strict=True)
        ]

    def undo(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Refuse: a store with an account in the book stays; it can be suspended.

        :raises NotImplementedError: always; `can_be_undone` says so before.
        """
        raise NotImplementedError("A store that was opened is suspended, not undone.")


def _wrong(*, name: str, text: str) -> tuple[str, str] | None:
    if name == "reference" and text.startswith(_TAKEN):
        return _("References that begin like this belong to applications."), _("Give the bank's own number.")
    if name == "owner_email":
        try:
            validate_email(text)
        except ValidationError:
            return _("“%(text)s” is no e-mail address.") % {"text": text[:60]}, _("Write it like ada@example.com.")
    if name == "currency" and text.upper() not in get_global("all_currencies"):
        return _("“%(text)s” is no currency.") % {"text": text[:20]}, _("Write its three letters, like EUR.")
    if name == "country" and (not re.match(r"[A-Za-z]{2}$", text) or text.upper() not in _countries()):
        return _("“%(text)s” is no country.") % {"text": text[:20]}, _("Write its two letters, like DE.")
    return None


def _countries() -> frozenset[str]:
    return frozenset(get_global("territory_currencies"))


def _compare(*, line: Checked, merchant: Merchant | None) -> None:
    if merchant is None:
        line.fresh = True
        line.after = {name: line.values[name] for name in ("name", "owner_email", "currency", "city", "country")}
        return
    told = {
        _("Owner's e-mail"): (str(line.values["owner_email"]).lower(), merchant.owner.email),
        _("Currency"): (line.values["currency"], merchant.currency),
    }
    for label, (given, there) in told.items():
        if given != there:
            what = _("The merchant is onboarded already, with %(there)s.") % {"there": there}
            line.problems.append(Problem(label, what, _("Delete the line; what is open is changed on its own page.")))


def _address(*, values: Mapping[str, object]) -> AddressData:
    return AddressData(
        name=str(values["name"]),
        **{name: str(values.get(name, "")) for name in ("line1", "line2", "city", "region", "postcode", "country")},
    )
