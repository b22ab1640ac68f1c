"""Small made-up extracts in the data set's file format."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

HEADERS = {
    "olist_customers_dataset.csv": (
        "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state"
    ),
    "olist_sellers_dataset.csv": "seller_id,seller_zip_code_prefix,seller_city,seller_state",
    "olist_products_dataset.csv": (
        "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,"
        "product_weight_g,product_length_cm,product_height_cm,product_width_cm"
    ),
    "product_category_name_translation.csv": "product_category_name,product_category_name_english",
    "olist_orders_dataset.csv": (
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,"
        "order_delivered_customer_date,order_estimated_delivery_date"
    ),
    "olist_order_items_dataset.csv": (
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value"
    ),
    "olist_order_payments_dataset.csv": ("order_id,payment_sequential,payment_type,payment_installments,payment_value"),
    "olist_order_reviews_dataset.csv": "order_id,review_score,review_creation_date,review_answer_timestamp",
}
START = datetime(2017, 3, 1, 10, 0, 0, tzinfo=UTC)


def name(text: str) -> str:
    """Return a made-up identifier that looks like those of the data set."""
    return hashlib.md5(text.encode()).hexdigest()


def stamp(moment: datetime | None) -> str:
    """Return a time as the files write it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def small_extract() -> dict[str, list[str]]:
    """Return rows for each file: ten orders of every kind the data set knows, from two sellers."""
    rows: dict[str, list[str]] = {file: [] for file in HEADERS}
    rows["product_category_name_translation.csv"] += ["beleza_saude,health_beauty", "brinquedos,toys"]
    rows["olist_sellers_dataset.csv"] += [
        f"{name('seller one')},1310,sao paulo,SP",
        f"{name('seller two')},80010,curitiba,PR",
    ]
    rows["olist_products_dataset.csv"] += [
        f"{name('cream')},beleza_saude,40.0,500.0,2.0,300.0,20.0,10.0,10.0",
        f"{name('blocks')},brinquedos,40.0,500.0,1.0,900.0,30.0,20.0,20.0",
        f"{name('mystery')},,,,,,,,",
    ]
    fates = (
        ("delivered", 1, "credit_card", 1),
        ("delivered", 1, "boleto", 1),
        ("delivered", 2, "credit_card", 1),
        ("delivered", 1, "voucher+credit_card", 2),
        ("delivered", 1, "debit_card", 1),
        ("shipped", 1, "credit_card", 1),
        ("canceled", 1, "credit_card", 1),
        ("processing", 1, "credit_card", 1),
        ("unavailable", 0, "credit_card", 1),
        ("delivered", 1, "voucher", 1),
    )
    for number, (status, items, methods, sellers) in enumerate(fates):
        _add_order(rows, number, status, items, methods.split("+"), sellers)
    return rows


def _add_order(rows, number: int, status: str, items: int, methods: list[str], sellers: int) -> None:
    order, customer = name(f"order {number}"), name(f"customer {number}")
    placed = START + timedelta(days=3 * number)
    approved = placed + timedelta(hours=1)
    carrier = placed + timedelta(days=2) if status in ("delivered", "shipped") else None
    delivered = placed + timedelta(days=8) if status == "delivered" else None
    rows["olist_customers_dataset.csv"].append(f"{customer},{name(f'person {number % 9}')},4571,sao paulo,SP")
    promised = placed + timedelta(days=20)
    times = ",".join(stamp(moment) for moment in (placed, approved, carrier, delivered, promised))
    rows["olist_orders_dataset.csv"].append(f"{order},{customer},{status},{times}")
    products = ("cream", "blocks", "mystery")
    count = max(items, sellers) if items else 0
    for item in range(count):
        seller = "seller two" if (number + item) % 2 and sellers > 1 else "seller one"
        rows["olist_order_items_dataset.csv"].append(
            f"{order},{item + 1},{name(products[(number + item) % 3])},{name(seller)},"
            f"{stamp(placed + timedelta(days=4))},{50 + number}.5,10.25"
        )
    total = count * (60.75 + number) or 25
    split = [round(total / 4, 2), round(total - round(total / 4, 2), 2)] if len(methods) == 2 else [total]
    for sequence, (method, value) in enumerate(zip(methods, split, strict=True), start=1):
        rows["olist_order_payments_dataset.csv"].append(f"{order},{sequence},{method},1,{value:.2f}")
    if status == "delivered":
        day = stamp((placed + timedelta(days=9)).replace(hour=0))
        rows["olist_order_reviews_dataset.csv"].append(f"{order},{1 + number % 5},{day},{day}")


def write_extract(
    folder: Path,
    rows: Mapping[str, list[str]] | None = None,
    *,
    line_end: str = "\n",
    headers: Mapping[str, str] = HEADERS,
) -> Path:
    """Write the files into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, lines in (rows or small_extract()).items():
        text = line_end.join([headers[file], *lines]) + line_end
        (folder / file).write_bytes(text.encode("utf-8"))
    return folder
