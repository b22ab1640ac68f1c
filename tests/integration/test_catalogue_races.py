"""The catalogue under races: what is sent twice is there once, and two people do not both decide."""

from mall.offers import making
from mall.offers.making import MakeOffer
from mall.partner.models import StockRecord
from tests.factories.mall import AT, make_merchant, make_offer, staff
from tests.races import race


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
