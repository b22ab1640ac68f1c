"""Money as whole minor units of one currency: no float, no lost cent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache, total_ordering

from babel.core import get_global
from babel.numbers import format_currency

MAX_MINOR_UNITS = 2**63 - 1


class MoneyError(ValueError):
    """Base of every refusal in this module."""


class CurrencyMismatch(MoneyError):
    """Two amounts of different currencies met in one sum or comparison."""


class InexactAmount(MoneyError):
    """A decimal amount has more digits than its currency has minor units."""


@cache
def exponent(currency: str) -> int:
    """Return the number of decimal digits of ``currency`` (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD.

    :raises MoneyError: the code is not three capital letters.
    """
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise MoneyError(f"{currency!r} is not an ISO 4217 currency code: use three capital letters, like EUR.")
    fractions = get_global("currency_fractions")
    return fractions.get(currency, fractions["DEFAULT"])[0]


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units (cents) of one currency; may be negative in a difference."""

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor_units) is not int:
            raise MoneyError(f"Money counts whole minor units, not {self.minor_units!r}.")
        if abs(self.minor_units) > MAX_MINOR_UNITS:
            raise MoneyError(f"{self.minor_units} minor units is more than the ledger can hold.")
        exponent(self.currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in ``currency``."""
        return cls(0, currency)

    @classmethod
    def from_decimal(cls, amount: Decimal, currency: str, *, rounding: str | None = None) -> Money:
        """Return ``amount`` (major units) as money.

        Without ``rounding`` (a ``decimal`` mode) extra digits are refused rather than lost.

        :raises InexactAmount: ``amount`` has more digits than the currency and no rounding was named.
        """
        scaled = amount.scaleb(exponent(currency))
        whole = scaled.to_integral_value(rounding=rounding or ROUND_HALF_EVEN)
        if rounding is None and whole != scaled:
            raise InexactAmount(f"{amount} has more digits than {currency} has.")
        return cls(int(whole), currency)

    def to_decimal(self) -> Decimal:
        """Return the amount in major units, with exactly the currency's digits."""
        return Decimal(self.minor_units).scaleb(-exponent(self.currency))

    def format(self, locale: str = "en") -> str:
        """Return the amount as text of ``locale``, with its currency."""
        return format_currency(self.to_decimal(), self.currency, locale=locale.replace("-", "_"))

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Divide by ``weights`` with :func:`largest_remainder`; the parts sum to the whole."""
        return [Money(part, self.currency) for part in largest_remainder(self.minor_units, weights)]

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be mixed in one amount.")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor_units + other.minor_units, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor_units - other.minor_units, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor_units, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor_units < other.minor_units

    def __bool__(self) -> bool:
        return self.minor_units != 0

    def __str__(self) -> str:
        return f"{self.to_decimal()} {self.currency}"


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Divide ``total`` minor units in proportion to ``weights``; the parts sum to ``total``.

    Hamilton's method: every part gets its floor, and the units left over go to the largest remainders,
    the earlier part first among equals, so the odd cents land the same way each time. A negative total is the
    mirror image of the positive one.

    :raises MoneyError: a weight is negative, or all are zero.
    """
    whole = sum(weights)
    if whole <= 0 or any(weight < 0 for weight in weights):
        raise MoneyError("An amount is divided by weights that are not negative and not all zero.")
    if total < 0:
        return [-part for part in largest_remainder(-total, weights)]
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts


def share(amount: int, basis_points: int) -> int:
    """Return ``basis_points`` (1/100 %) of ``amount`` minor units, half to even.

    :raises MoneyError: the rate is negative.
    """
    if basis_points < 0:
        raise MoneyError(f"A rate of {basis_points} basis points is below zero.")
    quotient, remainder = divmod(abs(amount) * basis_points, 10_000)
    if remainder * 2 > 10_000 or (remainder * 2 == 10_000 and quotient % 2):
        quotient += 1
    return quotient if amount >= 0 else -quotient
