"""Many buyers at once, on real connections: the stock is never oversold and the books balance."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from oscar.core.loading import get_model

from mall.actors import BUYER, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import BasketAlreadyOrdered, CancelOrder, OutOfStock, SubmitOutcome, UnableToPlaceOrder
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Dispatch, MovedConsignment
from mall.order.models import Order
from payments.ledger import queries as ledger
from payments.ledger import verification
from tests.factories.mall import AT, account_of, deliver_events, make_draft, make_market, make_shopper, staff


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run all acts at the same moment, each on a connection of its own; return results or errors."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], object]) -> object:
        try:
            barrier.wait(timeout=30)
            return act()
        except UnableToPlaceOrder as problem:
            return problem
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def books_balance() -> None:
    assert verification.verify().problems == []


@pytest.mark.parametrize("attempt", range(2))
def test_sixteen_buyers_of_the_last_five_pieces_make_five_orders(fresh_database, attempt):
    market = make_market(stock=5)
    buyers = [make_shopper() for _ in range(16)]
    drafts = [make_draft(user=buyer, quantities={market.lamp: 1}) for buyer in buyers]

    results = at_once([lambda draft=draft: checkout.submit_order(draft=draft) for draft in drafts])

    kinds = Counter(type(result) for result in results)
    assert kinds == {SubmitOutcome: 5, OutOfStock: 11}
    assert all(result.state == "confirmed" for result in results if isinstance(result, SubmitOutcome))
    market.lamp.refresh_from_db()
    assert (market.lamp.num_in_stock, market.lamp.num_allocated) == (5, 5)
    assert Order.objects.count() == 5
    money = sorted(ledger.balance(code=f"deposit:{account_of(buyer)}") for buyer in buyers)
    assert money == [100_000 - 2_990] * 5 + [100_000] * 11
    deliver_events()
    assert check_consignments() == []
    books_balance()


def test_a_click_made_sixteen_times_at_once_is_one_order(fresh_database):
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1, market.chair: 1})

    results = at_once([lambda: checkout.submit_order(draft=draft)] * 16)

    assert {(result.number, result.state) for result in results} == {(draft.number, "confirmed")}
    assert Order.objects.count() == 1
    assert Consignment.objects.count() == 2
    assert ledger.balance(code=f"deposit:{account_of(market.shopper)}") == 100_000 - 10_500 - 980


def test_one_basket_ordered_with_two_keys_at_once_is_one_order(fresh_database):
    market = make_market()
    basket = get_model("basket", "Basket").objects.create(owner=market.shopper)
    drafts = [
        make_draft(user=market.shopper, quantities={market.lamp: 1}, basket_id=basket.pk),
        make_draft(user=market.shopper, quantities={market.chair: 1}, basket_id=basket.pk),
    ]

    results = at_once([lambda draft=draft: checkout.submit_order(draft=draft) for draft in drafts])

    assert Counter(type(result) for result in results) == {SubmitOutcome: 1, BasketAlreadyOrdered: 1}
    assert Order.objects.count() == 1


def test_orders_over_the_same_goods_in_other_sequence_do_not_block_each_other(fresh_database):
    market = make_market(stock=1_000)
    buyers = [make_shopper() for _ in range(8)]
    forth = [make_draft(user=buyer, quantities={market.lamp: 1, market.chair: 1}) for buyer in buyers[:4]]
    back = [make_draft(user=buyer, quantities={market.chair: 1, market.lamp: 1}) for buyer in buyers[4:]]

    results = at_once([lambda draft=draft: checkout.submit_order(draft=draft) for draft in forth + back])

    assert [result.state for result in results] == ["confirmed"] * 8


def test_cancelling_and_sending_at_once_end_in_one_of_the_two(fresh_database):
    market = make_market(stock=100)
    for _ in range(6):
        draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
        checkout.submit_order(draft=draft)
        buyer = Actor(BUYER, user_id=market.shopper.pk)
        [cancelled], [sent] = at_once(
            [
                lambda number=draft.number: checkout.cancel_orders(
                    requests=[CancelOrder(number, "changed my mind", AT, by=buyer)]
                ),
                lambda number=draft.number: fulfilment.dispatch_consignments(
                    requests=[Dispatch(consignment_number=f"{number}-1", by=staff(market.first), at=AT)]
                ),
            ]
        )
        assert isinstance(cancelled, Exception) != isinstance(sent, Exception)
        status = Consignment.objects.get(order__number=draft.number).status
        assert status == ("dispatched" if isinstance(sent, MovedConsignment) else "cancelled")
    deliver_events()
    assert check_consignments() == []
    books_balance()
