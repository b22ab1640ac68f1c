"""From real orders to an offer: what a merchant buys from himself does not raise what he is offered."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from financing.features.export import export_facts
from financing.underwriting import operations, queries
from financing.underwriting.models import Offer
from mall.checkout import operations as checkout
from mall.checkout.drafts import TenderChoice
from mall.customer.models import Consent, User
from mall.merchants.models import Membership, Merchant
from mall.partner.models import StockRecord
from tests.factories import mall as shop
from tests.factories import underwriting as made

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
PHONE = "phone-of-the-owner"
AS_OF = (shop.AT + 181 * DAY).replace(hour=0, minute=0)


@pytest.fixture(autouse=True)
def _lake(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"


def street(number: int) -> object:
    return shop.make_address(line1=f"Kornstraße {number}")


def buy(user: User, offer: StockRecord, days: int, *, home: int, **others: object) -> None:
    draft = shop.make_draft(user=user, quantities={offer: 1}, at=shop.AT + days * DAY, **others)
    object.__setattr__(draft, "address", street(home))
    assert checkout.submit_order(draft=draft).state == "confirmed"


def honest_store() -> tuple[Merchant, User, StockRecord]:
    """Return a store with a year of sales to thirty people, its owner, and what it sells at 200.00."""
    owner = shop.make_shopper(money=5_000_000, address=street(1), device=PHONE)
    merchant = shop.make_merchant(owner=owner, address=street(2))
    Consent.objects.create(subject=merchant.reference, purpose="credit", text_version="test", granted_at=shop.AT)
    offer = shop.make_offer(merchant=merchant, price=20_000, stock=1_000)
    for number in range(30):
        buyer = shop.make_shopper(money=100_000)
        buy(buyer, offer, 5 + number * 5, home=100 + number, device=f"device-{number}")
    shop.deliver_events()
    return merchant, owner, offer


def offered(merchant: Merchant) -> Offer | None:
    """Export the books, make tonight's offers, and return the store's."""
    export_facts(until=AS_OF.date(), again_from=shop.AT.date())
    operations.make_offers(kind="merchant", as_of=AS_OF, products=[made.advance()], exposures={}, at=AS_OF)
    return next(iter(queries.live_offers(subject_id=merchant.reference, at=AS_OF)), None)


def by_the_owner(owner: User, merchant: Merchant) -> dict:
    return {"user": owner, "home": 50}


def by_the_staff(owner: User, merchant: Merchant) -> dict:
    clerk = shop.make_shopper(money=5_000_000)
    Membership.objects.create(merchant=merchant, user=clerk, role="clerk", since=shop.AT)
    return {"user": clerk, "home": 51}


def at_the_same_address(owner: User, merchant: Merchant) -> dict:
    return {"user": shop.make_shopper(money=5_000_000), "home": 2}


def with_the_same_device(owner: User, merchant: Merchant) -> dict:
    return {"user": shop.make_shopper(money=5_000_000), "home": 52, "device": PHONE}


@pytest.mark.parametrize("close", [by_the_owner, by_the_staff, at_the_same_address, with_the_same_device])
def test_purchases_from_oneself_do_not_raise_an_offer(close: Callable[[User, Merchant], dict]):
    made.ready()
    merchant, owner, offer = honest_store()
    before = offered(merchant)
    assert before is not None
    friend = close(owner, merchant)
    for number in range(9):
        buy(offer=offer, days=100 + number * 8, **friend)
    shop.deliver_events()
    after = offered(merchant)
    features = queries.features_of(kind="merchant", subject_id=merchant.reference).values
    assert features["related_share"] == pytest.approx(9 / 39)
    # Above a tenth of related sales an officer has to look: the machine makes no offer at all.
    assert after is None
    assert "close to the store" in queries.why_no_offer(subject_id=merchant.reference)[0]
    assert features["orders_365d"] == 30


def test_a_few_purchases_from_oneself_change_nothing():
    made.ready()
    merchant, owner, offer = honest_store()
    before = offered(merchant)
    for number in range(3):
        buy(owner, offer, 150 + number, home=50)
    shop.deliver_events()
    after = offered(merchant)
    assert (after.limit, after.score, after.fee_bps) == (before.limit, before.score, before.fee_bps)


def test_as_many_purchases_by_strangers_do_raise_it():
    made.ready()
    merchant, _, offer = honest_store()
    before = offered(merchant)
    for number in range(9):
        buy(shop.make_shopper(money=100_000), offer, 100 + number * 8, home=200 + number, device=f"new-{number}")
    shop.deliver_events()
    assert offered(merchant).limit > before.limit


def test_the_owner_s_account_pays_for_nobody_else():
    """The one relation that cannot even come about: a friend's order paid from the owner's account is refused."""
    _, owner, offer = honest_store()
    friend = shop.make_shopper(money=0)
    tenders = (TenderChoice("bank_account", shop.account_of(owner), 20_490),)
    draft = shop.make_draft(user=friend, quantities={offer: 1}, tenders=tenders)
    assert checkout.submit_order(draft=draft).state == "refused"
