"""Files that the demo's owner finds in his store: one that was imported, one that waits for his word."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from config.simulation import people
from mall.actors import MERCHANT, Actor
from mall.api import operations as api
from mall.api.models import ORDERS_READ, STOCK, ApiKey
from mall.imports import offers, operations, working
from mall.imports.models import CATALOGUE
from mall.imports.operations import File
from mall.merchants.models import Merchant

OFFERS = 24


def leave(*, at: datetime) -> None:
    """Import a file of new prices into the demo owner's store, and leave the next one to be looked at."""
    store = Merchant.objects.filter(owner__email=people.OWNER).order_by("pk").first()
    found = offers.page(merchant_id=store.pk, after=0, size=OFFERS) if store else []
    if not found:
        return
    dearer = [(offer.sku, f"{int(offer.facts['price']) * 1.05 / 100:.2f}") for offer in found]
    prices = _hand_in(store=store, name="spring-prices.csv", rows=[("SKU", "Price"), *dearer], at=at)
    operations.confirm(import_id=prices, merchant_id=store.pk, by=store.owner_id, at=at)
    working.work(import_id=prices, at=at)
    category = next((offer.facts["category"] for offer in found if offer.facts["category"]), "")
    rows = [
        ("Article number", "Name", "Category", "Price", "Stock"),
        *((offer.sku, offer.facts["title"], offer.facts["category"], "", 40 + 5 * number)
          for number, offer in enumerate(found[:9])),
        ("NEW-1", "Garden lantern, zinc", category, "34.90", 25),
        ("NEW-2", "Garden lantern, small", category, "24,90", 40),
        ("NEW-3", "Rope ladder", f"{category}s", "19.90", 12),
        (found[0].sku, found[0].facts["title"], "", "12.345", 4),
        ("NEW-4", "Watering can", category, "-5", "1000000000"),
    ]  # fmt: skip
    _hand_in(store=store, name="new-in-may.csv", rows=rows, at=at)
    if not ApiKey.objects.filter(merchant=store).exists():
        owner = Actor(MERCHANT, user_id=store.owner_id, merchant_id=store.pk)
        api.make_key(merchant_id=store.pk, name="Warehouse", scopes=(STOCK, ORDERS_READ), by=owner, at=at)


def _hand_in(*, store: Merchant, name: str, rows: Sequence[Sequence[object]], at: datetime) -> int:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    received = operations.receive(
        file=File(
            kind=CATALOGUE,
            merchant_id=store.pk,
            name=name,
            content=text.getvalue().encode(),
            by=store.owner_id,
            at=at,
        )
    )
    working.work(import_id=received.import_id, at=at)
    return received.import_id
