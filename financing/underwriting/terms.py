"""What underwriting needs to know of a product and of what somebody owes; callers pass them in."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

ProductKind = Literal["installments", "advance"]


@dataclass(frozen=True, kw_only=True)
class ProductTerms:
    """A product version as underwriting sees it. Its prices are the least it is sold at.

    `days` is how long it runs. A plan with `annual_rate_bps` of zero is paid for by the merchant, by a subsidy; an
    advance is paid for by a flat fee and repaid from `share_bps` of sales.
    """

    code: str
    kind: ProductKind
    currency: str
    installments: int
    days: int
    minimum_amount: int
    maximum_amount: int
    annual_rate_bps: int = 0
    fee_bps: int = 0
    subsidy_bps: int = 0
    share_bps: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the terms as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ProductTerms":
        """Return the terms that :meth:`to_json` described."""
        return cls(**data)


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What a subject owes now, in minor units, and how late; an empty one owes nothing.

    `monthly_due` is what falls due a month on plans signed or approved, however near the next day is; `reserved` is
    signed or approved and not drawn yet.
    """

    outstanding: int = 0
    reserved: int = 0
    monthly_due: int = 0
    open_loans: int = 0
    days_late: int = 0
    charged_off: int = 0

    def to_json(self) -> dict[str, int]:
        """Return the exposure as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Price:
    """What credit costs: interest a year, a flat fee, or the merchant's subsidy, in basis points."""

    annual_rate_bps: int = 0
    fee_bps: int = 0
    subsidy_bps: int = 0

    @property
    def bps(self) -> int:
        """Return the one of the three that applies."""
        return self.annual_rate_bps or self.fee_bps or self.subsidy_bps
