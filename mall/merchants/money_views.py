"""A merchant's money: where it stands, and what each payout is made of."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mall import bank
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.views import framed
from mall.queries.merchants import Workplace, addressee

SHOWN = 60


@staff_page(may=roles.MONEY)
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


@staff_page(may=roles.MONEY)
@require_safe
def settlement(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Open one settlement into the releases, refunds and repayments it is made of."""
    found = bank.settlement(settlement_id=pk, merchant_id=place.merchant_id)
    if found is None:
        raise Http404
    view, lines = found
    names = bank.settlement_line_names()
    context = {
        "settlement": view,
        "lines": [(names.get(line.kind, line.kind), line) for line in lines],
        "forms": bank.STATEMENT_FORMS,
    }
    return render(request, "mall/merchant/settlement.html", framed(request, place, "merchant-money") | context)


@staff_page(may=roles.MONEY)
@require_safe
def settlement_file(request: HttpRequest, place: Workplace, pk: str, form: str) -> HttpResponseBase:
    """Give the statement of a settlement that was paid out, addressed to the company."""
    made = bank.settlement_file(
        settlement_id=int(pk),
        merchant_id=place.merchant_id,
        recipient=addressee(merchant_id=place.merchant_id),
        form=form,
        at=bank.now(),
    )
    if made is None:
        raise Http404
    return made
