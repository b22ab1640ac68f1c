"""Which plans somebody may pay with: the live offers, at the amount in hand, with the numbers of the signing page."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from financing.lending import products
from financing.lending.models import Product, ProductKind
from financing.lending.queries import offers_left
from financing.lending.quotes import Quote, UnableToQuote, quote
from financing.underwriting import queries as cases
from financing.underwriting.models import Application, Offer
from payments.money import Money


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan at one amount."""

    code: str
    name: str
    detail: str
    quote: Quote


def plans_for(*, borrower: str, amount: int, currency: str, at: datetime) -> list[Plan]:
    """Return the plans that ``borrower`` may pay ``amount`` with, the shortest first; none for a guest.

    They come from what is left of live offers; of a plan that is offered still, an officer may have granted more.
    """
    if not borrower.startswith("user:"):
        return []
    live = cases.live_offers(subject_id=borrower, at=at, currency=currency)
    if not live:
        return []
    offered = {offer.product for offer in live}
    prices: dict[str, Offer | Application] = {
        offer.product: offer
        for offer in offers_left(subject_id=borrower, at=at, currency=currency, offers=live)
        if offer.minimum <= amount <= offer.limit
    }
    prices |= {
        granted.product: granted
        for granted in cases.approvals(subject_ids=[borrower], at=at)
        if granted.currency == currency and granted.product in offered and amount <= granted.approved_amount
    }
    plans = []
    for product in products.active_products(currency=currency, kind=ProductKind.INSTALLMENTS):
        price = prices.get(product.code)
        if price is None:
            continue
        quoted = quote_offer(product=product, offer=price, amount=amount, at=at)
        if quoted is not None:
            plans.append(Plan(product.code, product.name, in_words(quoted), quoted))
    return plans


def quote_offer(*, product: Product, offer: Offer | Application, amount: int, at: datetime) -> Quote | None:
    """Return what ``amount`` costs at the offer's price, or nothing where the product does not lend it."""
    try:
        return quote(
            product=product,
            amount=amount,
            starts_on=at.date(),
            rate_bps=offer.annual_rate_bps,
            fee_bps=offer.fee_bps,
            subsidy_bps=offer.subsidy_bps,
        )
    except UnableToQuote:
        return None


def in_words(quoted: Quote) -> str:
    """Return a plan's numbers in one line: how many payments of what, the yearly rate, the total."""
    return _("%(count)s × %(regular)s · APR %(apr)s %% · total %(total)s") % {
        "count": len(quoted.dues),
        "regular": Money(quoted.regular, quoted.currency).format(),
        "apr": quoted.apr_shown,
        "total": Money(quoted.total, quoted.currency).format(),
    }


def price_hint(*, payer: str, amount: int, currency: str, at: datetime) -> str:
    """Return the smallest monthly price an offer allows for ``amount``, for product pages; empty without an offer."""
    plans = plans_for(borrower=payer, amount=amount, currency=currency, at=at)
    if not plans:
        return ""
    smallest = min(plans, key=lambda plan: plan.quote.regular)
    return _("or %(count)s × %(regular)s") % {
        "count": len(smallest.quote.dues),
        "regular": Money(smallest.quote.regular, currency).format(),
    }
