"""The demo's shared catalogue is there once, however often it is filled."""

import pytest
from oscar.core.loading import get_model

from config.simulation import people, stalls
from mall.offers import buybox
from mall.partner.models import StockRecord
from mall.proposals.models import Proposal
from mall.search.queries import search
from tests.factories.mall import AT, deliver_events, make_merchant, make_offer, make_shopper

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")


def test_rivals_variants_and_a_proposal_are_there_once():
    shops = [make_merchant(owner=make_shopper(money=0, email=people.OWNER)), make_merchant(), make_merchant()]
    lamps = [make_offer(merchant=shop, title=f"Lamp {number}") for number, shop in enumerate(shops)]

    for _again in range(2):
        stalls.fill(currency="EUR", at=AT)
    deliver_events()

    assert Proposal.objects.get().title == "Murano water carafe"
    assert Product.objects.filter(structure="parent").count() == 3
    assert all(len(buybox.ranked(product_ids=[lamp.product_id])[lamp.product_id]) > 1 for lamp in lamps)
    [shirt] = search(text="linen shirt").hits
    assert (shirt.variants, shirt.offers) == (12, 3)
    assert StockRecord.objects.filter(partner_sku__startswith="RIVAL-").count() == 4
