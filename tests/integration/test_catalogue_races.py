"""The catalogue under races: what is sent twice is there once, and two people do not both decide."""

from oscar.core.loading import get_model

from mall.catalogue import operations as catalogue
from mall.catalogue.operations import ChangeOffer, UnableToList
from mall.offers import making
from mall.offers.making import MakeOffer
from mall.partner.models import StockRecord
from mall.proposals import deciding, operations
from mall.proposals.deciding import UnableToDecide
from mall.proposals.models import Proposal
from mall.proposals.operations import OfferWish, Wish
from tests.factories.catalogue import make_operator, shoe_draft
from tests.factories.mall import AT, make_merchant, make_offer, staff
from tests.races import race

Product = get_model("catalogue", "Product")


def test_an_offer_is_made_once_however_often_it_is_sent(fresh_database):
    first, second = make_merchant(), make_merchant()
    offer = make_offer(merchant=first, key="K", title="Kettle")

    def make() -> list[int]:
        wish = MakeOffer(
            merchant_id=second.pk, product_id=offer.product_id, sku="B-1", price_minor=900, stock=3, handling_days=2
        )
        return making.make_offers(requests=[wish], by=staff(second), at=AT)

    one, two = race(make, make)

    assert one == two
    made = StockRecord.objects.get(partner=second.partner)
    assert (made.pk, made.product_id, made.num_in_stock, made.handling_days) == (one[0], offer.product_id, 3, 2)


def test_two_people_approve_at_once_and_there_is_one_product(fresh_database):
    merchant = make_merchant()
    wish = Wish(
        merchant_id=merchant.pk, draft=shoe_draft(), offers=(OfferWish(place=0, sku="T-0", price=5_000, stock=4),)
    )
    proposal = operations.propose(wish=wish, key="k", by=staff(merchant), at=AT)
    people = [make_operator(), make_operator()]

    results = race(
        *(lambda one=one: deciding.approve(proposal_id=proposal.pk, seen=1, by=one, at=AT) for one in people)
    )

    refused = [result for result in results if isinstance(result, UnableToDecide)]
    assert [str(one) for one in refused] == ["Somebody decided already: Approved."]
    assert Product.objects.filter(parent=None).count() == 1
    assert StockRecord.objects.filter(partner=merchant.partner).count() == 1


def test_one_proposal_sent_twice_at_once_is_one(fresh_database):
    merchant = make_merchant()
    wish = Wish(merchant_id=merchant.pk, draft=shoe_draft())

    def send() -> int:
        return operations.propose(wish=wish, key="k", by=staff(merchant), at=AT).pk

    one, two = race(send, send)
    assert one == two
    assert Proposal.objects.count() == 1


def test_two_windows_that_change_one_price_at_once_are_one_change(fresh_database):
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, price=2_500)

    def change(price: int) -> object:
        wish = ChangeOffer(stockrecord_id=offer.pk, by=staff(merchant), price_minor=price, seen_price_minor=2_500)
        return catalogue.change_offers(requests=[wish])[0]

    results = race(lambda: change(2_000), lambda: change(3_000))

    assert sum(isinstance(result, UnableToList) for result in results) == 1
    offer.refresh_from_db()
    assert offer.price in (20, 30)
