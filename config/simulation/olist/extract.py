"""The whole extract, read and joined: what each order was, and every row that could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from config.simulation.olist import tables
from config.simulation.olist.reader import Row, RowProblem, check_folder, read

PAYMENT_TYPES = ("credit_card", "boleto", "voucher", "debit_card")
STATUSES = (
    "created",
    "approved",
    "processing",
    "invoiced",
    "shipped",
    "delivered",
    "canceled",
    "unavailable",
)


@dataclass(frozen=True, slots=True)
class Customer:
    """A person, under the identifier that is the same in all of their orders."""

    unique_id: str
    zip_prefix: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class Seller:
    """A merchant of the extract."""

    seller_id: str
    zip_prefix: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its category in English words and its measures, each None where not recorded."""

    product_id: str
    category: str
    photos: int | None
    weight_g: int | None
    length_cm: int | None
    height_cm: int | None
    width_cm: int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of a product in an order; amounts are centavos."""

    number: int
    product_id: str
    seller_id: str
    ship_by: datetime | None
    price: int
    freight: int


@dataclass(frozen=True, slots=True)
class RecordedPayment:
    """One tender of an order as it was recorded."""

    sequence: int
    method: str
    installments: int
    amount: int


@dataclass(frozen=True, slots=True)
class Review:
    """A score and the day it was given."""

    score: int
    at: datetime


@dataclass(slots=True)
class Order:
    """An order with everything recorded about it."""

    order_id: str
    line: int
    customer: Customer
    status: str
    placed_at: datetime
    approved_at: datetime | None
    dispatched_at: datetime | None
    delivered_at: datetime | None
    promised_by: datetime | None
    items: list[Item] = field(default_factory=list)
    payments: list[RecordedPayment] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)


@dataclass(slots=True)
class Extract:
    """All usable content, the rows passed over, and counts of oddities that were put right."""

    customers: dict[str, Customer] = field(default_factory=dict)
    sellers: dict[str, Seller] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)


def load(folder: Path) -> Extract:
    """Read every file of ``folder`` and join their rows.

    :raises UnusableExtract: the folder or a file cannot be used as a whole.
    """
    check_folder(folder)
    for table in tables.ALL:
        # A missing file is told before minutes are spent on those that are there.
        next(iter(read(folder, table)), None)
    extract = Extract()
    by_customer_id = _customers(folder, extract)
    _sellers(folder, extract)
    _products(folder, extract)
    orders = _orders(folder, extract, by_customer_id)
    broken = _items(folder, extract, orders)
    _payments(folder, extract, orders)
    _reviews(folder, extract, orders)
    _keep_usable(extract, orders, broken)
    return extract


def _rows(folder: Path, table: tables.Table, extract: Extract) -> Iterator[Row]:
    for row in read(folder, table):
        extract.rows[table.file] += 1
        if isinstance(row, RowProblem):
            extract.problems.append(row)
        else:
            yield row


def _report(extract: Extract, table: tables.Table, line: int, key: str, reason: str) -> None:
    extract.problems.append(RowProblem(table.file, line, key, reason))


def _customers(folder: Path, extract: Extract) -> dict[str, Customer]:
    found: dict[str, Customer] = {}
    for row in _rows(folder, tables.CUSTOMERS, extract):
        values = row.values
        key = values["customer_id"]
        if key in found:
            _report(extract, tables.CUSTOMERS, row.line, key, "this customer_id stands on an earlier line")
            continue
        customer = Customer(
            values["customer_unique_id"],
            values["customer_zip_code_prefix"],
            values["customer_city"],
            values["customer_state"],
        )
        # The same person keeps the address of their first row.
        found[key] = extract.customers.setdefault(customer.unique_id, customer)
    return found


def _sellers(folder: Path, extract: Extract) -> None:
    for row in _rows(folder, tables.SELLERS, extract):
        values = row.values
        key = values["seller_id"]
        if key in extract.sellers:
            _report(extract, tables.SELLERS, row.line, key, "this seller_id stands on an earlier line")
            continue
        extract.sellers[key] = Seller(
            key, values["seller_zip_code_prefix"], values["seller_city"], values["seller_state"]
        )


def _products(folder: Path, extract: Extract) -> None:
    english = {
        row.values["product_category_name"]: row.values["product_category_name_english"]
        for row in _rows(folder, tables.TRANSLATION, extract)
    }
    for row in _rows(folder, tables.PRODUCTS, extract):
        values = row.values
        key = values["product_id"]
        if key in extract.products:
            _report(extract, tables.PRODUCTS, row.line, key, "this product_id stands on an earlier line")
            continue
        name = values["product_category_name"]
        if not name:
            extract.notes["products without a category, listed under Other"] += 1
        elif name not in english:
            extract.notes["products whose category has no translation, listed under its own name"] += 1
        extract.products[key] = Product(
            key,
            english.get(name, name) or "other",
            values["product_photos_qty"],
            values["product_weight_g"],
            values["product_length_cm"],
            values["product_height_cm"],
            values["product_width_cm"],
        )


def _orders(folder: Path, extract: Extract, customers: dict[str, Customer]) -> dict[str, Order]:
    orders: dict[str, Order] = {}
    for row in _rows(folder, tables.ORDERS, extract):
        values = row.values
        key = values["order_id"]
        customer = customers.get(values["customer_id"])
        if key in orders:
            _report(extract, tables.ORDERS, row.line, key, "this order_id stands on an earlier line already")
        elif customer is None:
            _report(extract, tables.ORDERS, row.line, key, "its customer_id is not in the customers file")
        elif values["order_status"] not in STATUSES:
            shown = tables.shown(values["order_status"])
            _report(extract, tables.ORDERS, row.line, key, f"order_status {shown} is not known")
        else:
            orders[key] = _order(key, row, customer, extract.notes)
    return orders


def _order(key: str, row: Row, customer: Customer, notes: Counter[str]) -> Order:
    values = row.values
    order = Order(
        key,
        row.line,
        customer,
        values["order_status"],
        values["order_purchase_timestamp"],
        values["order_approved_at"],
        values["order_delivered_carrier_date"],
        values["order_delivered_customer_date"],
        values["order_estimated_delivery_date"],
    )
    if order.approved_at is None:
        notes["orders without an approval time, taken as approved when placed"] += 1
    if order.approved_at is not None and order.approved_at < order.placed_at:
        notes["orders approved before they were placed, taken as approved when placed"] += 1
    if order.delivered_at and order.approved_at and order.delivered_at < order.approved_at:
        notes["orders delivered before their approval, taken as approved when placed"] += 1
    if order.delivered_at and order.dispatched_at and order.delivered_at < order.dispatched_at:
        notes["orders delivered before the carrier had them, taken as delivered at once"] += 1
    if order.status == "delivered" and order.dispatched_at is None:
        notes["delivered orders without a carrier time, taken as dispatched when approved"] += 1
    if order.status == "delivered" and order.delivered_at is None:
        notes["delivered orders without a delivery time, released after the waiting time"] += 1
    if order.promised_by is None:
        notes["orders without an estimated delivery date"] += 1
    return order


def _items(folder: Path, extract: Extract, orders: dict[str, Order]) -> set[str]:
    """Return the orders of which an item cannot be used: charging the rest would charge a wrong amount."""
    broken: set[str] = set()
    seen: set[tuple[str, int]] = set()
    for row in read(folder, tables.ITEMS):
        extract.rows[tables.ITEMS.file] += 1
        if isinstance(row, RowProblem):
            extract.problems.append(row)
            broken.add(row.key)
            continue
        values = row.values
        key = values["order_id"]
        if (key, values["order_item_id"]) in seen:
            reason = f"item {values['order_item_id']} of this order stands on an earlier line already"
            _report(extract, tables.ITEMS, row.line, key, reason)
            continue
        reason = ""
        if key not in orders:
            reason = "its order is not among the usable orders"
        elif values["product_id"] not in extract.products:
            reason = "its product_id is not in the products file"
        elif values["seller_id"] not in extract.sellers:
            reason = "its seller_id is not in the sellers file"
        if reason:
            _report(extract, tables.ITEMS, row.line, key, reason)
            broken.add(key)
            continue
        seen.add((key, values["order_item_id"]))
        orders[key].items.append(
            Item(
                values["order_item_id"],
                values["product_id"],
                values["seller_id"],
                values["shipping_limit_date"],
                values["price"],
                values["freight_value"],
            )
        )
    return broken


def _payments(folder: Path, extract: Extract, orders: dict[str, Order]) -> None:
    seen: set[tuple[str, int]] = set()
    for row in _rows(folder, tables.PAYMENTS, extract):
        values = row.values
        key = values["order_id"]
        reason = ""
        if key not in orders:
            reason = "its order is not among the usable orders"
        elif (key, values["payment_sequential"]) in seen:
            reason = f"payment {values['payment_sequential']} of this order stands on an earlier line already"
        elif values["payment_type"] not in PAYMENT_TYPES:
            reason = f"payment_type {tables.shown(values['payment_type'])} is not known"
        elif not values["payment_value"]:
            reason = "pays nothing"
        if reason:
            _report(extract, tables.PAYMENTS, row.line, key, reason)
            continue
        seen.add((key, values["payment_sequential"]))
        orders[key].payments.append(
            RecordedPayment(
                values["payment_sequential"],
                values["payment_type"],
                values["payment_installments"],
                values["payment_value"],
            )
        )


def _reviews(folder: Path, extract: Extract, orders: dict[str, Order]) -> None:
    for row in _rows(folder, tables.REVIEWS, extract):
        values = row.values
        key = values["order_id"]
        if key not in orders:
            _report(extract, tables.REVIEWS, row.line, key, "its order is not among the usable orders")
            continue
        orders[key].reviews.append(Review(values["review_score"], values["review_creation_date"]))


def _keep_usable(extract: Extract, orders: dict[str, Order], broken: set[str]) -> None:
    for key, order in orders.items():
        order.items.sort(key=lambda item: item.number)
        order.payments.sort(key=lambda payment: payment.sequence)
        order.reviews.sort(key=lambda review: review.at)
        if key in broken:
            _report(extract, tables.ORDERS, order.line, key, "not every item of it can be used")
        elif not order.items:
            paid = sum(payment.amount for payment in order.payments)
            recorded = f"recorded payments {paid // 100}.{paid % 100:02d} BRL"
            reason = f"{order.status} without items: nothing to place ({recorded})"
            _report(extract, tables.ORDERS, order.line, key, reason)
        elif not sum(item.price for item in order.items) + sum(item.freight for item in order.items):
            _report(extract, tables.ORDERS, order.line, key, "its items cost nothing")
        else:
            extract.orders.append(order)
    extract.orders.sort(key=lambda order: (order.placed_at, order.order_id))
    unpaid = sum(1 for order in extract.orders if not order.payments)
    if unpaid:
        extract.notes["orders without a usable payment row, paid from the account"] += unpaid
    several = sum(1 for order in extract.orders if len(order.reviews) > 1)
    if several:
        extract.notes["orders with several reviews, the last one kept"] += several
