"""What a voucher the bank pays for would pay of a basket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from mall import bank
from mall.promotions import queries, taking
from mall.promotions.models import CustomerUses


def pays_at_most(
    *, code: str, goods: Sequence[tuple[int, int, int]], customer: str, currency: str, at: datetime
) -> tuple[int | None, str]:
    """Return the most a code pays of these goods, and why it pays nothing; no limit for codes unknown to the mall.

    `goods`: (merchant, product, amount after promotions) of each line.
    """
    row = queries.by_code(code=code, at=at)
    if row is None:
        return None, ""
    if row.merchant_funded:
        return 0, _("%(code)s is a store's own code: enter it in the basket.") % {"code": row.code}
    if row.currency != currency:
        return 0, _("The voucher %(code)s is in %(currency)s.") % {"code": row.code, "currency": row.currency}
    if row.per_customer is not None and customer:
        used = CustomerUses.objects.filter(promotion=row, customer=customer).values_list("uses", flat=True).first()
        if (used or 0) >= row.per_customer:
            return 0, _("You have used the voucher %(code)s already.") % {"code": row.code}
    most, missing = taking.allowance(row=row, goods=goods)
    if missing:
        text = bank.text(amount=missing, currency=currency)
        return 0, _("The voucher %(code)s pays once there are goods for %(missing)s more.") % {
            "code": row.code,
            "missing": text,
        }
    if not most:
        return 0, _("The voucher %(code)s is for other goods than these.") % {"code": row.code}
    return most, ""
