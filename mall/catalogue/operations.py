"""Products in bulk: categories, attributes and merchants' offers of them, in a fixed number of statements a batch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from django.utils.text import slugify
from oscar.core.loading import get_model

from mall import bank
from mall.actors import Actor
from mall.merchants.models import Merchant
from mall.partner import operations as offers
from mall.partner.models import StockRecord
from mall.search import operations as search
from payments import rows

Category = get_model("catalogue", "Category")
Product = get_model("catalogue", "Product")
ProductAttribute = get_model("catalogue", "ProductAttribute")
ProductAttributeValue = get_model("catalogue", "ProductAttributeValue")
ProductCategory = get_model("catalogue", "ProductCategory")
ProductClass = get_model("catalogue", "ProductClass")

GOODS = "Goods"
MAX_STOCK = offers.MAX_STOCK
MAX_HANDLING_DAYS = offers.MAX_HANDLING_DAYS
_LOCK_KEY = "mall.list_products"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProduct:
    """A merchant's offer of a product. `price_minor` is minor units, `stock` None means it never runs out.

    `category` is a path like ("Home", "Kitchen"). Offers with the same `product_key` are of the same product,
    by several merchants; without one each offer is a product of its own. `handling_days` are working days until it
    leaves; a merchant makes one offer of a product in each condition.
    """

    title: str
    merchant_id: int
    sku: str
    price_minor: int
    currency: str
    stock: int | None
    at: datetime
    category: tuple[str, ...] = ()
    description: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    weight: int | None = None
    product_key: str = ""
    condition: str = StockRecord.NEW
    handling_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOffer:
    """A merchant asks another price, or has another number in stock; None leaves it as it is.

    `seen_price_minor` and `seen_stock` are what he saw when he decided: where one of them is given and is not what
    stands, nothing is changed, so that two windows do not undo each other.
    """

    stockrecord_id: int
    by: Actor
    price_minor: int | None = None
    stock: int | None = None
    handling_days: int | None = None
    seen_price_minor: int | None = None
    seen_stock: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An offer that stands; `replayed` when it did so before."""

    product_id: int
    stockrecord_id: int
    replayed: bool = False


class UnableToList(Exception):
    """The offer was not made or changed."""


def list_products(*, requests: Sequence[ListProduct]) -> list[Listed | UnableToList]:
    """Make merchants' offers, with products and categories that are missing, in one transaction for the batch.

    A merchant's SKU is listed once; listing it again returns what there is.

    :returns: for each request, in order, the offer or why there is none.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One batch at a time: two would make the same categories and products.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK_KEY])
        merchants = Merchant.objects.in_bulk({request.merchant_id for request in requests})
        known = _known_offers(requests=requests, merchants=merchants)
        problems = {
            index: problem
            for index, request in enumerate(requests)
            if (problem := _problem(request=request, merchant=merchants.get(request.merchant_id)))
        }
        fresh: dict[tuple[int, str], ListProduct] = {}
        offered = _offered(requests=requests)
        for index, request in enumerate(requests):
            pair = (request.merchant_id, request.sku)
            if index in problems or pair in known or pair in fresh:
                continue
            thing = (request.merchant_id, request.product_key, request.condition)
            if request.product_key and thing in offered:
                problems[index] = f"“{request.title}” is offered already, under the number {offered[thing]}."
                continue
            fresh[pair] = request
            offered[thing] = request.sku
        if fresh:
            _write(requests=list(fresh.values()), merchants=merchants)
        offers = known | (_known_offers(requests=list(fresh.values()), merchants=merchants) if fresh else {})
        search.refresh_products(product_ids=[offers[pair][0] for pair in fresh])
    results: list[Listed | UnableToList] = []
    for index, request in enumerate(requests):
        pair = (request.merchant_id, request.sku)
        if index in problems:
            results.append(UnableToList(problems[index]))
        else:
            results.append(Listed(*offers[pair], replayed=fresh.get(pair) is not request))
    return results


def _problem(*, request: ListProduct, merchant: Merchant | None) -> str:
    if merchant is None:
        return f"There is no merchant {request.merchant_id}."
    if request.currency != merchant.currency:
        return f"{merchant.name} sells in {merchant.currency}, not {request.currency}."
    if not request.title.strip():
        return "A product needs a title."
    if not request.sku.strip() or len(request.sku) > 128:
        return "An offer needs the merchant's own number (SKU), of at most 128 characters."
    if not 0 <= request.price_minor < 10**11:
        return f"“{request.title}” cannot cost {request.price_minor} minor units."
    if request.stock is not None and not 0 <= request.stock <= MAX_STOCK:
        return f"“{request.title}” cannot have {request.stock} pieces in stock."
    if request.condition not in dict(StockRecord.CONDITIONS):
        return f"“{request.title}” cannot be in the condition “{request.condition}”: it is new, renewed or used."
    if not 0 <= request.handling_days <= MAX_HANDLING_DAYS:
        return f"“{request.title}” must leave within {MAX_HANDLING_DAYS} working days."
    return ""


def _known_offers(
    *, requests: Sequence[ListProduct], merchants: Mapping[int, Merchant]
) -> dict[tuple[int, str], tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, s.partner_sku, s.product_id, s.id FROM partner_stockrecord s
            JOIN merchants_merchant m ON m.partner_id = s.partner_id
            JOIN unnest(%s::bigint[], %s::text[]) AS wanted (merchant, sku)
                ON m.id = wanted.merchant AND s.partner_sku = wanted.sku
            """,
            [[request.merchant_id for request in requests], [request.sku for request in requests]],
        )
        return {(merchant, sku): (product, offer) for merchant, sku, product, offer in cursor.fetchall()}


def _offered(*, requests: Sequence[ListProduct]) -> dict[tuple[int, str, str], str]:
    """Return under which number merchants offer the products of these keys already, by condition."""
    keys = sorted({request.product_key for request in requests if request.product_key})
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT m.id, p.upc, s.condition, s.partner_sku FROM catalogue_product p
            JOIN partner_stockrecord s ON s.product_id = p.id
            JOIN merchants_merchant m ON m.partner_id = s.partner_id
            WHERE p.upc = ANY(%s) AND m.id = ANY(%s)
            """,
            [keys, sorted({request.merchant_id for request in requests})],
        )
        return {(merchant, upc, condition): sku for merchant, upc, condition, sku in cursor.fetchall()}


def _write(*, requests: list[ListProduct], merchants: Mapping[int, Merchant]) -> None:
    product_class, _created = ProductClass.objects.get_or_create(
        slug=slugify(GOODS), defaults={"name": GOODS, "requires_shipping": True, "track_stock": True}
    )
    keys = {request.product_key for request in requests if request.product_key}
    by_key = dict(Product.objects.filter(upc__in=keys).values_list("upc", "pk")) if keys else {}
    new: list[tuple[ListProduct, Product]] = []
    pending: dict[str, Product] = {}
    products: list[Product | int] = []
    for request in requests:
        if request.product_key in by_key:
            products.append(by_key[request.product_key])
            continue
        if request.product_key and request.product_key in pending:
            products.append(pending[request.product_key])
            continue
        product = _product(request=request, product_class=product_class)
        new.append((request, product))
        products.append(product)
        if request.product_key:
            pending[request.product_key] = product
    _write_products(new=new, product_class=product_class)
    rows.insert(
        rows=[
            StockRecord(
                product_id=product if isinstance(product, int) else product.pk,
                partner_id=merchants[request.merchant_id].partner_id,
                partner_sku=request.sku,
                price_currency=request.currency,
                price=bank.decimal(amount=request.price_minor, currency=request.currency),
                num_in_stock=request.stock,
                num_allocated=0,
                condition=request.condition,
                handling_days=request.handling_days,
            )
            for request, product in zip(requests, products, strict=True)
        ]
    )


def _product(*, request: ListProduct, product_class: ProductClass) -> Product:
    return Product(
        structure=Product.STANDALONE,
        product_class=product_class,
        upc=request.product_key or None,
        title=request.title.strip()[:255],
        slug=slugify(request.title)[:255] or "product",
        description=request.description,
        is_public=True,
    )


def _write_products(*, new: list[tuple[ListProduct, Product]], product_class: ProductClass) -> None:
    if not new:
        return
    Product.objects.bulk_create([product for _request, product in new])
    with connection.cursor() as cursor:
        # Oscar's column sets itself to the wall clock; a product is as old as its first offer.
        cursor.execute(
            "UPDATE catalogue_product p SET date_created = listed.at "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS listed (id, at) WHERE p.id = listed.id",
            [[product.pk for _request, product in new], [request.at for request, _product in new]],
        )
    categories = ensure_categories(paths={request.category for request, _product in new if request.category})
    rows.insert(
        rows=[
            ProductCategory(product=product, category_id=categories[request.category])
            for request, product in new
            if request.category
        ]
    )
    _write_attributes(new=new, product_class=product_class)


def _write_attributes(*, new: list[tuple[ListProduct, Product]], product_class: ProductClass) -> None:
    values: list[tuple[Product, str, str]] = []
    for request, product in new:
        values += [(product, name, str(value)) for name, value in request.attributes.items() if str(value)]
        if request.weight is not None:
            values.append((product, "Weight (g)", str(request.weight)))
    if not values:
        return
    codes = {_code(name): name for _product, name, _value in values}
    ProductAttribute.objects.bulk_create(
        [
            ProductAttribute(product_class=product_class, code=code, name=name[:128], type=ProductAttribute.TEXT)
            for code, name in sorted(codes.items())
        ],
        ignore_conflicts=True,
    )
    attributes = dict(
        ProductAttribute.objects.filter(product_class=product_class, code__in=codes).values_list("code", "pk")
    )
    given = {
        (product.pk, attributes[_code(name)]): ProductAttributeValue(
            product=product, attribute_id=attributes[_code(name)], value_text=value
        )
        for product, name, value in values
    }
    rows.insert(rows=list(given.values()))


def _code(name: str) -> str:
    code = re.sub(r"\W+", "_", slugify(name).replace("-", "_"))[:120] or "attribute"
    return code if not code[0].isdigit() else f"_{code}"


def ensure_categories(*, paths: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Return the id of the category at the end of each path, making those that are missing."""
    wanted = set(paths)
    if not wanted:
        return {}
    found: dict[tuple[str, ...], Category] = {}
    names: dict[str, tuple[str, ...]] = {}
    for category in Category.objects.order_by("path"):
        parent = names.get(category.path[: -Category.steplen], ())
        names[category.path] = (*parent, category.name)
        found[names[category.path]] = category
    for path in sorted(wanted):
        for depth in range(1, len(path) + 1):
            if path[:depth] in found:
                continue
            if depth == 1:
                found[path[:1]] = Category.objects.add_root({"name": path[0]})
            else:
                # A fresh copy: the tree's own counters of the parent change with every child.
                parent = Category.objects.get(pk=found[path[: depth - 1]].pk)
                found[path[:depth]] = Category.objects.add_child(parent, {"name": path[depth - 1]})
    cache.delete("mall.categories")
    return {path: found[path].pk for path in wanted}


def change_offers(*, requests: Sequence[ChangeOffer]) -> list[Listed | UnableToList]:
    """Change prices and stock of offers, each merchant his own, in one transaction for the batch.

    :returns: for each request, in order, the offer or why it stays.
    """
    wishes = [
        offers.SetOffer(
            stockrecord_id=request.stockrecord_id,
            price_minor=request.price_minor,
            stock=request.stock,
            handling_days=request.handling_days,
            seen_price_minor=request.seen_price_minor,
            seen_stock=request.seen_stock,
            by=request.by,
        )
        for request in requests
    ]
    return [
        UnableToList(str(result))
        if isinstance(result, offers.UnableToSetOffer)
        else Listed(result.product_id, result.stockrecord_id)
        for result in offers.set_offers(requests=wishes, at=bank.now())
    ]
