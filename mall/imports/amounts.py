"""Figures as people and spreadsheets write them: decimal comma or point, thousands, currency signs, or nonsense."""

from __future__ import annotations

import re
from decimal import Decimal

from babel.numbers import get_currency_precision, get_currency_symbol
from django.utils.translation import gettext as _

from mall import bank

_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_NUMBER = re.compile(r"[-−]?[0-9]+(?:[.,][0-9]+)*$")
_GROUPED = re.compile(r"[0-9]{1,3}(?:([.,])[0-9]{3})(?:\1[0-9]{3})*$")


class UnclearFigure(Exception):
    """The text is no figure, or could be two; `remedy` says how to write it."""

    def __init__(self, message: str, *, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def money(*, text: str, currency: str) -> int:
    """Return an amount in minor units.

    :raises UnclearFigure: it is no amount, is below zero, or can be read in two ways.
    """
    digits = get_currency_precision(currency)
    example = "12.50" if digits == 2 else "12"
    bare = _SPACES.sub("", text).replace(currency, "").replace(get_currency_symbol(currency, "en"), "")
    bare = bare.replace("−", "-")
    if not _NUMBER.match(bare):
        raise UnclearFigure(
            _("“%(text)s” is no amount.") % {"text": text[:40]},
            remedy=_("Write it in digits, like %(example)s.") % {"example": example},
        )
    if bare.startswith("-"):
        raise UnclearFigure(_("A price cannot be below zero."), remedy=_("Write a price of zero or more."))
    amount = _decimal(bare=bare, text=text, digits=digits)
    minor = bank.minor(amount=amount, currency=currency)
    if minor >= 10**11:
        raise UnclearFigure(
            _("%(text)s is more than anything here costs.") % {"text": text[:40]},
            remedy=_("Check how many digits it has."),
        )
    return minor


def _decimal(*, bare: str, text: str, digits: int) -> Decimal:
    """Return the number; what stands last of point and comma, and but once, is the decimal sign."""
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0:
        return Decimal(bare)
    sign = bare[last]
    other = "," if sign == "." else "."
    if bare.count(sign) > 1:
        if _GROUPED.match(bare):
            return Decimal(bare.replace(sign, ""))
        raise _two_ways(text)
    whole, fraction = bare[:last], bare[last + 1 :]
    if other in whole and not _GROUPED.match(whole):
        raise _two_ways(text)
    if digits != 3 and _GROUPED.match(bare) and other not in whole and not whole.startswith("0"):
        raise _two_ways(text)
    if len(fraction.rstrip("0")) > digits:
        raise UnclearFigure(
            _("%(text)s has more decimals than the currency.") % {"text": text[:40]},
            remedy=_("Round it to %(digits)d decimals.") % {"digits": digits},
        )
    return Decimal(f"{whole.replace(other, '')}.{fraction}")


def _two_ways(text: str) -> UnclearFigure:
    return UnclearFigure(
        _("%(text)s can be read in two ways.") % {"text": text[:40]},
        remedy=_("Write thousands without a sign between them, and cents with two digits, like 1250.00."),
    )


def pieces(*, text: str, most: int) -> int:
    """Return a number of pieces.

    :raises UnclearFigure: it is no whole number from zero to `most`.
    """
    bare = _SPACES.sub("", text).replace("−", "-")
    grouped = bare.replace(".", "").replace(",", "") if _GROUPED.match(bare) else bare
    grouped = re.sub(r"[.,]0+$", "", grouped)
    if re.match(r"-[0-9]+$", grouped):
        raise UnclearFigure(_("Stock cannot be below zero."), remedy=_("Write zero or more."))
    if not re.match(r"[0-9]+$", grouped):
        raise UnclearFigure(
            _("“%(text)s” is no number of pieces.") % {"text": text[:40]},
            remedy=_("Write a whole number, or “unlimited” for what never runs out."),
        )
    if len(grouped.lstrip("0")) > 12 or int(grouped) > most:
        raise UnclearFigure(
            _("%(text)s pieces are more than a stock can be here (%(most)s).")
            % {"text": text[:40], "most": f"{most:,}"},
            remedy=_("Check the figure, or write “unlimited” for what never runs out."),
        )
    return int(grouped)
