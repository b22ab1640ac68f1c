"""The whole loop in a browser: trade, facts, score, offer, officers, loan, repayment, trade; on a phone and on a desk.

People click; what only time brings (parcels that arrive, settlements, nights) is done by what the scheduler calls, at
a clock that the journey moves on. Every page that is visited is looked at, and its picture is kept.
"""

from __future__ import annotations

import itertools
import re
import time as stopwatch
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core import mail

from config.simulation import people
from financing import tasks as credit_tasks
from financing.lending.models import Loan
from financing.underwriting.models import Application
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver
from mall.merchants.models import Merchant
from mall.order.models import Order
from payments import clock
from payments import operations as bank
from payments import tasks as bank_tasks
from payments.ledger import queries as ledger
from payments.models import Settlement
from payments.money import Money
from payments.queries import merchants as merchant_money
from tests.factories import journey
from tests.factories.mall import account_of, deliver_events
from tests.factories.visitors import Person

# The past is the same whenever the journey runs; all of it happens before the real present.
LAST_DAY = date(2026, 6, 28)
COMMISSION, VAT, RESERVE, SHARE = 800, 2_100, 500, 1_500
ARRIVES, SETTLES = 4, 6
BORROWS, ARRIVES_AGAIN, REPAYS = 7, 10, 12
SIGNATURE = "Mara Vetraia"


@dataclass
class Calendar:
    """The clock of the journey: it stands where it was put, and goes on from there."""

    first_day: date
    moment: datetime = field(init=False)
    put_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.go(day=0, hour=9)

    def go(self, *, day: int, hour: int) -> None:
        """Put the clock to an hour of a day of the journey."""
        self.moment = datetime.combine(self.first_day + timedelta(days=day), time(hour), tzinfo=UTC)
        self.put_at = stopwatch.monotonic()

    def now(self) -> datetime:
        """Return what the clock shows."""
        return self.moment + timedelta(seconds=stopwatch.monotonic() - self.put_at)


@dataclass
class World:
    """All that the acts of the journey share."""

    market: journey.Market
    calendar: Calendar
    arrives: object
    width: int

    def enters(self, email: str) -> Person:
        """Let somebody in, at a browser of their own."""
        person = self.arrives(self.width)
        person.signs_in(email)
        return person


@pytest.fixture
def world(fresh_database, live_site, page_at, keep_picture, settings, monkeypatch, tmp_path, request) -> World:
    """The market after its past, one day before the journey begins."""
    settings.RIALTO_LAKE = tmp_path / "lake"
    settings.RIALTO_SEAL_FILE = str(tmp_path / "seals")
    settings.RIALTO_OUTBOX_KICK = False
    settings.RIALTO_STEP_UP_ABOVE, settings.RIALTO_STEP_UP_FREE_SUM = 5_000, 15_000
    market = journey.live(last_day=LAST_DAY)
    calendar = Calendar(market.last_day + timedelta(days=1))
    monkeypatch.setattr(clock, "now", calendar.now)
    numbers = itertools.count(1)

    def arrives(width: int) -> Person:
        return Person(page_at(width), keep_picture, numbers)

    return World(market, calendar, arrives, request.getfixturevalue("width"))


def put_into_basket(person: Person, *, title: str, name: str, pieces: int = 1) -> None:
    page = person.page
    page.fill("#search-text", title)
    page.press("#search-text", "Enter")
    person.sees(f"{name}-found")
    page.locator(".product-title").get_by_role("link", name=title, exact=True).click()
    person.sees(f"{name}-product", heading=title)
    person.page.get_by_label("Pieces").fill(str(pieces))
    person.presses("Put into basket")
    page.locator("#added .message-success").wait_for()


def buys_of_two_stores(world: World, shopper: Person) -> Order:
    """The shopper finds goods of two merchants and pays both from the account."""
    shopper.opens("Plans and instalments")
    shopper.sees("plans-none", heading="No plan is running")
    for name, merchant in (("first", world.market.large), ("second", world.market.small)):
        thing = journey.something_for(least=3_000, merchant=merchant)
        put_into_basket(shopper, title=thing.product.title, name=name)
    shopper.page.locator(".header-basket").click()
    shopper.sees("basket", heading="Your basket")
    shopper.follows("Checkout")
    shopper.sees("checkout", heading="Checkout")
    shopper.presses("Order and pay")
    shopper.page.wait_for_url("**/money/confirm/**")
    shopper.sees("confirm-payment", heading="Confirm your payment")
    shopper.page.get_by_label("Code from the e-mail").fill(re.search(r"\b\d{6}\b", mail.outbox[-1].body).group())
    shopper.presses("Pay")
    shopper.sees("ordered", heading="Thank you, it is ordered")
    deliver_events()
    order = Order.objects.get(number=shopper.page.url.rstrip("/").rsplit("/", 1)[-1])
    assert order.status == "Confirmed"
    return order


def sends(person: Person, consignment: Consignment, name: str) -> None:
    """Somebody of the store finds the parcel among the store's and says that it is on its way."""
    person.opens("My store")
    person.sees(f"{name}-today", heading="Today")
    person.follows("See all")
    person.sees(f"{name}-to-pack", heading="Orders")
    row = person.page.locator(".desk-row").filter(has_text=consignment.number)
    row.get_by_role("link").first.click()
    person.page.get_by_label("Carrier").fill("Blue Post")
    person.page.get_by_label("Tracking").fill("RX 1207 559")
    person.sees(f"{name}-parcel", heading=consignment.number)
    person.presses("It is on its way")
    person.reads("The parcel is on its way")
    person.sees(f"{name}-sent")
    deliver_events()


def says_it_arrived(shopper: Person, order: Order, name: str) -> None:
    shopper.opens("Your orders")
    shopper.sees(f"{name}-orders", heading="Your orders")
    shopper.page.locator(f"main a[href*='{order.number}']").first.click()
    shopper.page.get_by_text("It has arrived").first.click()
    shopper.sees(f"{name}-arrived")
    shopper.presses("Yes, all is well")
    shopper.page.locator(".message-success").wait_for()
    deliver_events()
    shopper.page.reload()
    shopper.reads("Delivered and paid out")
    shopper.sees(f"{name}-released")


def night(world: World, *, before: int) -> None:
    """What the scheduler does between two days of the journey: the close, the facts, the features, the offers."""
    world.calendar.go(day=before, hour=1)
    credit_tasks.close_day()
    credit_tasks.make_offers()
    bank_tasks.close_books()
    deliver_events()


def settles(world: World, *, day: int) -> None:
    """What the scheduler does early on a day: settlement and payout."""
    world.calendar.go(day=day, hour=5)
    bank_tasks.settle_day()
    bank_tasks.pay_out()
    deliver_events()


def net_of(amount: int) -> int:
    """Return what a merchant gets of a released consignment, half a cent rounded to even."""
    commission = round(amount * COMMISSION / 10_000)
    return amount - commission - round(commission * VAT / 10_000)


def in_account(merchant: Merchant) -> int:
    return balance(f"deposit:{merchant_money.merchant_money(merchant=f'merchant:{merchant.pk}').account}")


def holds(merchant: Merchant) -> int:
    """Return what the merchant has, in the account and kept in reserve; a reserve that matures is paid out."""
    return in_account(merchant) + balance(f"merchant:{merchant.pk}:reserve")


def balance(code: str) -> int:
    return ledger.balance(code=code)


def text(amount: int) -> str:
    return Money(amount, "EUR").format()


def buys_with_a_plan(world: World, shopper: Person) -> Order:
    """The shopper buys again, chooses a plan at the checkout, reads its terms and signs them."""
    # Enough for the share of its sales to repay more of the advance than the first part of its fee.
    thing = journey.something_for(least=20_000, merchant=world.market.large, pieces=6)
    put_into_basket(shopper, title=thing.product.title, name="again", pieces=6)
    shopper.page.locator(".header-basket").click()
    shopper.follows("Checkout")
    shopper.page.get_by_label(re.compile("^12 monthly payments")).check()
    shopper.sees("checkout-plan", heading="Checkout")
    shopper.presses("Order and pay")
    shopper.sees("plan-terms", heading="Pay in 12 payments")
    shopper.page.get_by_label("Your full name").fill(SIGNATURE)
    shopper.presses("Sign and order")
    shopper.sees("plan-ordered", heading="Thank you, it is ordered")
    deliver_events()
    return Order.objects.get(number=shopper.page.url.rstrip("/").rsplit("/", 1)[-1])


def asks_for_an_advance(owner: Person) -> Application:
    """The owner takes the whole offer, in two clicks and a signature; it is more than the machine may grant."""
    owner.sees("financing-offer", heading=re.compile("^Up to"))
    owner.follows("Choose your amount")
    owner.sees("financing-amount", heading="How much do you need?")
    owner.presses("See the terms")
    owner.page.get_by_label("Your full name").fill(SIGNATURE)
    owner.sees("financing-terms", heading=re.compile("^Advance of"))
    owner.presses("Sign and apply")
    owner.reads("with our officers")
    owner.sees("financing-waits")
    return Application.objects.get(product_kind="advance")


def officers_approve(world: World, application: Application) -> None:
    """An officer approves above the own authority; the senior officer agrees. Both used their second factor."""
    name = world.market.large.name
    officer = world.enters("officer@rialto.example")
    officer.opens("Credit cases")
    officer.sees("officer-queue", heading="Credit cases")
    officer.follows(name)
    officer.sees("officer-case", heading=name)
    officer.presses("Take the case")
    officer.reads("The case is yours")
    officer.presses("Approve, and ask a second officer")
    officer.reads("It waits for a second officer now")
    officer.sees("officer-queue-after")
    application.refresh_from_db()
    assert application.state == Application.State.SECOND
    senior = world.enters("senior@rialto.example")
    senior.opens("Credit cases")
    senior.follows(name)
    senior.sees("senior-case", heading=name)
    senior.page.get_by_role("button", name="Agree", exact=True).click()
    senior.reads("The applicant can sign")
    senior.sees("senior-queue-after")
    application.refresh_from_db()
    assert application.state == Application.State.APPROVED


def signs_the_advance(owner: Person) -> Loan:
    owner.page.reload()
    owner.sees("financing-approved", heading="Financing")
    owner.follows("Read and sign")
    owner.page.get_by_label("Your full name").fill(SIGNATURE)
    owner.sees("financing-final-terms", heading=re.compile("^Advance of"))
    owner.presses("Sign and receive the money")
    owner.reads("is in your account")
    owner.sees("financing-running")
    return Loan.objects.get(kind="advance")


def the_books_hold(world: World) -> None:
    """Operations verifies the book in the browser; every check holds."""
    operations = world.enters("operations@rialto.example")
    operations.opens("Operations")
    operations.sees("operations-before", heading="Operations")
    operations.presses("Verify the book")
    operations.reads("Handed to a worker")
    # The worker, at its next turn.
    bank_tasks.seal()
    bank_tasks.verify()
    operations.page.reload()
    operations.reads(re.compile(r"^\s*holds\s*$"))
    operations.sees("operations-after")
    assert bank.verify_book(at=clock.now()) == []


def first_trade(world: World, shopper: Person, clerk: Person, other: Person) -> None:
    """Bought of two, sent by both, arrived, settled, paid out: to the cent."""
    market, calendar = world.market, world.calendar
    money = balance(f"deposit:{account_of(market.shopper)}")
    order = buys_of_two_stores(world, shopper)
    parcels = {part.merchant_id: part for part in order.consignments.all()}
    assert balance(f"deposit:{account_of(market.shopper)}") == money - order.total_minor
    calendar.go(day=1, hour=14)
    sends(clerk, parcels[market.large.pk], "clerk")
    sends(other, parcels[market.small.pk], "other-owner")
    assert [balance(f"escrow:{part.number}") for part in parcels.values()] == [part.amount for part in parcels.values()]
    calendar.go(day=ARRIVES, hour=11)
    # The carrier speaks for one parcel, the shopper for the other.
    [said] = fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=parcels[market.small.pk].number, said_by="carrier", at=clock.now())]
    )
    assert not isinstance(said, Exception), said
    deliver_events()
    says_it_arrived(shopper, order, "shopper")
    settles(world, day=SETTLES - 1)
    had = {merchant.pk: holds(merchant) for merchant in (market.large, market.small)}
    settles(world, day=SETTLES)
    for merchant in (market.large, market.small):
        part, net = parcels[merchant.pk], net_of(parcels[merchant.pk].amount)
        kept = round(net * RESERVE / 10_000)
        assert balance(f"escrow:{part.number}") == 0
        assert balance(f"merchant:{merchant.pk}:available") == 0
        assert holds(merchant) == had[merchant.pk] + net
        settled = Settlement.objects.get(merchant=f"merchant:{merchant.pk}", day=calendar.now().date())
        assert (settled.released, settled.to_reserve, settled.withheld) == (net, kept, 0)
    other.opens("My store")
    other.turns_to("Money")
    other.sees("other-owner-money", heading="Money")


def credit_is_taken(world: World, shopper: Person, clerk: Person, owner: Person) -> tuple[Order, Loan]:
    """Offers appear over night; the shopper takes a plan, the merchant an advance that two officers approve."""
    market = world.market
    owner.opens("My store")
    owner.turns_to("Financing")
    owner.sees("financing-none", heading="No offer at present")
    night(world, before=BORROWS)
    world.calendar.go(day=BORROWS, hour=9)
    shopper.opens("Plans and instalments")
    shopper.reads("You may still spend")
    shopper.sees("plans-offer")
    order = buys_with_a_plan(world, shopper)
    sends(clerk, order.consignments.get(), "clerk-again")
    plan = Loan.objects.get(kind="installments")
    assert plan.principal == order.total_minor
    assert balance(f"loan:{plan.pk}:principal") == plan.principal
    assert balance(f"escrow:{order.consignments.get().number}") == plan.principal
    owner.page.reload()
    application = asks_for_an_advance(owner)
    assert application.state == Application.State.REFERRED
    assert application.amount > 1_000_000, "not above the officer's own authority"
    officers_approve(world, application)
    had = holds(market.large)
    advance = signs_the_advance(owner)
    assert advance.principal == application.amount
    assert holds(market.large) == had + advance.principal
    assert balance(f"loan:{advance.pk}:principal") == advance.principal
    return order, advance


def sales_repay(world: World, shopper: Person, owner: Person, order: Order, advance: Loan) -> None:
    """The plan's goods arrive; of what the merchant is settled for them, a share repays the advance."""
    market, part = world.market, order.consignments.get()
    night(world, before=ARRIVES_AGAIN)
    world.calendar.go(day=ARRIVES_AGAIN, hour=17)
    says_it_arrived(shopper, order, "shopper-again")
    owed = balance(f"loan:{advance.pk}:principal") + balance(f"loan:{advance.pk}:fees")
    principal, had = balance(f"loan:{advance.pk}:principal"), holds(market.large)
    assert principal == advance.principal
    settles(world, day=REPAYS)
    net = net_of(part.amount)
    available = net - round(net * RESERVE / 10_000)
    share = available * SHARE // 10_000
    settled = Settlement.objects.get(merchant=f"merchant:{market.large.pk}", day=world.calendar.now().date())
    assert (settled.released, settled.to_available, settled.withheld) == (net, available, share)
    assert balance(f"escrow:{part.number}") == 0
    assert balance(f"merchant:{market.large.pk}:available") == 0
    assert holds(market.large) == had + net - share
    left = balance(f"loan:{advance.pk}:principal") + balance(f"loan:{advance.pk}:fees")
    assert owed - left == share
    assert balance(f"loan:{advance.pk}:principal") < principal
    owner.turns_to("Financing")
    owner.reads("Still to repay")
    owner.reads(text(left))
    owner.sees("financing-repaid-in-part")
    owner.turns_to("Money")
    owner.sees("owner-money", heading="Money")
    owner.page.locator("main table a").first.click()
    owner.sees("owner-settlement", heading=re.compile("^Settlement of"))
    for row, amount in (("Sale released", net), ("Kept in reserve", available - net), ("Repayment", -share)):
        assert text(amount) in owner.page.locator("main tr").filter(has_text=row).inner_text()
    shopper.opens("Plans and instalments")
    shopper.follows("12 monthly payments")
    shopper.sees("plan-running", heading="12 monthly payments")


@pytest.mark.parametrize("width", [1280, 360])
def test_trade_earns_credit_and_sales_repay_it(world: World, width: int) -> None:
    shopper = world.enters(people.SHOPPER)
    clerk = world.enters(people.CLERK_EMAIL)
    other = world.enters(journey.OTHER_OWNER)
    first_trade(world, shopper, clerk, other)
    owner = world.enters(people.OWNER)
    order, advance = credit_is_taken(world, shopper, clerk, owner)
    sales_repay(world, shopper, owner, order, advance)
    the_books_hold(world)
