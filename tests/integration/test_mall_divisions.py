"""Some pieces now, the rest later; or some pieces not at all: goods, holds and money follow each other exactly."""

from datetime import timedelta

import pytest

from mall.actors import BUYER, CARRIER_ACTOR, Actor
from mall.checkout import operations as checkout
from mall.checkout.drafts import TenderChoice
from mall.fulfilment import dividing, packing
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.dividing import CancelPieces, DivideConsignment, UnableToDivide
from mall.fulfilment.models import Consignment, Division
from mall.fulfilment.requests import CancelConsignment, Deliver, Dispatch, Pack, UnableToCancel, UnknownConsignment
from payments.ledger import queries as ledger
from payments.models import Part, Share
from payments.reconciliation import checks
from tests.factories.mall import (
    AT,
    account_of,
    deliver_events,
    make_draft,
    make_market,
    make_merchant,
    make_offer,
    make_shopper,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_agree():
    yield
    deliver_events()
    assert check_consignments() == []
    assert checks.check_parts() == []
    assert checks.check_tenders() == []
    assert checks.check_nothing_half_done() == []


def buy(market, *, lamps: int = 3, charge: int = 500, **others) -> Consignment:
    """Return the confirmed consignment of some lamps at 25.00."""
    draft = make_draft(user=market.shopper, quantities={market.lamp: lamps}, charge=charge, **others)
    assert checkout.submit_order(draft=draft).state == "confirmed"
    deliver_events()
    return Consignment.objects.get(order__number=draft.number)


def line_of(consignment: Consignment) -> int:
    return consignment.lines.get().line_id


def divide(market, consignment, *, pieces: int = 1, key: str = "k"):
    return dividing.divide_consignment(
        request=DivideConsignment(
            number=consignment.number,
            pieces={line_of(consignment): pieces},
            by=staff(market.first),
            key=key,
            at=AT,
        )
    )


def give_up(market, consignment, *, pieces: int = 1, key: str = "k", by: Actor | None = None):
    return dividing.cancel_pieces(
        request=CancelPieces(
            number=consignment.number,
            pieces={line_of(consignment): pieces},
            by=by or Actor(BUYER, user_id=market.shopper.pk),
            reason="Changed my mind.",
            key=key,
            at=AT,
        )
    )


def send(market, number: str, *, days: int = 0):
    [result] = fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT + timedelta(days=days))]
    )
    deliver_events()
    return result


def arrive(number: str):
    [result] = fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=number, said_by="carrier", at=AT, by=CARRIER_ACTOR)]
    )
    deliver_events()
    return result


def money_of(user) -> int:
    return ledger.balance(code=f"deposit:{account_of(user)}")


def test_pieces_sent_later_are_captured_and_released_when_they_go():
    market = make_market()
    whole = buy(market)
    outcome = divide(market, whole, pieces=1)

    assert (outcome.state, outcome.new_number) == ("made", f"{whole.order.number}-2")
    whole.refresh_from_db()
    later = Consignment.objects.get(number=outcome.new_number)
    assert (whole.goods, whole.shipping, later.goods, later.shipping) == (5_000, 333, 2_500, 167)
    assert (later.status, later.divided_from_id, later.promised_by) == ("confirmed", whole.pk, whole.promised_by)

    send(market, whole.number)
    assert ledger.balance(code=f"escrow:{whole.number}") == 5_333
    assert ledger.balance(code=f"escrow:{later.number}") == 0
    assert money_of(market.shopper) == 100_000 - 8_000
    arrive(whole.number)
    whole.refresh_from_db()
    later.refresh_from_db()
    assert (whole.status, later.status) == ("released", "confirmed")

    send(market, later.number, days=3)
    arrive(later.number)
    later.refresh_from_db()
    later.order.refresh_from_db()
    assert (later.status, later.order.status) == ("released", "Completed")
    assert sum(Part.objects.values_list("released", flat=True)) == 8_000
    market.lamp.refresh_from_db()
    assert (market.lamp.num_in_stock, market.lamp.num_allocated) == (7, 0)


def test_the_same_wish_divides_once_and_another_one_waits_for_nothing():
    market = make_market()
    whole = buy(market)
    first = divide(market, whole)
    assert divide(market, whole) == first
    assert Consignment.objects.count() == 2
    again = divide(market, whole, key="other")
    assert again.new_number == f"{whole.order.number}-3"
    assert sorted(Consignment.objects.values_list("goods", flat=True)) == [2_500, 2_500, 2_500]


def test_what_is_still_to_be_sent_can_be_cancelled_after_the_first_went():
    market = make_market()
    whole = buy(market)
    later = divide(market, whole, pieces=2).new_number
    send(market, whole.number)
    [result] = fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=later, by=staff(market.first), reason="Broken.", at=AT)]
    )
    deliver_events()
    assert result.status == "cancelled"
    # Sent: one lamp and its share of delivery. The rest, with its share, is the buyer's again.
    assert money_of(market.shopper) == 100_000 - 2_500 - 167
    whole.order.refresh_from_db()
    assert whole.order.status == "Confirmed"


@pytest.mark.parametrize("pieces", [0, 3, 4, -1])
def test_none_all_and_too_many_pieces_are_no_division(pieces):
    market = make_market()
    whole = buy(market)
    with pytest.raises(UnableToDivide):
        divide(market, whole, pieces=pieces)
    assert (Consignment.objects.count(), Division.objects.count(), Part.objects.count()) == (1, 0, 1)


def test_a_stranger_and_the_buyer_do_not_divide_a_parcel():
    market = make_market()
    whole = buy(market)
    for by in (staff(market.second), Actor(BUYER, user_id=market.shopper.pk)):
        with pytest.raises(UnknownConsignment):
            dividing.divide_consignment(
                request=DivideConsignment(number=whole.number, pieces={line_of(whole): 1}, by=by, key="k", at=AT)
            )
    assert Part.objects.count() == 1


def test_a_sent_parcel_stays_one():
    market = make_market()
    whole = buy(market)
    send(market, whole.number)
    with pytest.raises(UnableToDivide, match="dispatched"):
        divide(market, whole)
    with pytest.raises(UnableToCancel, match="dispatched"):
        give_up(market, whole)


def test_a_parcel_that_was_packed_is_packed_anew():
    market = make_market()
    whole = buy(market)
    packing.pack_consignments(requests=[Pack(number=whole.number, by=staff(market.first), at=AT)])
    divide(market, whole)
    whole.refresh_from_db()
    assert whole.packed_at is None


def test_pieces_given_up_go_back_to_shelf_and_account_and_delivery_stays():
    market = make_market()
    whole = buy(market)
    result = give_up(market, whole, pieces=2)
    deliver_events()

    gone = Consignment.objects.get(number=result.number)
    whole.refresh_from_db()
    assert (gone.status, gone.goods, gone.shipping) == ("cancelled", 5_000, 0)
    assert (whole.status, whole.goods, whole.shipping) == ("confirmed", 2_500, 500)
    assert money_of(market.shopper) == 100_000 - 3_000
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 1
    assert whole.lines.get().line.status == "Confirmed"
    # A click made twice gives up nothing more.
    assert give_up(market, whole, pieces=2).replayed
    send(market, whole.number)
    assert ledger.balance(code=f"escrow:{whole.number}") == 3_000


def test_all_pieces_given_up_are_the_whole_parcel_with_its_delivery():
    market = make_market()
    whole = buy(market)
    assert give_up(market, whole, pieces=3).number == whole.number
    deliver_events()
    whole.order.refresh_from_db()
    assert whole.order.status == "Cancelled"
    assert money_of(market.shopper) == 100_000
    assert Consignment.objects.count() == 1


def test_the_tender_used_last_gives_back_first():
    market = make_market()
    other = make_shopper(money=0)
    tenders = (
        TenderChoice("bank_account", account_of(market.shopper), 6_000),
        TenderChoice("bank_account", account_of(market.shopper), 2_000),
    )
    whole = buy(market, tenders=tenders)
    give_up(market, whole, pieces=1)
    deliver_events()
    shares = list(Share.objects.order_by("tender__position", "part__position").values_list("amount", "cancelled"))
    assert shares == [(5_500, 0), (500, 500), (2_000, 2_000)]
    assert money_of(other) == 0


def test_discounted_cents_are_divided_without_losing_one():
    market = make_market()
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, price=333)
    draft = make_draft(user=market.shopper, quantities={offer: 3}, charge=100)
    assert checkout.submit_order(draft=draft).state == "confirmed"
    whole = Consignment.objects.get(order__number=draft.number)
    outcome = dividing.divide_consignment(
        request=DivideConsignment(number=whole.number, pieces={line_of(whole): 2}, by=staff(merchant), key="k", at=AT)
    )
    whole.refresh_from_db()
    later = Consignment.objects.get(number=outcome.new_number)
    assert (whole.goods, later.goods, whole.shipping, later.shipping) == (333, 666, 33, 67)


def test_a_whole_order_can_be_given_up_after_a_division():
    from mall.checkout.drafts import CancelOrder

    market = make_market()
    whole = buy(market)
    divide(market, whole)
    [result] = checkout.cancel_orders(
        requests=[CancelOrder(number=whole.order.number, reason="", at=AT, by=Actor(BUYER, user_id=market.shopper.pk))]
    )
    deliver_events()
    assert result.status == "Cancelled"
    assert money_of(market.shopper) == 100_000
    market.lamp.refresh_from_db()
    assert market.lamp.num_allocated == 0
