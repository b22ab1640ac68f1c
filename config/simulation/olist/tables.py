"""The files of the data set: their names, columns and what a field may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

_AMOUNT = re.compile(r"\d{1,10}(\.\d{1,2})?")
_LONG_AMOUNT = re.compile(r"\d{1,10}\.\d{3,18}")
_WHOLE = re.compile(r"\d{1,10}(\.0+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.0+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class BadField(ValueError):
    """A field does not hold what its column promises; the message says what it holds."""


def key(text: str) -> str:
    """Return an identifier, which may not be empty."""
    if not text:
        raise BadField("is empty")
    if len(text) > 64:
        raise BadField("is longer than 64 characters")
    return text


def word(text: str) -> str:
    """Return free text as it stands."""
    return text


def amount(text: str) -> int:
    """Return an amount of reais as whole centavos."""
    if _AMOUNT.fullmatch(text):
        whole, _, part = text.partition(".")
        return int(whole) * 100 + int((part + "00")[:2])
    if _LONG_AMOUNT.fullmatch(text):
        exact = Decimal(text)
        rounded = exact.quantize(Decimal("0.01"))
        if abs(exact - rounded) < Decimal("0.000001"):
            return int(rounded * 100)
    raise BadField(f"{shown(text)} is not an amount with at most two decimals")


def whole(text: str) -> int:
    """Return a count, which programs for tables sometimes write as 51.0."""
    if not _WHOLE.fullmatch(text):
        raise BadField(f"{shown(text)} is not a whole number")
    return int(text.partition(".")[0])


def measure(text: str) -> int | None:
    """Return a measurement rounded to whole units, or nothing where the field is empty."""
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadField(f"{shown(text)} is not a number") from None
    if not value.is_finite() or not 0 <= value < 10**9:
        raise BadField(f"{shown(text)} is not a measurement")
    return int(value.to_integral_value())


def moment(text: str) -> datetime:
    """Return a time; the files name no zone, and it is taken as UTC."""
    if not (_MOMENT.fullmatch(text) or _DATE.fullmatch(text)):
        raise BadField(f"{shown(text)} is not a time like 2017-02-13 13:57:51")
    try:
        value = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise BadField(f"{shown(text)} is not a day of the calendar") from None
    if not _EARLIEST <= value < _LATEST:
        raise BadField(f"{shown(text)} is outside the years 1990 to 2099")
    return value


def moment_or_none(text: str) -> datetime | None:
    """Return a time, or nothing where the field is empty."""
    return moment(text) if text else None


def zip_prefix(text: str) -> str:
    """Return the five digits of a postcode's start, with the zeros that a table program cut off."""
    digits = text.partition(".")[0]
    if not digits.isdigit() or len(digits) > 5:
        raise BadField(f"{shown(text)} is not the start of a postcode")
    return digits.zfill(5)


def score(text: str) -> int:
    """Return a review's one to five stars."""
    value = whole(text)
    if not 1 <= value <= 5:
        raise BadField(f"{shown(text)} is not a score from 1 to 5")
    return value


def shown(text: str) -> str:
    """Return ``text`` quoted and short enough for a message."""
    return repr(text if len(text) <= 40 else text[:37] + "...")


@dataclass(frozen=True, slots=True)
class Table:
    """One file: the columns it must have, the first of them naming a row, and those it may have."""

    file: str
    columns: Mapping[str, Callable[[str], object]]
    optional: Mapping[str, Callable[[str], object]] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    may_be_empty: bool = False


ORDERS = Table(
    "olist_orders_dataset.csv",
    {
        "order_id": key,
        "customer_id": key,
        "order_status": key,
        "order_purchase_timestamp": moment,
        "order_approved_at": moment_or_none,
        "order_delivered_carrier_date": moment_or_none,
        "order_delivered_customer_date": moment_or_none,
        "order_estimated_delivery_date": moment_or_none,
    },
)
CUSTOMERS = Table(
    "olist_customers_dataset.csv",
    {
        "customer_id": key,
        "customer_unique_id": key,
        "customer_zip_code_prefix": zip_prefix,
        "customer_city": word,
        "customer_state": word,
    },
)
SELLERS = Table(
    "olist_sellers_dataset.csv",
    {"seller_id": key, "seller_zip_code_prefix": zip_prefix, "seller_city": word, "seller_state": word},
)
PRODUCTS = Table(
    "olist_products_dataset.csv",
    {
        "product_id": key,
        "product_category_name": word,
        "product_photos_qty": measure,
        "product_weight_g": measure,
        "product_length_cm": measure,
        "product_height_cm": measure,
        "product_width_cm": measure,
    },
    optional={"product_name_lenght": measure, "product_description_lenght": measure},
    spellings={
        "product_name_length": "product_name_lenght",
        "product_description_length": "product_description_lenght",
    },
)
ITEMS = Table(
    "olist_order_items_dataset.csv",
    {
        "order_id": key,
        "order_item_id": whole,
        "product_id": key,
        "seller_id": key,
        "shipping_limit_date": moment_or_none,
        "price": amount,
        "freight_value": amount,
    },
)
PAYMENTS = Table(
    "olist_order_payments_dataset.csv",
    {
        "order_id": key,
        "payment_sequential": whole,
        "payment_type": key,
        "payment_installments": whole,
        "payment_value": amount,
    },
)
REVIEWS = Table(
    "olist_order_reviews_dataset.csv",
    {"order_id": key, "review_score": score, "review_creation_date": moment},
    optional={
        "review_id": word,
        "review_comment_title": word,
        "review_comment_message": word,
        "review_answer_timestamp": moment_or_none,
    },
    may_be_empty=True,
)
TRANSLATION = Table(
    "product_category_name_translation.csv",
    {"product_category_name": key, "product_category_name_english": key},
    may_be_empty=True,
)
ALL = (CUSTOMERS, SELLERS, PRODUCTS, TRANSLATION, ORDERS, ITEMS, PAYMENTS, REVIEWS)
