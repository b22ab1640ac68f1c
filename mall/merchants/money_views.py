"""A merchant's money: where it stands, and what each payout is made of."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mall import bank
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace

SHOWN = 60


@staff_page(owner=True)
@require_safe
def money(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show pending, available and kept back money, and the settlements."""
    settlements = bank.settlements_of(merchant_id=place.merchant_id, limit=SHOWN)
    context = {
        "money": bank.merchant_money(merchant_id=place.merchant_id),
        "accounts": bank.payout_accounts(merchant_id=place.merchant_id),
        # What is taken off is shown below zero, so that each row adds up to what was paid out.
        "settlements": [
            (row, -row.refunded - row.to_receivable, -row.to_reserve, -row.withheld) for row in settlements
        ],
    }
    return render(request, "mall/merchant/money.html", framed(request, place, "merchant-money") | context)


@staff_page(owner=True)
@require_safe
def settlement(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Open one settlement into the releases, refunds and repayments it is made of."""
    found = bank.settlement(settlement_id=pk, merchant_id=place.merchant_id)
    if found is None:
        raise Http404
    names = {
        "release": _("Sale released"),
        "refund": _("Refund"),
        "reserve": _("Kept in reserve"),
        "loan_share": _("Repayment of financing"),
        "receivable": _("Owed from before"),
    }
    view, lines = found
    context = {
        "settlement": view,
        "lines": [(names.get(line.kind, line.kind), line) for line in lines],
    }
    return render(request, "mall/merchant/settlement.html", framed(request, place, "merchant-money") | context)
