"""Trade item numbers (GTIN: EAN-13, EAN-8, UPC): checked by their last digit and written in one way."""

from __future__ import annotations

from stdnum import ean


class NoGtin(Exception):
    """The digits are no trade item number."""


def normal(*, text: str) -> str:
    """Return a number as products keep it, of 13 digits or 14; empty stays empty.

    :raises NoGtin: it has other characters or another length, or its check digit is not right.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not digits:
        return ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) in (8, 12, 13, 14)):
        raise NoGtin("A GTIN (EAN, UPC) has 8, 12, 13 or 14 digits: it stands under the bar code.")
    if not ean.is_valid(digits):
        raise NoGtin(f"The last digit of {digits} does not fit the others: please compare it with the bar code.")
    return digits.lstrip("0").zfill(13)
