"""The whole economy from a seed: a history that :mod:`config.simulation.drive` can live through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np

from config.simulation.economy import catalogue, households, people, trade, words
from config.simulation.history import (
    Article,
    Founding,
    Line,
    MoneyIn,
    MoneyOut,
    Parcel,
    Purchase,
    Refund,
    Review,
    Shop,
    Shopper,
    Tender,
)

_CARRIERS = ("Corriere Rialto", "Blue Van", "NordPost")


class Economy:
    """A made-up economy: the same arguments give the same history, to the last cent.

    :param days: how long it lasts, ending with ``last_day``.
    """

    def __init__(
        self,
        *,
        seed: int,
        last_day: date,
        days: int = 540,
        shoppers: int = 3_000,
        merchants: int = 150,
        products: int = 2_000,
        orders: int = 12_000,
        currency: str = "EUR",
        known: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        """``known`` gives the e-mail address and password hash of ``shopper:0`` or ``owner:0``."""
        self._sign_ins = dict(known or {})
        self.name = f"economy:{seed}"
        self.seed, self.days, self.currency = seed, days, currency
        self.last_day = last_day
        self.first_day = last_day - timedelta(days=days - 1)
        self._ordinal = self.first_day.toordinal()
        generator = np.random.default_rng(seed)
        self._generator = generator
        self.shopper_traits = people.draw_shoppers(generator=generator, count=shoppers)
        self.merchant_traits = people.draw_merchants(generator=generator, count=merchants, days=days)
        self._found_people(shoppers, merchants)
        self._joined = np.array([self._days_until(shop.joined_at) for shop in self.shops])
        weights = trade.sales_weights(
            merchants=self.merchant_traits, joined=self._joined, days=days, first_ordinal=self._ordinal
        )
        self._list_products(products, weights)
        self.orders = trade.draw_orders(
            generator=generator,
            count=orders,
            days=days,
            first_ordinal=self._ordinal,
            shoppers=self.shopper_traits,
            merchants=self.merchant_traits,
            opened=np.array([self._days_until(shopper.opened_at) for shopper in self.shoppers]),
            joined=self._joined,
            weights=weights,
            stock=self._stock,
        )
        self._fill_shelves()
        self.households = households.draw(
            seed=seed,
            days=days,
            first_day=self.first_day,
            shoppers=self.shopper_traits,
            orders=self.orders,
            persons=self.shoppers,
            shops=self.shops,
        )

    # --- who and what is there

    def founding(self) -> Founding:
        """Return who and what is there."""
        everybody = [
            replace(person, email=self._sign_ins[person.key][0], password=self._sign_ins[person.key][1], consents=True)
            if person.key in self._sign_ins
            else person
            for person in (*self.shoppers, *self.owners)
        ]
        return Founding(everybody, self.shops, self.articles)

    def _days_until(self, moment: datetime) -> float:
        return (moment - people.moment(self.first_day, 0)).total_seconds() / 86_400

    def _found_people(self, shoppers: int, merchants: int) -> None:
        generator, days = self._generator, self.days
        self.shoppers: list[Shopper] = people.write_shoppers(
            generator=generator, count=shoppers, first_day=self.first_day, days=days
        )
        picks, shop_picks = generator.random((merchants, 7)), generator.random((merchants, 5))
        # Most were there when the mall opened; the others joined over its first two thirds.
        joined = np.where(generator.random(merchants) < 0.6, 0.0, generator.random(merchants) * days * 0.65)
        joined[0] = 0.0
        self.owners: list[Shopper] = []
        self.shops: list[Shop] = []
        self._aisle_of: list[int] = []
        taken: set[str] = set()
        for index in range(merchants):
            opened = people.moment(self.first_day, float(np.floor(joined[index])))
            owner = people.write_owner(index=index, pick=picks[index], opened_at=opened)
            aisle = index % len(words.AISLES)
            self.owners.append(owner)
            self._aisle_of.append(aisle)
            self.shops.append(
                people.write_shop(
                    index=index,
                    aisle=words.AISLES[aisle],
                    owner=owner,
                    pick=shop_picks[index],
                    joined_at=opened + timedelta(hours=7),
                    taken=taken,
                )
            )

    def _list_products(self, products: int, weights: np.ndarray) -> None:
        generator = self._generator
        sells = weights.sum(axis=1)
        breadth = np.maximum(np.floor(products * sells**0.6 / (sells**0.6).sum()).astype(np.int64), 1)
        for index in np.argsort(-sells, kind="stable")[: max(products - int(breadth.sum()), 0)]:
            breadth[index] += 1
        owner = np.repeat(np.arange(len(breadth)), breadth)
        first = np.concatenate([[0], np.cumsum(breadth)[:-1]])
        place = np.arange(len(owner)) - first[owner]
        # By the same rule by which articles are chosen: those listed first sell best.
        edge = (place / breadth[owner]) ** (1 / 1.7)
        share = ((place + 1) / breadth[owner]) ** (1 / 1.7) - edge
        listings = catalogue.write_listings(
            generator=generator,
            aisles=[self._aisle_of[index] for index in owner],
            sales=np.maximum(sells[owner] * share, 1e-12),
        )
        late = np.where(place < np.maximum(breadth[owner] * 0.6, 1), 0.0, generator.random(len(owner)) * 0.5)
        listed = _ascending(self._joined[owner] + 0.05 + late * (self.days - self._joined[owner]), first)
        self._stock = trade.Stock(
            first=first.astype(np.int64),
            count=breadth,
            listed=listed,
            price=np.array([listing.price for listing in listings], dtype=np.int64),
            weight=np.array([listing.weight_g for listing in listings], dtype=np.int64),
        )
        self.articles: list[Article] = [
            Article(
                key=f"article:{index}",
                shop=self.shops[owner[index]].key,
                sku=f"R{self.seed}-{index:06d}",
                title=listing.title,
                description=listing.description,
                category=listing.category,
                attributes=listing.attributes,
                price=listing.price,
                stock=0,
                weight_g=listing.weight_g,
                listed_at=people.moment(self.first_day, float(listed[index])),
            )
            for index, listing in enumerate(listings)
        ]

    def _fill_shelves(self) -> None:
        """Have enough in stock for every sale, and something left of most things."""
        orders = self.orders
        sold = np.zeros(len(self.articles), dtype=np.int64)
        np.add.at(sold, orders.article, orders.quantity)
        np.add.at(sold, orders.other_article[orders.other_article >= 0], 1)
        left = self._generator.geometric(0.04, len(sold)) * (self._generator.random(len(sold)) < 0.97)
        self.articles = [
            replace(article, stock=int(stock))
            for article, stock in zip(self.articles, np.maximum(sold + left, 1), strict=True)
        ]

    # --- what happens

    def purchases(self) -> Iterator[Purchase]:
        """Yield purchases in the order they were placed."""
        return iter(self._purchases)

    @cached_property
    def _purchases(self) -> list[Purchase]:
        return [self._purchase(index) for index in range(len(self.orders.placed))]

    def money_in(self) -> Iterator[MoneyIn]:
        """Yield the pay of those who bank here, by time."""
        return iter(self.households.earned)

    def money_out(self) -> Iterator[MoneyOut]:
        """Yield what leaves for other banks: costs of living, merchants' takings, the savings of who gives up."""
        return iter(self.households.spent)

    def _purchase(self, index: int) -> Purchase:
        orders = self.orders
        placed = float(orders.placed[index])
        buyer = self._buyer(index)
        parcels = [self._parcel(index, int(orders.merchant[index]), int(orders.article[index]), main=True)]
        if orders.other_merchant[index] >= 0:
            other = int(orders.other_merchant[index])
            parcels.append(self._parcel(index, other, int(orders.other_article[index]), main=False))
        amount = sum(parcel.amount for parcel in parcels)
        tenders = self._tenders(index, amount)
        own = sum(tender.amount for tender in tenders if tender.method == "account")
        short = bool(orders.short[index])
        broke = placed >= self.households.broke[int(orders.shopper[index])]
        spare = 0 if broke or short else int(own * float(orders.spare[index]))
        money_in = 0 if short else -(-(own + spare) // 1_000) * 1_000 if spare else own
        placed_at = people.moment(self.first_day, placed)
        return Purchase(
            key=f"purchase:{index}",
            shopper=buyer.key,
            placed_at=placed_at,
            authorised_at=placed_at + timedelta(seconds=20 + index % 90),
            parcels=tuple(parcels),
            tenders=tenders,
            device=self._device(index, buyer),
            money_in=money_in,
            short=short,
            repays=self._repays(index),
        )

    def _buyer(self, index: int) -> Shopper:
        merchant = int(self.orders.merchant[index])
        if self.orders.related[index]:
            # Half of it through a friend, on the owner's own device.
            friend = self.shoppers[(merchant * 7) % len(self.shoppers)]
            known = self._days_until(friend.opened_at) <= float(self.orders.placed[index])
            return friend if known and index % 2 == 0 else self.owners[merchant]
        return self.shoppers[int(self.orders.shopper[index])]

    def _device(self, index: int, buyer: Shopper) -> str:
        if self.orders.related[index]:
            return f"{self.name}:owner:{int(self.orders.merchant[index])}:{words.DEVICES[0]}"
        return f"{self.name}:{buyer.key}:{words.DEVICES[int(self.orders.device[index])]}"

    def _parcel(self, index: int, merchant: int, article: int, *, main: bool) -> Parcel:
        orders = self.orders
        quantity = int(orders.quantity[index]) if main else 1
        freight = int(orders.freight[index] if main else orders.other_freight[index])
        line = Line(f"article:{article}", quantity, int(self._stock.price[article]))
        delivered, refunded = float(orders.delivered[index]), float(orders.refunded[index])
        goods = line.quantity * line.unit_price
        refund = None
        if refunded >= 0 and main:
            whole = orders.refund_share[index] == 1.0
            amount = goods + (freight * quantity if delivered < 0 else 0)
            amount = amount if whole else max(1, int(amount * float(orders.refund_share[index])))
            reason = words.COMPLAINTS[int(orders.complaint[index])] if delivered >= 0 else "lost on the way"
            refund = Refund(self._moment(refunded), amount, reason)
        review = None
        if main and delivered >= 0 and orders.reviewed[index] >= 0:
            score = int(orders.score[index])
            texts = words.REVIEW_TEXTS[score]
            review = Review(self._moment(float(orders.reviewed[index])), score, texts[index % len(texts)])
        cancelled = float(orders.cancelled[index])
        if cancelled >= 0:
            cancelled = float(trade.next_sitting(np.array([cancelled]), self._ordinal)[0]) + 0.35
        return Parcel(
            shop=f"shop:{merchant}",
            lines=(line,),
            shipping=freight * quantity,
            promised_by=self._moment(float(orders.promised[index])),
            dispatched_at=self._moment(float(orders.dispatched[index])),
            delivered_at=self._moment(delivered),
            delivered_said_by="buyer" if index % 5 == 0 else "carrier",
            cancelled_at=self._moment(cancelled),
            cancel_reason="out of stock" if cancelled >= 0 else "",
            refund=refund,
            review=review,
        )

    def _tenders(self, index: int, amount: int) -> tuple[Tender, ...]:
        orders = self.orders
        if orders.installments[index] > 1:
            return (Tender("plan", amount, int(orders.installments[index])),)
        voucher = int(amount * float(orders.voucher[index]))
        if voucher > 0 and not orders.short[index]:
            return (Tender("voucher", voucher), Tender("account", amount - voucher))
        return (Tender("account", amount),)

    def _repays(self, index: int) -> tuple[int | None, ...]:
        orders = self.orders
        count = int(orders.installments[index])
        if count < 2:
            return ()
        generator = np.random.default_rng((self.seed, 3, index))
        stops = int(generator.integers(0, 3)) if orders.bad[index] else 99
        habit = float(orders.late_habit[index])
        days = [int(generator.integers(3, 40)) if generator.random() < habit else 0 for _ in range(24)]
        return tuple(late if number < stops else None for number, late in enumerate(days))

    def _moment(self, days: float) -> datetime | None:
        return people.moment(self.first_day, days) if days >= 0 else None


def carrier_of(key: str) -> str:
    """Return the carrier that takes the parcels of ``key``."""
    return _CARRIERS[sum(key.encode()) % len(_CARRIERS)]


def _ascending(listed: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the listing times sorted within each merchant's own run of articles."""
    runs = np.split(listed, first[1:])
    return np.concatenate([np.sort(run) for run in runs])
