"""Which of several merchants' offers is shown first: decided in one place, by weights whose versions are all kept."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from mall.actors import NotAllowed
from mall.catalogue import operations as catalogue
from mall.catalogue.details import details
from mall.catalogue.operations import ChangeOffer, UnableToList
from mall.delivery.models import DeliveryMethod, DeliveryTerms
from mall.offers import buybox, making, operations
from mall.offers.making import MakeOffer, UnableToOffer
from mall.offers.models import BuyBoxWeights, MerchantStanding
from mall.offers.operations import UnableToWeigh
from mall.partner.models import StockRecord
from mall.partner.strategy import MerchantStrategy
from mall.search.queries import search
from tests.factories.mall import AT, close_the_shop, deliver_events, make_merchant, make_offer, make_shopper, staff

pytestmark = pytest.mark.django_db

Product = get_model("catalogue", "Product")


def first_of(product_id: int) -> buybox.RankedOffer:
    return buybox.ranked(product_ids=[product_id])[product_id][0]


def stand(merchant, quality: float) -> None:
    MerchantStanding.objects.update_or_create(
        merchant=merchant,
        defaults={
            "rating": 4.0,
            "reviews": 10,
            "sent": 10,
            "late_bps": 0,
            "cancelled_bps": 0,
            "quality": quality,
            "counted_at": AT,
        },
    )


def test_delivery_counts_with_the_price():
    dear_delivery = make_merchant()
    dear_delivery.delivery_charge = 1_500
    dear_delivery.save()
    cheap = make_offer(merchant=dear_delivery, price=2_000, key="K", title="Kettle")
    whole = make_offer(merchant=make_merchant(), price=2_400, key="K", title="Kettle")

    ranked = buybox.ranked(product_ids=[cheap.product_id])[cheap.product_id]

    assert [(offer.stockrecord_id, offer.landed, offer.place) for offer in ranked] == [
        (whole.pk, 2_890, 1),
        (cheap.pk, 3_500, 2),
    ]


def test_a_merchant_who_does_better_wins_where_prices_are_close_and_not_where_they_are_far():
    good, poor = make_merchant(), make_merchant()
    dear = make_offer(merchant=good, price=2_100, key="K", title="Kettle")
    cheap = make_offer(merchant=poor, price=2_000, key="K", title="Kettle")
    stand(good, 1.0)
    stand(poor, 0.3)
    assert first_of(dear.product_id).stockrecord_id == dear.pk

    catalogue.change_offers(requests=[ChangeOffer(stockrecord_id=dear.pk, by=staff(good), price_minor=4_000)])
    assert first_of(dear.product_id).stockrecord_id == cheap.pk


def test_what_arrives_sooner_wins_at_the_same_price():
    slow = make_offer(merchant=make_merchant(), key="K", title="Kettle", handling_days=5)
    quick = make_offer(merchant=make_merchant(), key="K", title="Kettle", handling_days=1)
    assert first_of(slow.product_id).stockrecord_id == quick.pk


def test_what_can_be_bought_comes_before_what_cannot_and_new_before_used():
    gone = make_offer(merchant=make_merchant(), price=100, stock=0, key="K", title="Kettle")
    used = make_offer(merchant=make_merchant(), price=200, key="K", title="Kettle", condition="used")
    new = make_offer(merchant=make_merchant(), price=900, key="K", title="Kettle")

    ranked = buybox.ranked(product_ids=[gone.product_id])[gone.product_id]

    assert [offer.stockrecord_id for offer in ranked] == [new.pk, used.pk, gone.pk]


def test_every_place_shows_the_same_offer_and_a_suspended_merchants_never():
    winner, other = make_merchant(), make_merchant()
    best = make_offer(merchant=winner, price=900, key="K", title="Kettle")
    second = make_offer(merchant=other, price=1_000, key="K", title="Kettle")

    def shown() -> set[int]:
        [hit] = search(text="kettle").hits
        page = details(product_id=best.product_id, chosen=None, at=AT)
        added = MerchantStrategy().select_stockrecord(Product.objects.get(pk=best.product_id))
        return {hit.stockrecord_id, page.offer.stockrecord_id, added.pk, first_of(best.product_id).stockrecord_id}

    assert shown() == {best.pk}
    close_the_shop(winner)
    deliver_events()
    assert shown() == {second.pk}
    close_the_shop(other)
    assert MerchantStrategy().select_stockrecord(Product.objects.get(pk=best.product_id)) is None


def test_choosing_for_many_products_takes_two_statements():
    offers = [make_offer(merchant=make_merchant(), key=f"K{number}") for number in range(6)]
    products = [offer.product for offer in offers]
    strategy = MerchantStrategy()
    with CaptureQueriesContext(connection) as queries:
        strategy.choose(product_ids=[product.pk for product in products])
        chosen = [strategy.select_stockrecord(product).pk for product in products]
    assert (len(queries), chosen) == (2, [offer.pk for offer in offers])


def test_the_page_tells_why_in_sentences():
    make_offer(merchant=make_merchant(), price=2_000, key="K", title="Kettle", handling_days=3)
    best = make_offer(merchant=make_merchant(), price=1_900, key="K", title="Kettle")

    page = details(product_id=best.product_id, chosen=None, at=AT)

    assert page.why == (
        "It costs least with delivery: €23.90.",
        "It arrives first, up to 3 working days earlier.",
    )
    assert page.weights == (
        ("price with delivery", 60),
        ("how well the store does", 20),
        ("delivery time", 15),
        ("stock", 5),
    )
    alone = make_offer(merchant=make_merchant())
    assert details(product_id=alone.product_id, chosen=None, at=AT).why == ()


def test_other_weights_choose_another_offer_and_every_version_is_kept():
    quick = make_offer(merchant=make_merchant(), price=2_400, key="K", title="Kettle")
    cheap = make_offer(merchant=make_merchant(), price=2_000, key="K", title="Kettle", handling_days=10)
    person = make_shopper(money=0)
    [hit] = search(text="kettle").hits
    assert hit.stockrecord_id == quick.pk

    operations.set_weights(
        price=9_000, speed=500, quality=500, stock=0, reason="Price first", seen=1, by=person.pk, at=AT
    )
    deliver_events()

    [hit] = search(text="kettle").hits
    assert hit.stockrecord_id == cheap.pk == first_of(cheap.product_id).stockrecord_id
    assert list(BuyBoxWeights.objects.order_by("version").values_list("version", "price")) == [(1, 6_000), (2, 9_000)]


@pytest.mark.parametrize(
    ("weights", "reason", "seen", "words"),
    [
        ((6_000, 1_500, 2_000, 600), "why", 1, "make 100 %"),
        ((12_000, -2_000, 0, 0), "why", 1, "make 100 %"),
        ((6_000, 1_500, 2_000, 500), " ", 1, "Say why"),
        ((6_000, 1_500, 2_000, 500), "why", 7, "Version 1 came into force meanwhile"),
    ],
)
def test_weights_that_are_no_whole_or_decided_on_an_old_version_are_refused(weights, reason, seen, words):
    price, speed, quality, stock = weights
    with pytest.raises(UnableToWeigh, match=words):
        operations.set_weights(
            price=price, speed=speed, quality=quality, stock=stock, reason=reason, seen=seen, by=None, at=AT
        )
    assert BuyBoxWeights.objects.count() == 1


def test_the_database_too_refuses_weights_that_are_no_whole():
    with pytest.raises(IntegrityError), transaction.atomic():
        BuyBoxWeights.objects.create(version=9, price=1, speed=1, quality=1, stock=1, reason="x", at=AT)


def test_standings_are_counted_from_what_happened():
    merchant = make_merchant()
    operations.count_standings(at=AT)
    fresh = MerchantStanding.objects.get(merchant=merchant)
    assert (fresh.rating, fresh.sent, fresh.quality) == (None, 0, 0.75)


def test_an_offer_of_the_same_thing_under_another_number_is_refused():
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, key="K", title="Kettle")
    other = make_offer(merchant=merchant, title="Other")

    def wish(**changes: object) -> MakeOffer:
        values = {"merchant_id": merchant.pk, "product_id": offer.product_id, "sku": "X", "price_minor": 9, "stock": 1}
        return MakeOffer(**values | changes)

    for wrong, words in (
        (wish(), f"as your number {offer.partner_sku}"),
        (wish(sku=other.partner_sku, condition="used"), "is that of “Other”"),
        (wish(condition="broken"), "new, renewed or used"),
        (wish(sku="Y", price_minor=0), "price above zero"),
        (wish(sku="Y", handling_days=31), "30 working days"),
        (wish(product_id=10**9), "no such product"),
    ):
        with pytest.raises(UnableToOffer, match=words):
            making.make_offers(requests=[wrong], by=staff(merchant), at=AT)
    assert StockRecord.objects.filter(partner=merchant.partner).count() == 2
    [used] = making.make_offers(requests=[wish(condition="used")], by=staff(merchant), at=AT)
    assert StockRecord.objects.get(pk=used).condition == "used"


def test_nobody_makes_or_changes_an_offer_of_another_merchant():
    mine, theirs = make_merchant(), make_merchant()
    offer = make_offer(merchant=theirs, key="K")
    with pytest.raises(NotAllowed):
        making.make_offers(
            requests=[MakeOffer(merchant_id=theirs.pk, product_id=offer.product_id, sku="Z", price_minor=1, stock=1)],
            by=staff(mine),
            at=AT,
        )
    [refused] = catalogue.change_offers(requests=[ChangeOffer(stockrecord_id=offer.pk, by=staff(mine), price_minor=1)])
    assert isinstance(refused, UnableToList)
    offer.refresh_from_db()
    assert offer.price == 25


def test_two_windows_do_not_undo_each_other():
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, price=2_500, stock=10)

    def change(**values: object) -> object:
        [result] = catalogue.change_offers(
            requests=[ChangeOffer(stockrecord_id=offer.pk, by=staff(merchant), **values)]
        )
        return result

    assert not isinstance(change(price_minor=2_000, seen_price_minor=2_500), UnableToList)
    late = change(price_minor=3_000, seen_price_minor=2_500)
    assert str(late) == "The price was changed meanwhile and is €20.00 now: look again before you change it."
    assert "stock was changed meanwhile and is 10" in str(change(stock=4, seen_stock=9))
    offer.refresh_from_db()
    assert (offer.price, offer.num_in_stock) == (20, 10)


def test_what_a_store_says_of_its_delivery_counts():
    slow, usual = make_merchant(), make_merchant()
    first = make_offer(merchant=slow, price=2_000, key="K", title="Kettle")
    second = make_offer(merchant=usual, price=2_000, key="K", title="Kettle")
    terms = DeliveryTerms.objects.create(
        merchant=slow,
        handling_days=3,
        cut_off_hour=12,
        time_zone="UTC",
        working_days=[0],
        changed_by="x",
        changed_at=AT,
    )
    DeliveryMethod.objects.create(terms=terms, code="express", charge=1_900, transit_days=1)
    DeliveryMethod.objects.create(terms=terms, code="standard", charge=900, free_from=5_000, transit_days=6)

    ranked = buybox.ranked(product_ids=[first.product_id])[first.product_id]

    assert [(offer.stockrecord_id, offer.landed, offer.days) for offer in ranked] == [
        (second.pk, 2_490, 5),
        (first.pk, 2_900, 9),
    ]


def test_a_used_one_that_costs_less_is_not_what_a_new_one_is_compared_with():
    make_offer(merchant=make_merchant(), price=2_000, key="K", title="Kettle", handling_days=3)
    best = make_offer(merchant=make_merchant(), price=1_950, key="K", title="Kettle", handling_days=1)
    make_offer(merchant=make_merchant(), price=1_200, key="K", title="Kettle", condition="used")
    make_offer(merchant=make_merchant(), price=900, key="K", title="Kettle", stock=0)

    assert buybox.why(offers=buybox.ranked(product_ids=[best.product_id])[best.product_id]) == [
        "It costs least with delivery: €24.40.",
        "It arrives first, up to 2 working days earlier.",
        "New things come before used ones.",
        "Offers that are sold out come last.",
    ]
