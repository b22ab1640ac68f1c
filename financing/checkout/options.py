"""Which plans somebody may pay with: the live offers, at the amount in hand, with the numbers of the signing page."""

from contextlib import suppress
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
    offers, granted = _prices(borrower=borrower, currency=currency, at=at)
    prices: dict[str, Offer | Application] = {
        code: offer for code, offer in offers.items() if offer.minimum <= amount <= offer.limit
    }
    prices |= {code: grant for code, grant in granted.items() if amount <= grant.approved_amount}
    if not prices:
        return []
    plans = []
    for product in products.active_products(currency=currency, kind=ProductKind.INSTALLMENTS):
        price = prices.get(product.code)
        if price is None:
            continue
        quoted = quote_offer(product=product, offer=price, amount=amount, at=at)
        if quoted is not None:
            plans.append(Plan(product.code, product.name, in_words(quoted), quoted))
    return plans


def usual_plans(*, amount: int, currency: str, at: datetime) -> list[Plan]:
    """Return what ``amount`` costs somebody of whom nothing is known yet, at each plan's usual price."""
    plans = []
    for product in products.active_products(currency=currency, kind=ProductKind.INSTALLMENTS):
        with suppress(UnableToQuote):
            quoted = quote(product=product, amount=amount, starts_on=at.date())
            plans.append(Plan(product.code, product.name, in_words(quoted), quoted))
    return plans


def reach(*, payer: str, currency: str, at: datetime) -> list[tuple[Product, int, int, int]]:
    """Return (product, rate in basis points, lowest, highest amount) of what ``payer`` may pay with plans.

    A guest is told what the bank asks usually; whom nothing is offered has none.
    """
    if not payer:
        lent = products.active_products(currency=currency, kind=ProductKind.INSTALLMENTS)
        return [(product, product.annual_rate_bps, product.minimum_amount, product.maximum_amount) for product in lent]
    offers, granted = _prices(borrower=payer, currency=currency, at=at)
    if not offers and not granted:
        return []
    found = []
    for product in products.active_products(currency=currency, kind=ProductKind.INSTALLMENTS):
        least, most = product.minimum_amount, product.maximum_amount
        for price, lowest, highest in (
            *((offer, offer.minimum, offer.limit) for offer in (offers.get(product.code),) if offer),
            *((grant, 0, grant.approved_amount) for grant in (granted.get(product.code),) if grant),
        ):
            rate_bps = price.annual_rate_bps if product.annual_rate_bps else 0
            found.append((product, rate_bps, max(least, lowest), min(most, highest)))
    return found


def _prices(*, borrower: str, currency: str, at: datetime) -> tuple[dict[str, Offer], dict[str, Application]]:
    """Return what is left of a borrower's offers, and what officers granted of plans that are offered, by plan."""
    if not borrower.startswith("user:"):
        return {}, {}
    live = cases.live_offers(subject_id=borrower, at=at, currency=currency)
    if not live:
        return {}, {}
    offered = {offer.product for offer in live}
    left = offers_left(subject_id=borrower, at=at, currency=currency, offers=live)
    granted = {
        grant.product: grant
        for grant in cases.approvals(subject_ids=[borrower], at=at)
        if grant.currency == currency and grant.product in offered
    }
    return {offer.product: offer for offer in left}, granted


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


def price_hint(*, payer: str, amount: int, currency: str, at: datetime) -> list[str]:
    """Return what ``amount`` is by the month: the smallest payment with its yearly rate, then every plan in full.

    A guest reads the bank's usual prices, and that they hold once credit is approved; whom nothing is offered has none.
    """
    if payer:
        plans = plans_for(borrower=payer, amount=amount, currency=currency, at=at)
        said = _("or %(count)s × %(regular)s, APR %(apr)s %%")
    else:
        plans = usual_plans(amount=amount, currency=currency, at=at)
        said = _("or %(count)s × %(regular)s, APR %(apr)s %%, if your credit is approved")
    if not plans:
        return []
    smallest = min(plans, key=lambda plan: plan.quote.regular).quote
    figures = {
        "count": len(smallest.dues),
        "regular": Money(smallest.regular, currency).format(),
        "apr": smallest.apr_shown,
    }
    return [said % figures, *(plan.detail for plan in plans)]
