"""What a voucher of the bank would give to a payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from payments.models import Voucher


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherStanding:
    """A voucher this payer may use now; ``left`` is minor units of the currency asked for."""

    code: str
    label: str
    left: int


def voucher(*, code: str, payer: str, currency: str, at: datetime) -> VoucherStanding | None:
    """Return the voucher of that code, however it is written; nothing where this payer cannot use it now."""
    row = Voucher.objects.filter(code__iexact=code, currency=currency, valid_from__lte=at, valid_until__gt=at).first()
    if row is None or row.holder not in ("", payer):
        return None
    return VoucherStanding(code=row.code, label=row.label, left=row.budget - row.reserved - row.spent)


def given(*, codes: Sequence[str]) -> dict[str, int]:
    """Return what of each voucher's budget is spent or promised, in minor units."""
    rows = Voucher.objects.filter(code__in=codes)
    return {row.code: row.reserved + row.spent for row in rows}
