"""The catalogue the shop is measured with: the real data set's, else one made up, of any size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from oscar.core.loading import get_model

from config.simulation import founding
from config.simulation.history import Address, Article, Founding, Shop, Shopper
from config.simulation.olist import living
from config.simulation.progress import Progress
from mall.benchmarks import market
from mall.catalogue.models import Product
from mall.partner.models import StockRecord
from mall.search import queries as search
from payments import operations
from payments.accounts import policy

Benefit, Condition = get_model("offer", "Benefit"), get_model("offer", "Condition")
ConditionalOffer, Range = get_model("offer", "ConditionalOffer"), get_model("offer", "Range")

SHOPS, AT_ONCE, STOCK, IN_A_RANGE = 200, 5_000, 1_000_000, 50
HOME = Address(name="Bench", line1="Long Street 1", city="Berlin", region="", postcode="10115", country="DE")


def fill(*, folder: Path, products: int | None, at: datetime, say: Callable[[str], object]) -> str:
    """Register merchants, products and shoppers by the operations; return what they are, in words.

    Without a number the real data set is taken where it is, with enough of everything in stock.
    """
    if products is None and folder.is_dir():
        say("Importing the real catalogue …")
        prepared = living.prepare(folder=folder)
        living.import_people(prepared=prepared, progress=Progress(quiet=True))
        return "the real data set's catalogue"
    wanted = products or 4_000
    for first in range(0, wanted, AT_ONCE):
        founding.found(
            source="bench",
            currency="EUR",
            people=_people(first=first, last=min(wanted, first + AT_ONCE), at=at - timedelta(days=90)),
            progress=Progress(quiet=True),
        )
        say(f"made {min(wanted, first + AT_ONCE):,} products")
    search.count_common()
    return "a made-up catalogue"


def _people(*, first: int, last: int, at: datetime) -> Founding:
    owners = tuple(
        Shopper(f"owner{n}", f"owner{n}@bench.example", f"Owner {n}", HOME, at, consents=False) for n in range(SHOPS)
    )
    shops = tuple(Shop(f"shop{n}", f"Store {n}", f"owner{n}", HOME, at, consents=False) for n in range(SHOPS))
    return Founding(shoppers=owners, shops=shops, articles=tuple(_articles(first=first, last=last, at=at)))


def _articles(*, first: int, last: int, at: datetime) -> Iterator[Article]:
    brands = market.brands()
    for n in range(first, last):
        # Coprime steps through the lists: common and rare words in turn, the same every time.
        noun, quality = market.NOUNS[n * n % len(market.NOUNS)], market.QUALITIES[n * 7 % len(market.QUALITIES)]
        color, material = market.COLORS[n * 5 % len(market.COLORS)], market.MATERIALS[n * 3 % len(market.MATERIALS)]
        brand = brands[n * n * 3 % len(brands)].capitalize()
        yield Article(
            key=f"article{n}",
            shop=f"shop{n % SHOPS}",
            sku=f"B{n:07}",
            title=f"{brand} {quality} {noun}, {material}, {color} {n:05}",
            description=f"A {quality} {noun} of {material} that goes well with any {market.NOUNS[n % 40]}.",
            category=("Aisles", f"Aisle {n * n % len(market.NOUNS) % market.AISLES + 1}"),
            attributes=(("Color", color), ("Material", material), ("Brand", brand)),
            price=500 + n * 7_919 % 30_000,
            stock=STOCK,
            weight_g=500,
            listed_at=at,
        )


def promote(*, offers: int) -> None:
    """Have so many offers of the market itself under way: 5 % off three pieces of a range of fifty products."""
    products = list(Product.objects.order_by("pk")[: offers * IN_A_RANGE])
    for number in range(offers):
        chosen = Range.objects.create(name=f"Bench {number}", slug=f"bench-{number}")
        for product in products[number * IN_A_RANGE : (number + 1) * IN_A_RANGE]:
            chosen.add_product(product)
        ConditionalOffer.objects.create(
            name=f"Bench {number}",
            slug=f"bench-{number}",
            offer_type=ConditionalOffer.SITE,
            condition=Condition.objects.create(range=chosen, type=Condition.COUNT, value=3),
            benefit=Benefit.objects.create(range=chosen, type=Benefit.PERCENTAGE, value=5),
        )


def restock() -> None:
    """Have enough of everything, so that nothing is sold out while it is measured."""
    StockRecord.objects.update(num_in_stock=STOCK)


def let_pass(*, at: datetime) -> None:
    """Put rules in force that let every payment pass: here one card and one device buy all day."""
    body = policy.to_body(policy=policy.in_force()) | {"rules": []}
    version = operations.propose_policy(
        proposal=operations.Proposal(body=body, base=0, reason="A measurement.", by="user:1", at=at)
    )
    operations.approve_policy(ruling=operations.Ruling(version=version, by="user:2", note="", at=at))
