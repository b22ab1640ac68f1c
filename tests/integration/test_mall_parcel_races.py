"""Two clerks, a buyer and a scanner at the same parcel at the same moment: one of them wins, and the books agree."""

from collections import Counter

from mall.actors import BUYER, Actor
from mall.checkout import operations as checkout
from mall.fulfilment import dividing
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.dividing import CancelPieces, DivideConsignment
from mall.fulfilment.models import Consignment, Division
from mall.fulfilment.requests import CancelConsignment, Dispatch, MovedConsignment
from mall.invoices import operations as invoices
from mall.invoices.models import Paper
from payments.reconciliation import checks
from tests.factories.mall import AT, deliver_events, make_draft, make_market, staff
from tests.races import race


def bought(market, *, lamps: int = 2) -> Consignment:
    draft = make_draft(user=market.shopper, quantities={market.lamp: lamps})
    checkout.submit_order(draft=draft)
    return Consignment.objects.get(order__number=draft.number)


def agree() -> None:
    deliver_events()
    assert check_consignments() == []
    assert checks.check_parts() == []
    assert checks.check_tenders() == []


def dispatch(market, number: str):
    return fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=number, by=staff(market.first), at=AT)]
    )[0]


def test_a_parcel_scanned_by_two_clerks_is_sent_once(fresh_database):
    market = make_market()
    part = bought(market)
    results = race(*[lambda: dispatch(market, part.number)] * 3)
    assert Counter(result.replayed for result in results) == {False: 1, True: 2}
    agree()
    market.lamp.refresh_from_db()
    assert market.lamp.num_in_stock == 8
    assert Paper.objects.count() == 1


def test_a_parcel_is_sent_or_cancelled_and_never_both(fresh_database):
    market = make_market()
    part = bought(market)
    by = Actor(BUYER, user_id=market.shopper.pk)

    def cancel():
        return fulfilment.cancel_consignments(
            requests=[CancelConsignment(number=part.number, by=by, reason="", at=AT)]
        )[0]

    results = race(lambda: dispatch(market, part.number), cancel)
    assert Counter(isinstance(result, MovedConsignment) for result in results) == {True: 1, False: 1}
    agree()


def test_pieces_are_given_up_or_sent_and_a_division_made_twice_at_once_is_one(fresh_database):
    market = make_market()
    part, other = bought(market), bought(market)
    line, another = part.lines.get().line_id, other.lines.get().line_id

    def give_up():
        return dividing.cancel_pieces(
            request=CancelPieces(
                number=part.number,
                pieces={line: 1},
                by=Actor(BUYER, user_id=market.shopper.pk),
                reason="",
                key="g",
                at=AT,
            )
        )

    def divide():
        return dividing.divide_consignment(
            request=DivideConsignment(number=other.number, pieces={another: 1}, by=staff(market.first), key="d", at=AT)
        )

    race(give_up, give_up, lambda: dispatch(market, part.number), divide, divide)
    assert Division.objects.filter(consignment=other).count() == 1
    assert Consignment.objects.filter(order=other.order).count() == 2
    agree()


def test_invoices_issued_at_once_have_numbers_without_a_gap(fresh_database):
    market = make_market()
    parts = [bought(market, lamps=1) for _ in range(4)]
    for part in parts:
        dispatch(market, part.number)
    race(*[lambda number=part.number: invoices.issue_invoices(sent=[(number, AT)]) for part in parts for _ in range(2)])
    assert sorted(Paper.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4]
