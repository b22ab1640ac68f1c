"""The made-up economy: seeded, at any size, with hidden traits that decide its fates."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from config.simulation.acts import RHYTHM_DAYS
from config.simulation.economy.generate import Economy

LAST = date(2026, 6, 30)


def small(**changes) -> Economy:
    size = {"seed": 3, "last_day": LAST, "days": 200, "shoppers": 80, "merchants": 12, "products": 90, "orders": 400}
    return Economy(**{**size, **changes})


def test_the_same_seed_gives_the_same_history() -> None:
    first, second = small(), small()

    assert first.founding() == second.founding()
    assert list(first.purchases()) == list(second.purchases())
    assert list(first.money_in()) == list(second.money_in())
    assert list(first.money_out()) == list(second.money_out())


def test_another_seed_gives_another_history() -> None:
    assert list(small().purchases()) != list(small(seed=4).purchases())


def test_purchases_come_in_order_and_pay_exactly_what_they_cost() -> None:
    economy = small()
    purchases = list(economy.purchases())

    assert len(purchases) == 400
    assert [p.placed_at for p in purchases] == sorted(p.placed_at for p in purchases)
    for purchase in purchases:
        assert sum(tender.amount for tender in purchase.tenders) == purchase.amount
        own = sum(tender.amount for tender in purchase.tenders if tender.method == "account")
        assert purchase.short or purchase.money_in >= own
        assert len({parcel.shop for parcel in purchase.parcels}) == len(purchase.parcels)


def test_fates_come_in_their_natural_order() -> None:
    for purchase in small().purchases():
        assert economy_day(purchase.placed_at) <= LAST
        for parcel in purchase.parcels:
            assert parcel.dispatched_at is None or parcel.dispatched_at > purchase.authorised_at
            assert parcel.delivered_at is None or parcel.delivered_at > parcel.dispatched_at
            assert parcel.cancelled_at is None or parcel.dispatched_at is None
            if parcel.refund is not None:
                assert parcel.refund.at > (parcel.delivered_at or parcel.dispatched_at)
                assert 0 < parcel.refund.amount <= parcel.amount


def economy_day(moment) -> date:
    return moment.date()


def test_nothing_is_sold_before_shop_article_and_buyer_are_there() -> None:
    economy = small()
    shops = {shop.key: shop for shop in economy.shops}
    articles = {article.key: article for article in economy.articles}
    people = {person.key: person for person in economy.founding().shoppers}
    for purchase in economy.purchases():
        assert people[purchase.shopper].opened_at <= purchase.placed_at
        for parcel in purchase.parcels:
            assert shops[parcel.shop].joined_at < purchase.placed_at
            for line in parcel.lines:
                assert articles[line.article].shop == parcel.shop
                assert articles[line.article].listed_at < purchase.placed_at


def test_what_depends_on_balances_happens_at_sittings() -> None:
    for purchase in small().purchases():
        if purchase.short:
            assert at_sitting(purchase.placed_at)
        for parcel in purchase.parcels:
            assert parcel.cancelled_at is None or at_sitting(parcel.cancelled_at)
            assert parcel.refund is None or at_sitting(parcel.refund.at)
    moved = [*small().money_in(), *small().money_out()]
    assert len(moved) > 50
    assert all(at_sitting(one.at) for one in moved)


def at_sitting(moment) -> bool:
    return (moment.toordinal() - 1) % RHYTHM_DAYS == 0


def test_who_is_likelier_to_default_defaults_more() -> None:
    economy = Economy(seed=5, last_day=LAST, shoppers=2_000, orders=8_000)
    odds = economy.shopper_traits.default_odds[economy.orders.shopper]
    bad = economy.orders.bad == 1
    risky = odds > np.median(odds)

    assert bad[risky].mean() > 3 * bad[~risky].mean()


def test_traits_that_decide_who_repays_leave_traces_in_trade_and_on_accounts() -> None:
    economy = Economy(seed=5, last_day=LAST)
    traits, orders = economy.shopper_traits, economy.orders
    risky = traits.default_odds[orders.shopper] > np.median(traits.default_odds)

    assert orders.short[risky].mean() > 2 * orders.short[~risky].mean()
    assert orders.spare[risky].mean() < 0.5 * orders.spare[~risky].mean()
    assert (orders.refunded[risky] >= 0).mean() > 1.2 * (orders.refunded[~risky] >= 0).mean()
    paid = {arrival.shopper for arrival in economy.money_in()}
    months = np.zeros(len(economy.shoppers))
    for arrival in economy.money_in():
        months[int(arrival.shopper.removeprefix("shopper:"))] += 1
    here = np.array([shopper.key in paid for shopper in economy.shoppers])
    gone = np.isfinite(economy.households.broke)
    assert 0.1 < here.mean() < 0.3
    assert months[here & gone].mean() < months[here & ~gone].mean()


def test_a_merchant_s_trouble_can_be_seen_before_trade_breaks_down() -> None:
    economy = Economy(seed=5, last_day=LAST, orders=30_000)
    orders, traits = economy.orders, economy.merchant_traits
    warned = traits.in_trouble(orders.merchant, orders.placed) & (orders.placed < traits.shock_day[orders.merchant])
    late = (orders.delivered > orders.promised) & (orders.delivered >= 0)

    assert warned.sum() > 500
    assert late[warned].mean() > 1.5 * late[~warned].mean()
    assert orders.score[warned].mean() < orders.score[~warned].mean() - 0.2
    assert (
        traits.default_probability[traits.fails > 0].mean() > 3 * traits.default_probability[traits.fails == 0].mean()
    )


def test_some_merchants_trade_with_themselves() -> None:
    economy = Economy(seed=5, last_day=LAST)
    owners = {shop.key: shop.owner for shop in economy.shops}
    own = [p for p in economy.purchases() if p.shopper == owners[p.parcels[0].shop]]

    assert len(own) >= 20
    assert len({p.device for p in own}) == len({p.shopper for p in own})


def test_two_thousand_products_have_two_thousand_names_in_twelve_categories_or_more() -> None:
    economy = Economy(seed=5, last_day=LAST)

    assert len({article.title for article in economy.articles}) == 2_000
    assert len({article.category[:2] for article in economy.articles}) >= 12
    assert all(article.price > 0 and article.weight_g > 0 for article in economy.articles)
    assert max(len(article.title) for article in economy.articles) < 120


def test_an_economy_of_one_merchant_lives() -> None:
    economy = small(merchants=1, shoppers=2, products=1, orders=5, days=30)

    assert len(list(economy.purchases())) == 5
    assert economy.first_day == LAST - timedelta(days=29)
