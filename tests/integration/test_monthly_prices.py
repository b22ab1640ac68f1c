"""Prices by the month: what a listing says is never less than the agreement, and narrowing agrees with what is said."""

import random
from itertools import pairwise

import pytest

from financing.checkout import monthly
from financing.lending import products
from financing.lending.models import ProductKind
from financing.lending.quotes import UnableToQuote, quote
from mall.catalogue import hints
from tests.factories.mall import AT, make_merchant, make_offer, make_shopper

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans():
    products.install_products(currency="EUR", at=AT)
    return monthly.plans(payer="", currency="EUR", at=AT)


def exact(price: int) -> list[int]:
    """Return the payments of every plan that lends this price."""
    found = []
    for product in products.active_products(currency="EUR", kind=ProductKind.INSTALLMENTS):
        try:
            found.append(quote(product=product, amount=price, starts_on=AT.date()).regular)
        except UnableToQuote:
            continue
    return found


def test_what_a_listing_says_is_at_least_the_smallest_payment_and_at_most_a_unit_more(plans):
    for price in [4_999, 5_000, 11_999, 12_000, 30_000, *random.Random(4).sample(range(5_000, 1_000_000), 60)]:
        payments = exact(price)
        said = hints.least(plans=plans, price=price)
        if not payments:
            assert said is None
            continue
        assert min(payments) <= said < min(payments) + 102
        assert said % 100 == 0


def test_narrowing_to_a_step_keeps_what_is_said_to_be_at_most_that(plans):
    for step in hints.STEPS:
        ranges = hints.prices_within(plans=plans, monthly=step * 100, currency="EUR").ranges
        assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
        for price in random.Random(step).sample(range(1, 900_000), 300):
            said = hints.least(plans=plans, price=price)
            inside = any(lowest <= price <= highest for lowest, highest in ranges)
            assert inside == (said is not None and said <= step * 100), (step, price, said)


def test_whom_nothing_is_offered_has_no_prices_by_the_month(plans):
    shopper = make_shopper()
    assert monthly.plans(payer=f"user:{shopper.pk}", currency="EUR", at=AT) == []
    assert monthly.plans(payer="", currency="BRL", at=AT) == []


def test_a_guest_narrows_a_listing_by_the_month(client, plans):
    merchant = make_merchant()
    make_offer(merchant=merchant, title="Small lamp", price=6_000)
    make_offer(merchant=merchant, title="Large lamp", price=240_000)
    make_offer(merchant=merchant, title="Tiny lamp", price=900)
    text = client.get("/search/?q=lamp").content.decode()
    assert "from <span class=\"money\">€11</span> a month" in text
    narrowed = client.get("/search/?q=lamp&monthly=25").content.decode()
    assert "Small lamp" in narrowed
    assert "Large lamp" not in narrowed and "Tiny lamp" not in narrowed
    assert "up to €25.00 a month" in narrowed


@pytest.mark.parametrize("asked", ["13", "-1", "x", "9" * 30, ""])
def test_a_step_that_is_none_narrows_nothing(client, plans, asked):
    make_offer(merchant=make_merchant(), title="Tiny lamp", price=900)
    assert "Tiny lamp" in client.get("/search/", {"q": "lamp", "monthly": asked}).content.decode()


def test_the_product_page_says_the_yearly_rate_beside_the_payment(client, plans):
    offer = make_offer(merchant=make_merchant(), price=30_000)
    text = client.get(f"/p/{offer.product.slug}-{offer.product_id}/").content.decode()
    smallest = min(exact(30_000))
    assert f"or 24 × €{smallest / 100:.2f}, APR " in text
    assert "if your credit is approved" in text
    assert text.count("total €") == 5
