"""The examples of docs/api.md, run one after another as they stand there."""

import json
import re

import pytest
from django.test import Client

from config import env
from mall.api import operations
from mall.api.models import ORDERS_READ, PRICES, STOCK
from mall.partner.models import StockRecord
from tests.factories.mall import AT, make_merchant, make_offer, staff

EXAMPLE = re.compile(r"```http\n(?P<request>.*?)```\n```json\n(?P<answer>.*?)```", re.S)


@pytest.mark.django_db
def test_the_document_tells_what_is_answered():
    merchant = make_merchant()
    for sku, price, stock in (("LAMP-01", 4_990, 12), ("LAMP-02", 900, 5)):
        offer = make_offer(merchant=merchant, price=price, stock=stock)
        StockRecord.objects.filter(pk=offer.pk).update(partner_sku=sku)
    made = operations.make_key(
        merchant_id=merchant.pk, name="Docs", scopes=(STOCK, PRICES, ORDERS_READ), by=staff(merchant), at=AT
    )
    examples = list(EXAMPLE.finditer((env.CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")))
    assert len(examples) == 6
    for example in examples:
        first, *rest = example["request"].strip().splitlines()
        method, path = first.split()
        headers = {"authorization": f"Bearer {made.text}"}
        headers |= dict(line.lower().split(": ", 1) for line in rest if not line.startswith("{"))
        body = "".join(line for line in rest if line.startswith("{"))
        response = getattr(Client(), method.lower())(
            path, **({"data": body, "content_type": "application/json"} if body else {}), headers=headers
        )
        said, told = response.json(), json.loads(example["answer"])
        if told.get("next") == "*":
            told["next"] = said["next"]
        assert said == told, first
