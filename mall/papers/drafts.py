"""What a shopper wants printed with an order, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _
from stdnum.ch import vat as swiss
from stdnum.eu import vat as european
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british
from stdnum.no import mva as norwegian

_OTHERS = {"CHE": swiss, "GB": british, "NO": norwegian}


class WrongVatId(Exception):
    """The number is not a VAT id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTo:
    """Whom the invoice is made out to; without a street it goes to the address of delivery."""

    company: str = ""
    vat_id: str = ""
    name: str = ""
    line1: str = ""
    line2: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""

    @property
    def says_something(self) -> bool:
        """Tell whether anything is to be written down."""
        return bool(self.company or self.vat_id or self.line1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """`gift_messages`: by merchant. `note`: for all who pack."""

    invoice: InvoiceTo = field(default_factory=InvoiceTo)
    gift_messages: Mapping[int, str] = field(default_factory=dict)
    note: str = ""

    def content(self) -> list[object]:
        """Return what tells these from others, empty for none."""
        invoice = self.invoice
        gifts = sorted([merchant, text] for merchant, text in self.gift_messages.items() if text)
        if not (invoice.says_something or gifts or self.note):
            return []
        return [[getattr(invoice, name) for name in InvoiceTo.__dataclass_fields__], gifts, self.note]


def vat_id(*, text: str) -> str:
    """Return a VAT id as it is written on invoices, its form and check digits verified; empty for none.

    :raises WrongVatId: it is none of the European Union, Great Britain, Norway or Switzerland.
    """
    plain = "".join(letter for letter in text.upper() if letter.isalnum())
    if not plain:
        return ""
    module = next((module for prefix, module in _OTHERS.items() if plain.startswith(prefix)), european)
    country = next((prefix for prefix in _OTHERS if plain.startswith(prefix) and prefix != "CHE"), "")
    try:
        number = module.validate(plain.removeprefix(country))
    except (ValidationError, ValueError, KeyError):
        raise WrongVatId(
            _("This is not a VAT number: it begins with its country, like DE 136 695 976, and its digits fit.")
        ) from None
    return country + number
