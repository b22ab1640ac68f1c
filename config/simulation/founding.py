"""Everybody and everything a history starts with, registered through the operations, once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from config.simulation.acts import chunks
from config.simulation.history import Address, Article, Founding, Shop, Shopper
from config.simulation.models import Counterpart
from config.simulation.progress import Progress
from mall.catalogue import operations as catalogue
from mall.customer import operations as customers
from mall.customer.addresses import AddressData
from mall.merchants import operations as merchants
from payments import operations as bank
from payments.operations import publishing

_AT_ONCE = 500


class UnableToFound(Exception):
    """A person, shop or article of the history could not be registered."""


@dataclass(slots=True)
class Known:
    """What the keys of a history became: users, their accounts, merchants and stock records."""

    users: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    merchants: dict[str, int] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)


def found(*, source: str, currency: str, people: Founding, progress: Progress) -> Known:
    """Register what is not there yet and return what every key became.

    :raises UnableToFound: with the key and the reason; what was registered before stays and is found again.
    """
    with publishing.held():
        known = _found(source, currency, people, progress)
        publishing.deliver()
    return known


def _found(source: str, currency: str, people: Founding, progress: Progress) -> Known:
    known = Known(
        users=_known(source, "shopper"), merchants=_known(source, "merchant"), stock=_known(source, "article")
    )
    bank.open_house_accounts(currency=currency, at=min(person.opened_at for person in people.shoppers))
    _each(
        source,
        "shopper",
        [person for person in people.shoppers if person.key not in known.users],
        lambda batch: _register(batch, currency),
        known.users,
        progress,
    )
    _each(
        source,
        "merchant",
        [shop for shop in people.shops if shop.key not in known.merchants],
        lambda batch: _open(source, batch, known, currency),
        known.merchants,
        progress,
    )
    _each(
        source,
        "article",
        [article for article in people.articles if article.key not in known.stock],
        lambda batch: _list(source, batch, known, currency),
        known.stock,
        progress,
    )
    known.accounts = _accounts(people.shoppers, known.users, currency)
    return known


def _known(source: str, kind: str) -> dict[str, int]:
    rows = Counterpart.objects.filter(source=source, kind=kind)
    return dict(rows.values_list("key", "target"))


def _each(
    source: str,
    kind: str,
    missing: list,
    register: Callable[[list], list[int]],
    known: dict[str, int],
    progress: Progress,
) -> None:
    """Register the missing in batches, each in one transaction with the record of what it became."""
    if not missing:
        return
    progress.start(f"{kind}s", len(missing))
    for batch in chunks(missing, _AT_ONCE):
        with transaction.atomic():
            targets = register(batch)
            Counterpart.objects.bulk_create(
                Counterpart(source=source, kind=kind, key=item.key, target=target)
                for item, target in zip(batch, targets, strict=True)
            )
        known.update({item.key: target for item, target in zip(batch, targets, strict=True)})
        progress.advance(len(batch))
    progress.finish()


def _accounts(shoppers: Sequence[Shopper], users: dict[str, int], currency: str) -> dict[str, str]:
    numbers: dict[str, str] = {}
    for batch in chunks(list(shoppers), 2_000):
        opened = bank.open_customer_accounts(
            requests=[
                bank.OpenAccount(holder=f"user:{users[person.key]}", currency=currency, at=person.opened_at)
                for person in batch
            ]
        )
        numbers.update({person.key: account.number for person, account in zip(batch, opened, strict=True)})
    return numbers


def _register(batch: list[Shopper], currency: str) -> list[int]:
    results = customers.register_shoppers(
        requests=[
            customers.RegisterShopper(
                email=person.email,
                name=person.name,
                password=person.password,
                address=address_data(person.address),
                currency=currency,
                consent_credit=person.consents,
                at=person.opened_at,
            )
            for person in batch
        ]
    )
    return [user.pk for user in _granted(batch, results)]


def _open(source: str, batch: list[Shop], known: Known, currency: str) -> list[int]:
    results = merchants.open_merchants(
        requests=[
            merchants.OpenMerchant(
                key=f"{source}:{shop.key}",
                name=shop.name,
                owner=known.users[shop.owner],
                currency=currency,
                address=address_data(shop.address),
                description=shop.description,
                consent_credit=shop.consents,
                at=shop.joined_at,
            )
            for shop in batch
        ]
    )
    return [merchant.pk for merchant in _granted(batch, results)]


def _list(source: str, batch: list[Article], known: Known, currency: str) -> list[int]:
    results = catalogue.list_products(
        requests=[
            catalogue.ListProduct(
                title=article.title,
                description=article.description,
                category=article.category,
                attributes=dict(article.attributes),
                merchant_id=known.merchants[article.shop],
                sku=article.sku,
                price_minor=article.price,
                currency=currency,
                stock=article.stock or None,
                weight=article.weight_g,
                product_key=f"{source}:{article.product}" if article.product else "",
                at=article.listed_at,
            )
            for article in batch
        ]
    )
    return [listed.stockrecord_id for listed in _granted(batch, results)]


def _granted(batch: list, results: Sequence) -> Sequence:
    for item, result in zip(batch, results, strict=True):
        if isinstance(result, Exception):
            raise UnableToFound(f"{item.key} cannot be registered: {result}") from result
    return results


def address_data(address: Address) -> AddressData:
    """Return an address as the mall takes it."""
    return AddressData(
        name=address.name,
        line1=address.line1,
        line2="",
        city=address.city,
        region=address.region,
        postcode=address.postcode,
        country=address.country,
        phone=address.phone,
    )
