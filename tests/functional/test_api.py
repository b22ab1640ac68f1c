"""The merchants' interface: keys, stock and prices set, orders read; each refusal names the item and the remedy."""

import json

import pytest
from django.test import Client

from mall.api import operations
from mall.api.models import ORDERS_READ, PRICES, STOCK, ApiCall, ApiKey
from mall.checkout import operations as checkout
from mall.merchants.models import Membership
from mall.partner.models import StockRecord
from tests.factories.mall import AT, make_draft, make_merchant, make_offer, make_shopper, staff

pytestmark = pytest.mark.django_db


class Program:
    """A merchant's program with its key."""

    def __init__(self, merchant, scopes=(STOCK, PRICES, ORDERS_READ)):
        made = operations.make_key(merchant_id=merchant.pk, name="Warehouse", scopes=scopes, by=staff(merchant), at=AT)
        self.key_id, self.text = made.key_id, made.text

    def ask(self, method, path, body=None, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("authorization", f"Bearer {self.text}")
        ask = getattr(Client(), method)
        if method == "get":
            return ask(path, headers=headers)
        return ask(path, data=content, content_type=headers.pop("content_type", "application/json"), headers=headers)

    def put(self, path, *items, **headers):
        return self.ask("put", path, {"items": list(items)}, **headers)


@pytest.fixture
def merchant():
    return make_merchant()


@pytest.fixture
def offer(merchant):
    return make_offer(merchant=merchant, price=2_500, stock=10)


def test_stock_is_set_item_by_item_and_told_with_its_version(merchant, offer):
    other = make_offer(merchant=make_merchant())
    response = Program(merchant).put(
        "/api/v1/stock", {"sku": offer.partner_sku, "stock": 4}, {"sku": other.partner_sku, "stock": 4}
    )
    assert response.status_code == 200
    said = response.json()
    assert (said["set"], said["unchanged"], said["refused"]) == (1, 0, 1)
    assert said["items"][0] == {
        "sku": offer.partner_sku, "result": "set", "stock": 4, "reserved": 0, "price": "25.00", "currency": "EUR",
        "listed": True, "version": 2,
    }  # fmt: skip
    assert said["items"][1]["problem"]["detail"] == "There is no such offer of yours."
    offer.refresh_from_db()
    other.refresh_from_db()
    assert (offer.num_in_stock, other.num_in_stock) == (4, 10)


def test_a_price_is_set_once_and_unchanged_the_second_time(merchant, offer):
    program = Program(merchant)
    for result, version in (("set", 2), ("unchanged", 2)):
        [item] = program.put("/api/v1/prices", {"sku": offer.partner_sku, "price": "19.9"}).json()["items"]
        assert (item["result"], item["price"], item["version"]) == (result, "19.90", version)


def test_a_figure_that_counts_on_an_older_version_is_refused(merchant, offer):
    program = Program(merchant)
    program.put("/api/v1/stock", {"sku": offer.partner_sku, "stock": 9, "expected_version": 1})
    [item] = program.put("/api/v1/stock", {"sku": offer.partner_sku, "stock": 8, "expected_version": 1}).json()["items"]
    assert item["problem"] == {
        "type": "/developers/#stale",
        "detail": "The offer has changed since: it is version 2 now, not 1.",
        "remedy": "Read it again, decide again, and send that version.",
    }
    offer.refresh_from_db()
    assert offer.num_in_stock == 9


def test_a_sale_that_was_sent_moves_the_version_too(merchant, offer):
    StockRecord.objects.filter(pk=offer.pk).update(num_in_stock=9)
    offer.refresh_from_db()
    assert offer.version == 2
    StockRecord.objects.filter(pk=offer.pk).update(num_allocated=1)
    offer.version = 1
    offer.save()
    offer.refresh_from_db()
    assert offer.version >= 2


def test_the_same_key_and_body_get_the_same_answer_and_another_body_is_409(merchant, offer):
    program = Program(merchant)
    item = {"sku": offer.partner_sku, "stock": 4}
    first = program.put("/api/v1/stock", item, **{"idempotency-key": "k1"})
    StockRecord.objects.filter(pk=offer.pk).update(num_in_stock=7)
    again = program.put("/api/v1/stock", item, **{"idempotency-key": "k1"})
    assert again.json() == first.json() and again.headers["Idempotency-Replayed"] == "true"
    other = program.put("/api/v1/stock", {"sku": offer.partner_sku, "stock": 5}, **{"idempotency-key": "k1"})
    assert (other.status_code, other.headers["Content-Type"]) == (409, "application/problem+json")
    assert other.json()["type"] == "/developers/#idempotency-key-reused"
    offer.refresh_from_db()
    assert offer.num_in_stock == 7
    assert operations.forget_calls(at=AT.replace(year=2099)) == 1 and not ApiCall.objects.exists()


@pytest.mark.parametrize(
    ("path", "item", "pointer", "detail"),
    [
        ("stock", {"sku": "A", "stock": -1}, "/items/1/stock", "The stock is no whole number of pieces."),
        ("stock", {"sku": "A", "stock": 1.5}, "/items/1/stock", "The stock is no whole number of pieces."),
        ("stock", {"sku": "A", "stock": True}, "/items/1/stock", "The stock is no whole number of pieces."),
        ("stock", {"sku": "A", "stock": 10**30}, "/items/1/stock", "The stock is no whole number of pieces."),
        ("stock", {"stock": 1}, "/items/1/sku", "The item names no offer."),
        ("stock", {"sku": "A\u0000", "stock": 1}, "/items/1/sku", "The item names no offer."),
        ("stock", {"sku": "A", "stock": 1, "price": "2"}, "/items/1/price", "There is no field “price”."),
        ("stock", {"sku": "SKU", "stock": 1}, "/items/1/sku", "“SKU” stands in item 0 already."),
        ("stock", "A", "/items/1", "The item is not an object."),
        ("prices", {"sku": "A", "price": "1,50"}, "/items/1/price", "The price has a comma."),
        ("prices", {"sku": "A", "price": "-1"}, "/items/1/price", "A price cannot be below zero."),
        ("prices", {"sku": "A", "price": "1.505"}, "/items/1/price", "1.505 can be read in two ways."),
        ("prices", {"sku": "A", "price": None}, "/items/1/price", "There is no price."),
        ("prices", {"sku": "A", "price": "1", "expected_version": "2"}, "/items/1/expected_version",
         "The version is no whole number."),
    ],
)  # fmt: skip
def test_an_item_that_is_wrong_refuses_the_whole_request(merchant, offer, path, item, pointer, detail):
    StockRecord.objects.filter(pk=offer.pk).update(partner_sku="SKU")
    good = {"sku": "SKU", "stock": 1} if path == "stock" else {"sku": "SKU", "price": "1"}
    response = Program(merchant).put(f"/api/v1/{path}", good, item)
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert (error["item"], error["pointer"], error["detail"]) == (1, pointer, detail)
    assert error["remedy"]
    offer.refresh_from_db()
    assert (offer.num_in_stock, str(offer.price)) == (10, "25.00")


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "not-readable"),
        (b"[]", {}, 400, "not-readable"),
        (b'{"items": []}', {}, 400, "not-readable"),
        (b'{"items": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", {}, 400, "not-readable"),
        (b" " * 1_000_001, {}, 413, "too-large"),
        (b"{}", {"content_type": "text/plain"}, 415, "not-json"),
        (b"{}", {"authorization": "Bearer rialto_guessed"}, 401, "no-key"),
        (b"{}", {"authorization": "Basic abc"}, 401, "no-key"),
    ],
)
def test_a_request_that_cannot_be_taken_is_answered_with_a_problem_and_a_remedy(merchant, body, headers, status, code):
    response = Program(merchant).ask("put", "/api/v1/stock", body, **headers)
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    said = response.json()
    assert said["type"] == f"/developers/#{code}" and said["remedy"]


def test_a_key_allows_what_it_was_made_for_and_nothing_once_revoked(merchant, offer):
    program = Program(merchant, scopes=(PRICES,))
    assert program.put("/api/v1/stock", {"sku": offer.partner_sku, "stock": 1}).status_code == 403
    assert program.ask("get", "/api/v1/orders").status_code == 403
    assert program.ask("get", "/api/v1/prices").status_code == 200
    assert program.ask("delete", "/api/v1/prices").status_code == 405
    assert ApiKey.objects.get().last_used_at is not None
    assert program.text not in str(ApiKey.objects.values())
    operations.revoke_key(merchant_id=merchant.pk, key_id=program.key_id, by=staff(merchant), at=AT)
    assert program.ask("get", "/api/v1/prices").status_code == 401


def test_a_key_that_asks_too_often_waits(merchant, monkeypatch):
    monkeypatch.setattr("mall.api.views.A_MINUTE", 2)
    program = Program(merchant)
    answers = [program.ask("get", "/api/v1/stock") for _ in range(5)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late and 0 < int(late[0].headers["Retry-After"]) <= 60


def test_offers_are_read_in_pages(merchant):
    made = [make_offer(merchant=merchant) for _ in range(3)]
    make_offer(merchant=make_merchant())
    program = Program(merchant)
    first = program.ask("get", "/api/v1/stock?limit=2").json()
    rest = program.ask("get", f"/api/v1/stock?limit=2&after={first['next']}").json()
    skus = [item["sku"] for item in first["items"] + rest["items"]]
    assert skus == [offer.partner_sku for offer in made] and rest["next"] is None
    assert program.ask("get", "/api/v1/stock?limit=0").status_code == 400
    assert program.ask("get", "/api/v1/stock?after=x").status_code == 400


def test_paid_orders_are_read_with_where_they_go_and_nobody_elses(merchant, offer, django_assert_max_num_queries):
    other = make_offer(merchant=make_merchant())
    checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={offer: 2, other: 1}))
    program = Program(merchant)
    with django_assert_max_num_queries(8):
        said = program.ask("get", "/api/v1/orders?status=confirmed").json()
    [order] = said["orders"]
    assert order["lines"] == [
        {"sku": offer.partner_sku, "title": offer.product.title, "quantity": 2, "unit_price": "25.00",
         "amount": "50.00"}
    ]  # fmt: skip
    assert (order["goods"], order["delivery"], order["deliver_to"]["city"]) == ("50.00", "4.90", "Bremen")
    assert program.ask("get", "/api/v1/orders?status=delivered").json()["orders"] == []
    assert program.ask("get", "/api/v1/orders?status=lost").status_code == 400


def test_the_owner_makes_a_key_sees_it_once_and_revokes_it(merchant, client):
    client.force_login(merchant.owner)
    page = client.post("/merchant/keys/", {"name": "Warehouse", "scopes": [STOCK]}).content.decode()
    assert 'value="rialto_' in page
    text = page.split('value="rialto_')[1].split('"')[0]
    assert text not in client.get("/merchant/keys/").content.decode()
    client.post(f"/merchant/keys/{ApiKey.objects.get().pk}/revoke/")
    assert ApiKey.objects.get().revoked_at is not None
    wrong = client.post("/merchant/keys/", {"name": "Kept", "scopes": []})
    assert wrong.status_code == 422 and 'value="Kept"' in wrong.content.decode()


def test_a_manager_makes_no_keys(merchant, client):
    manager = make_shopper(money=0)
    Membership.objects.create(merchant=merchant, user=manager, role="manager", since=AT)
    client.force_login(manager)
    assert client.post("/merchant/keys/", {"name": "W", "scopes": [STOCK]}).status_code == 403
    assert not ApiKey.objects.exists()


def test_the_page_for_developers_is_there_for_everybody(client):
    assert b"Idempotency-Key" in client.get("/developers/").content
