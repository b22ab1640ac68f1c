"""Vouchers the bank pays for: issuing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from payments.models import Voucher
from payments.operations.errors import PaymentError, UnableToOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueVoucher:
    """A voucher of ``budget`` minor units, for one ``holder`` or, when that is empty, for whoever knows the code."""

    code: str
    label: str
    currency: str
    budget: int
    valid_from: datetime
    valid_until: datetime
    holder: str = ""


def issue_vouchers(*, requests: Sequence[IssueVoucher]) -> list[str | PaymentError]:
    """Issue vouchers and return their codes; one that is there with the same terms stays as it is."""
    Voucher.objects.bulk_create(
        [
            Voucher(
                code=request.code,
                label=request.label,
                currency=request.currency,
                budget=request.budget,
                valid_from=request.valid_from,
                valid_until=request.valid_until,
                holder=request.holder,
            )
            for request in requests
            if request.budget > 0 and request.valid_from < request.valid_until
        ],
        ignore_conflicts=True,
    )
    present = {row.code: row for row in Voucher.objects.filter(code__in=[request.code for request in requests])}
    results: list[str | PaymentError] = []
    for request in requests:
        row = present.get(request.code)
        if row is None:
            results.append(UnableToOpen(f"The voucher {request.code} needs a budget above zero and time to be used."))
        elif (row.budget, row.currency, row.holder) != (request.budget, request.currency, request.holder):
            results.append(UnableToOpen(f"A voucher {request.code} with other terms exists already."))
        else:
            results.append(row.code)
    return results


def end_vouchers(*, codes: Sequence[str], at: datetime) -> None:
    """Let vouchers be used no more from now on; what is reserved of them stays reserved."""
    Voucher.objects.filter(code__in=codes, valid_until__gt=at).update(valid_until=at)
