"""What companies are registered by, country by country, and tax numbers by their check digit."""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _
from stdnum import get_cc_module
from stdnum.exceptions import ValidationError
from stdnum.fr import siren

# country: pattern of what is written in capitals without spaces, and an example people can compare with
_REGISTERS = {
    "AT": (r"FN\d{1,6}[A-Z]", "FN 123456a"),
    "BE": (r"0?\d{9,10}", "0403.170.701"),
    "CH": (r"CHE\d{9}", "CHE-123.456.788"),
    "DE": (r"(HRA|HRB|GNR|PR|VR|GSR)\d{1,6}[A-Z]{0,3}", "HRB 12345"),
    "ES": (r"[A-Z]\d{7}[0-9A-J]", "B58378431"),
    "FR": (r"\d{9}", "732 829 320"),
    "GB": (r"(\d{8}|[A-Z]{2}\d{6})", "01234567"),
    "IT": (r"[A-Z]{2}\d{6,7}", "VE 123456"),
    "NL": (r"\d{8}", "12345678"),
    "PL": (r"\d{10}", "0000123456"),
    "PT": (r"\d{9}", "501964843"),
}


def plain(number: str) -> str:
    """Return a number as registers compare it: capitals, without spaces and marks."""
    return re.sub(r"[^0-9A-Z]", "", number.upper())


def has_register(*, country: str) -> bool:
    """Tell whether the form of a country's registration numbers is known here."""
    return country in _REGISTERS


def registration_problem(*, number: str, country: str) -> str:
    """Return what is wrong with a registration number, or nothing."""
    known = _REGISTERS.get(country)
    if known is None:
        return ""
    pattern, example = known
    if not re.fullmatch(pattern, plain(number)) or (country == "FR" and not siren.is_valid(plain(number))):
        return _("This is no registration number of that country: write it like %(example)s.") % {"example": example}
    return ""


def tax_problem(*, number: str, country: str) -> str:
    """Return what is wrong with a VAT number by its check digit, or nothing."""
    module = get_cc_module(country.lower(), "vat")
    if module is None:
        return ""
    try:
        module.validate(number)
    except ValidationError:
        return _("This VAT number's check digit is not right: compare each digit with your registration.")
    return ""


def has_tax_rule(*, country: str) -> bool:
    """Tell whether the check digit of a country's VAT numbers is known here."""
    return get_cc_module(country.lower(), "vat") is not None
