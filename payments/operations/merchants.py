"""Merchants' terms: what the bank takes and when it pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from payments import chart
from payments.ledger import operations as ledger
from payments.models import CustomerAccount, MerchantTerms
from payments.operations.errors import PaymentError, UnableToOpen
from payments.operations.house import open_house_accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMerchantTerms:
    """Terms for ``merchant`` (`merchant:3`): rates in basis points, settlement in days after release (T+N)."""

    merchant: str
    currency: str
    commission_bps: int
    reserve_bps: int
    settle_days: int
    payout_account_number: str
    at: datetime
    commission_vat_bps: int | None = None
    commission_returned_bps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsOpened:
    """The terms a merchant has; they were there before where the merchant had terms."""

    merchant: str
    currency: str


def open_merchant_terms(*, requests: Sequence[OpenMerchantTerms]) -> list[TermsOpened | PaymentError]:
    """Open merchants' terms and their ledger accounts; a merchant who has terms keeps those."""
    results: list[TermsOpened | PaymentError] = []
    with transaction.atomic():
        accounts = CustomerAccount.objects.in_bulk(
            {request.payout_account_number for request in requests}, field_name="number"
        )
        rows = []
        for request in requests:
            problem = _problem(request=request, account=accounts.get(request.payout_account_number))
            if problem:
                results.append(UnableToOpen(problem))
                continue
            rows.append(_row(request=request, account=accounts[request.payout_account_number]))
            results.append(TermsOpened(merchant=request.merchant, currency=request.currency))
        MerchantTerms.objects.bulk_create(rows, ignore_conflicts=True)
        for currency in {row.currency for row in rows}:
            open_house_accounts(currency=currency, at=min(row.opened_at for row in rows))
        for moment in {row.opened_at for row in rows}:
            opened = [row for row in rows if row.opened_at == moment]
            ledger.open_accounts(specs=[spec for row in opened for spec in _accounts(row=row)], at=moment)
    return results


def _problem(*, request: OpenMerchantTerms, account: CustomerAccount | None) -> str:
    if not request.merchant.startswith("merchant:"):
        return f"{request.merchant!r} is not a merchant's reference, which looks like merchant:3."
    if account is None:
        return f"There is no account {request.payout_account_number} here to pay {request.merchant} out to."
    if account.holder != request.merchant:
        return f"The account {account.number} is not {request.merchant}'s."
    if account.currency != request.currency:
        return f"The account {account.number} is kept in {account.currency}, not {request.currency}."
    if min(request.commission_bps, request.reserve_bps) < 0 or request.reserve_bps > 10_000:
        return "Rates of a merchant's terms are zero or more, and a reserve is at most the whole."
    if not 0 <= (request.commission_returned_bps or 0) <= 10_000:
        return "Of a commission between nothing and the whole is given back: 0 to 10000 basis points."
    if request.settle_days < 1:
        return "A merchant is settled one day after release at the earliest."
    return ""


def _row(*, request: OpenMerchantTerms, account: CustomerAccount) -> MerchantTerms:
    vat_bps = request.commission_vat_bps
    returned_bps = request.commission_returned_bps
    policy = settings.RIALTO_POLICY
    return MerchantTerms(
        merchant=request.merchant,
        currency=request.currency,
        commission_bps=request.commission_bps,
        commission_vat_bps=policy.COMMISSION_VAT_BPS if vat_bps is None else vat_bps,
        commission_returned_bps=policy.COMMISSION_RETURNED_BPS if returned_bps is None else returned_bps,
        reserve_bps=request.reserve_bps,
        settle_days=request.settle_days,
        payout_account=account,
        opened_at=request.at,
    )


def _accounts(*, row: MerchantTerms) -> list:
    identifier = row.merchant.removeprefix("merchant:")
    kinds = (chart.merchant_pending, chart.merchant_available, chart.merchant_reserve, chart.merchant_receivable)
    return [kind(identifier, row.currency, row.merchant) for kind in kinds]
