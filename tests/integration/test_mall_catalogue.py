"""Listings, search, merchants and shoppers in bulk."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from oscar.core.loading import get_model

from mall.actors import MERCHANT, Actor, NotAllowed, merchant_staff
from mall.catalogue import operations as catalogue
from mall.catalogue.operations import ChangeOffer, ListProduct, UnableToList
from mall.checkout import operations as checkout
from mall.checkout.drafts import CancelOrder
from mall.customer import operations as customers
from mall.customer.addresses import AddressData
from mall.customer.models import Consent, DeviceSighting, HomeAddress, User
from mall.customer.operations import ChangeConsent, RegisterShopper
from mall.merchants import operations as merchants
from mall.merchants import staffing
from mall.merchants.models import Membership, Merchant
from mall.merchants.operations import OpenMerchant
from mall.merchants.staffing import UnableToChangeStaff
from mall.queries import merchants as merchant_queries
from mall.search.queries import Filters, search, suggest
from payments.queries import standing
from tests.factories.mall import (
    AT,
    close_the_shop,
    deliver_events,
    make_address,
    make_draft,
    make_merchant,
    make_offer,
    make_shopper,
    staff,
)

pytestmark = pytest.mark.django_db

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")


def statements(act) -> int:
    with CaptureQueriesContext(connection) as queries:
        act()
    return len([query for query in queries if "SAVEPOINT" not in query["sql"]])


def make_listing(merchant: Merchant, number: int, **changes: object) -> ListProduct:
    values = {
        "title": f"Desk lamp {number}",
        "merchant_id": merchant.pk,
        "sku": f"L-{number}",
        "price_minor": 1_000 + number,
        "currency": "EUR",
        "stock": 5,
        "at": AT,
        "category": ("Home", "Light"),
        "attributes": {"Color": "black", "Material": "steel"},
        "weight": 800,
    }
    return ListProduct(**values | changes)


def test_listing_many_takes_as_many_statements_as_listing_one():
    merchant = make_merchant()
    catalogue.ensure_categories(paths=[("Home", "Light")])
    catalogue.list_products(requests=[make_listing(merchant, 0)])

    one = statements(lambda: catalogue.list_products(requests=[make_listing(merchant, 1)]))
    many = statements(lambda: catalogue.list_products(requests=[make_listing(merchant, n) for n in range(2, 60)]))

    assert one == many
    product = Product.objects.get(title="Desk lamp 7")
    assert {value.attribute.name: value.value_text for value in product.attribute_values.all()} == {
        "Color": "black",
        "Material": "steel",
        "Weight (g)": "800",
    }
    assert product.date_created == AT
    assert Category.objects.count() == 2


def test_listing_again_changes_nothing_and_bad_offers_are_named():
    merchant = make_merchant()
    first, wrong = catalogue.list_products(
        requests=[make_listing(merchant, 1), make_listing(merchant, 2, currency="USD")]
    )
    [again] = catalogue.list_products(requests=[make_listing(merchant, 1, price_minor=5)])

    assert isinstance(wrong, UnableToList)
    assert (again.product_id, again.stockrecord_id, again.replayed) == (first.product_id, first.stockrecord_id, True)
    assert search(text="desk").hits[0].price == 1_001


def test_offers_of_several_merchants_are_one_product_with_the_best_price_shown():
    first, second = make_merchant(name="Alpha"), make_merchant(name="Beta")
    cheap = make_offer(merchant=first, price=900, key="K1", title="Kettle")
    dear = make_offer(merchant=second, price=1_200, key="K1", title="Kettle")

    [hit] = search(text="kettle").hits
    assert (hit.price, hit.merchant, hit.offers) == (900, "Alpha", 2)

    catalogue.change_offers(requests=[ChangeOffer(stockrecord_id=cheap.pk, by=staff(first), stock=0)])
    deliver_events()
    [hit] = search(text="kettle").hits
    assert (hit.price, hit.stockrecord_id) == (1_200, dear.pk)

    close_the_shop(second)
    deliver_events()
    [hit] = search(text="kettle").hits
    assert (hit.price, hit.in_stock, hit.offers) == (900, False, 1)


def test_search_forgives_spelling_and_finishes_words_and_filters():
    merchant, other = make_merchant(), make_merchant()
    make_offer(merchant=merchant, price=3_000, title="Espresso machine")
    make_offer(merchant=merchant, price=500, title="Espresso cups")
    make_offer(merchant=other, price=700, title="Tea cups")

    assert {hit.title for hit in search(text="espres").hits} == {"Espresso machine", "Espresso cups"}
    misspelled = search(text="expreso machin")
    assert misspelled.corrected
    assert misspelled.hits[0].title == "Espresso machine"
    assert [hit.title for hit in search(text="cups", filters=Filters(merchant_id=other.pk)).hits] == ["Tea cups"]
    assert [hit.title for hit in search(filters=Filters(price_to=600)).hits] == ["Espresso cups"]
    assert [hit.title for hit in search(sort="price").hits] == ["Espresso cups", "Tea cups", "Espresso machine"]
    found = search(text="cups")
    assert {choice.name: choice.count for choice in found.categories} == {"Home": 2, "Light": 2}
    assert [choice.count for choice in found.merchants] == [1, 1]
    assert suggest(text="te")[0] == ("tea",)
    assert suggest(text="te")[1][0].title == "Tea cups"
    assert search(text="'); DROP TABLE x; -- & | ! :*").total == 0


def test_a_search_page_takes_a_fixed_number_of_statements():
    merchant = make_merchant()
    catalogue.list_products(requests=[make_listing(merchant, n) for n in range(40)])

    search(text="lamp")
    assert statements(lambda: search(text="lamp")) == 3


def test_shoppers_are_registered_in_bulk_once_with_account_address_and_consent():
    def request(number: int) -> RegisterShopper:
        return RegisterShopper(
            email=f"Person{number}@Mail.example",
            name=f"Ada Weber{number}",
            currency="EUR",
            at=AT,
            address=make_address(),
            consent_credit=number % 2 == 0,
            device=f"device-{number}",
            password="open sesame, please",
        )

    one = statements(lambda: customers.register_shoppers(requests=[request(0)]))
    many = statements(lambda: customers.register_shoppers(requests=[request(n) for n in range(1, 30)]))
    again = customers.register_shoppers(requests=[request(n) for n in range(30)])

    assert one == many
    assert User.objects.filter(email__startswith="person").count() == len(set(again)) == 30
    user = again[0]
    assert (user.email, user.get_full_name(), user.date_joined) == ("person0@mail.example", "Ada Weber0", AT)
    assert user.check_password("open sesame, please")
    assert standing.account_numbers(holders=[f"user:{user.pk}"])
    assert Consent.objects.count() == 15
    assert len(set(HomeAddress.objects.values_list("fingerprint", flat=True))) == 1
    assert DeviceSighting.objects.count() == 30
    assert user.addresses.get().summary


def test_an_address_is_the_same_door_however_it_is_spelled():
    one = AddressData("A", "Lindenweg 4", "Bremen", "28195", "DE")
    two = AddressData("B", "LINDENWEG, 4 ", " bremen", "28 195", "de")
    other = AddressData("A", "Lindenweg 5", "Bremen", "28195", "DE")

    assert one.fingerprint == two.fingerprint != other.fingerprint
    assert AddressData("A", "", "Bremen", "28195", "DE").fingerprint == ""


def test_consent_is_given_and_withdrawn_and_never_in_force_twice():
    def change(granted: bool) -> None:
        customers.record_consents(requests=[ChangeConsent(subject="user:1", purpose="credit", granted=granted, at=AT)])

    change(True)
    change(True)
    assert Consent.objects.get().withdrawn_at is None
    change(False)
    change(False)
    assert Consent.objects.get().withdrawn_at == AT
    change(True)
    assert [row.withdrawn_at for row in Consent.objects.order_by("pk")] == [AT, None]


def test_merchants_are_opened_in_bulk_once_with_terms_and_names_of_their_own():
    owner = make_shopper(money=0)

    def request(number: int) -> OpenMerchant:
        return OpenMerchant(key=f"m{number}", name="Same Name", owner=owner.pk, currency="EUR", at=AT)

    one = statements(lambda: merchants.open_merchants(requests=[request(0)]))
    many = statements(lambda: merchants.open_merchants(requests=[request(n) for n in range(1, 20)]))
    merchants.open_merchants(requests=[request(n) for n in range(20)])

    assert one == many
    assert Merchant.objects.count() == 20
    assert len(set(Merchant.objects.values_list("slug", flat=True))) == 20


def test_owners_manage_the_staff_and_clerks_do_not():
    merchant = make_merchant()
    clerk = make_shopper(money=0)
    staffing.add_staff(merchant_id=merchant.pk, email=clerk.email, role="clerk", by=staff(merchant), at=AT)
    at_work = merchant_staff(user_id=clerk.pk, merchant_id=merchant.pk)

    assert at_work.role == "clerk"
    with pytest.raises(NotAllowed):
        staffing.add_staff(merchant_id=merchant.pk, email=clerk.email, role="owner", by=at_work, at=AT)
    with pytest.raises(NotAllowed):
        staffing.remove_staff(merchant_id=merchant.pk, user_id=merchant.owner_id, by=staff(make_merchant()), at=AT)
    with pytest.raises(UnableToChangeStaff):
        staffing.remove_staff(merchant_id=merchant.pk, user_id=merchant.owner_id, by=staff(merchant), at=AT)
    with pytest.raises(UnableToChangeStaff):
        staffing.add_staff(merchant_id=merchant.pk, email="nobody@x.example", role="clerk", by=staff(merchant), at=AT)
    assert Membership.objects.filter(merchant=merchant).count() == 2
    assert [row.role for row in merchant_queries.staff_of(merchant_id=merchant.pk)] == ["owner", "clerk"]
    with pytest.raises(NotAllowed):
        merchant_staff(user_id=clerk.pk, merchant_id=make_merchant().pk)


def test_a_price_below_zero_or_stock_below_what_is_ordered_is_refused():
    merchant = make_merchant()
    offer = make_offer(merchant=merchant, stock=5)
    offer.allocate(3)
    by = Actor(MERCHANT, user_id=merchant.owner_id, merchant_id=merchant.pk)

    low, cheap, fine = catalogue.change_offers(
        requests=[
            ChangeOffer(stockrecord_id=offer.pk, by=by, stock=2),
            ChangeOffer(stockrecord_id=offer.pk, by=by, price_minor=-1),
            ChangeOffer(stockrecord_id=offer.pk, by=by, stock=3, price_minor=100),
        ]
    )

    assert isinstance(low, UnableToList)
    assert isinstance(cheap, UnableToList)
    assert fine.stockrecord_id == offer.pk
    offer.refresh_from_db()
    assert (offer.num_in_stock, offer.price) == (3, 1)


def test_the_last_piece_leaves_the_listing_and_a_cancelled_order_brings_it_back():
    merchant, shopper = make_merchant(), make_shopper()
    offer = make_offer(merchant=merchant, stock=2, title="Globe")
    for expected in (True, False):
        draft = make_draft(user=shopper, quantities={offer: 1})
        checkout.submit_order(draft=draft)
        deliver_events()
        assert search(text="globe").hits[0].in_stock is expected

    checkout.cancel_orders(requests=[CancelOrder(draft.number, "never mind", AT)])
    deliver_events()
    assert search(text="globe").hits[0].in_stock
