"""After the order: the buyer's pages, the packing desk, the scanner, and the papers of a parcel."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from mall import bank
from mall.checkout.drafts import TenderChoice
from mall.checkout.operations import submit_order
from mall.fulfilment import carriers, operations
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Dispatch
from mall.invoices import operations as invoices
from mall.invoices.models import Paper
from mall.order import access, letters
from payments import operations as payments
from payments.queries import standing
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_shopper, staff
from tests.factories.payments import AT as PAID_AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    return make_market(money=1_000_000, stock=500)


@pytest.fixture
def owner(client, market):
    client.force_login(market.first.owner)
    return client


def buy(market, *, lamps: int = 2, **others) -> Consignment:
    draft = make_draft(user=market.shopper, quantities={market.lamp: lamps}, **others)
    assert submit_order(draft=draft).state == "confirmed"
    return Consignment.objects.get(order__number=draft.number)


def send(part: Consignment, *, at=AT) -> None:
    [result] = operations.dispatch_consignments(
        requests=[Dispatch(consignment_number=part.number, by=staff(part.merchant), at=at)]
    )
    assert not isinstance(result, Exception), result
    deliver_events()


def balance(user) -> int:
    [account] = standing.account_balances(holder=f"user:{user.pk}")
    return account.balance


def test_the_list_finds_an_order_by_goods_and_goes_on_after_the_last_row(client, market, monkeypatch):
    monkeypatch.setattr("mall.order.views.PAGE_SIZE", 2)
    for _ in range(3):
        buy(market, lamps=1)
    client.force_login(market.shopper)
    first = client.get("/orders/").content.decode()
    assert first.count('class="order-card"') == 2
    more = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    assert client.get(f"/orders/{more}").content.decode().count('class="order-card"') == 1
    assert client.get("/orders/", {"q": market.lamp.product.title}).content.decode().count("order-card-head") == 2
    assert "None of your orders is like that" in client.get("/orders/", {"q": "<script>"}).content.decode()
    assert "order-card-head" not in client.get("/orders/", {"state": "done"}).content.decode()


@pytest.mark.parametrize("mark", ["x", "20260101T000000.000000.1x", "9" * 500, "20261301T000000.000000.1"])
def test_a_spoiled_mark_of_a_page_is_the_first_page(client, market, mark):
    buy(market)
    client.force_login(market.shopper)
    assert "order-card-head" in client.get("/orders/", {"after": mark}).content.decode()


def test_fifty_rows_need_no_more_queries_than_one(client, market, django_assert_max_num_queries):
    buy(market, lamps=1)
    counted = []
    for rows in (1, 50):
        while Consignment.objects.count() < rows:
            buy(market, lamps=1)
        for user, url in ((market.shopper, "/orders/"), (market.first.owner, "/merchant/orders/?state=pack")):
            client.force_login(user)
            client.get(url)
            with django_assert_max_num_queries(15) as queries:
                assert client.get(url).status_code == 200
            counted.append(len(queries))
    assert counted[:2] == counted[2:]


def test_a_buyer_cancels_one_piece_and_has_its_money_back(client, market):
    part = buy(market)
    before = balance(market.shopper)
    client.force_login(market.shopper)
    url = reverse("order-cancel-pieces", args=[part.order.number, part.number])
    line = part.lines.get().line_id
    wrong = client.post(url, {f"line-{line}": "9", "reason": "Too <b>bright"})
    assert wrong.status_code == 422
    text = wrong.content.decode()
    assert "choose a number from 0 to 2" in text and 'value="9"' in text and "Too &lt;b&gt;bright" in text
    assert client.post(url, {f"line-{line}": "0"}).status_code == 422
    assert balance(market.shopper) == before
    for _ in range(2):
        client.post(url, {f"line-{line}": "1", "key": "once"})
    deliver_events()
    assert balance(market.shopper) == before + 2_500
    client.force_login(make_shopper())
    assert client.post(url, {"all": "1"}).status_code == 404


def test_a_guest_opens_his_order_by_link_and_address_alone(client, market):
    payments.issue_vouchers(
        requests=[
            payments.IssueVoucher(
                code="GIFT",
                label="G",
                currency="EUR",
                budget=9_000,
                valid_from=PAID_AT,
                valid_until=PAID_AT.replace(year=2030),
            )
        ]
    )
    draft = make_draft(user=None, quantities={market.lamp: 2}, tenders=(TenderChoice("voucher", "GIFT", 5_490),))
    assert submit_order(draft=draft).state == "confirmed"
    part = Consignment.objects.get(order__number=draft.number)
    page = reverse("order", args=[draft.number])
    link = reverse("guest-order", args=[access.token_of(number=draft.number)])
    assert client.get(page).status_code == 302
    assert client.get(link.replace(draft.number[:3], "XXX")[:-3] + "zz/").status_code == 404
    wrong = client.post(link, {"email": "other@mail.example"})
    assert wrong.status_code == 422 and "another address" in wrong.content.decode()
    assert client.get(page).status_code == 302
    assert client.post(link, {"email": " Guest@Mail.example"})["Location"] == page
    assert part.number in client.get(page).content.decode()
    client.post(reverse("order-cancel-pieces", args=[draft.number, part.number]), {"all": "1", "key": "k"})
    part.refresh_from_db()
    assert part.status == "cancelled"


def test_many_wrong_addresses_close_a_link_for_an_hour(client, market):
    link = reverse("guest-order", args=[access.token_of(number="R-1")])
    for _ in range(access.TRIES):
        client.post(link, {"email": "a@mail.example"})
    assert "come back in an hour" in client.post(link, {"email": "a@mail.example"}).content.decode()


def test_only_known_carriers_are_linked_to_and_only_by_a_sound_number():
    assert carriers.tracking_link(carrier=" dhl ", tracking="JD 0146").endswith("tracking-id=JD0146")
    for carrier, tracking in (("DHL", "x"), ("DHL", "1234&a=<b>"), ("Evil", "123456"), ("", "123456")):
        assert carriers.tracking_link(carrier=carrier, tracking=tracking) == ""
    assert all(one["tracking"].startswith("https://") for one in bank.policy().CARRIERS)


def test_slips_and_labels_are_made_of_ones_own_parcels_whatever_their_texts(owner, market):
    part, other = buy(market), make_market().chair
    address = part.order.shipping_address
    address.first_name, address.line1 = "王小明 & Łukasz", "</para>漢字路 1 <b>"
    address.save()
    for act in ("slips", "labels"):
        response = owner.post(reverse("merchant-orders-bulk"), {"number": [part.number, "other"], "do": act})
        assert response["Content-Type"] == "application/pdf"
        assert response.content.startswith(b"%PDF")
    foreign = owner.post(reverse("merchant-orders-bulk"), {"number": "R-none", "do": "slips"}, follow=True)
    assert "None of these parcels" in foreign.content.decode()
    assert (
        "Choose the parcels first"
        in owner.post(reverse("merchant-orders-bulk"), {"do": "pack"}, follow=True).content.decode()
    )
    assert other


def test_chosen_parcels_are_packed_unpacked_and_sent_together(owner, market):
    parts = [buy(market, lamps=1) for _ in range(2)]
    url, numbers = reverse("merchant-orders-bulk"), [part.number for part in parts]
    owner.post(url, {"number": numbers, "do": "pack"})
    assert Consignment.objects.filter(packed_at__isnull=False).count() == 2
    owner.post(url, {"number": numbers[:1], "do": "unpack"})
    assert Consignment.objects.filter(packed_at__isnull=False).count() == 1
    data = {"shown": numbers, "all": "1", "do": "dispatch", "carrier": "DHL", f"tracking-{numbers[1]}": "JD01"}
    assert "2 parcels are on their way" in owner.post(url, data, follow=True).content.decode()
    assert "2 parcels were so before" in owner.post(url, data, follow=True).content.decode()
    assert set(Consignment.objects.values_list("status", "carrier", "tracking")) == {
        ("dispatched", "DHL", ""),
        ("dispatched", "DHL", "JD01"),
    }


def test_a_scan_sends_a_parcel_and_tells_in_a_sentence_why_another_stays(owner, market):
    part, cancelled = buy(market), buy(market)
    draft = make_draft(user=market.shopper, quantities={market.chair: 1})
    submit_order(draft=draft)
    foreign = Consignment.objects.get(order__number=draft.number)
    operations.cancel_consignments(
        requests=[operations.CancelConsignment(number=cancelled.number, by=staff(market.first), reason="x", at=AT)]
    )
    url = reverse("merchant-scan")

    def scan(code: str, **others: str) -> str:
        return owner.post(url, {"code": code, **others}, follow=True).content.decode()

    assert "is on its way" in scan(part.number.lower().replace("-", "ß"), carrier="DHL")
    assert "was sent already" in scan(part.number)
    assert "do not send it" in scan(cancelled.number)
    assert "is no parcel of this store" in scan(foreign.number)
    assert "&lt;SCRIPT&gt;" in scan("<script>")
    assert "Nothing was scanned" in scan("")
    foreign.refresh_from_db()
    assert foreign.status == "confirmed"
    later = buy(market)
    assert f"Tracking number of {later.number}" in scan(later.number, with_tracking="1")
    assert "is on its way" in scan(later.number, with_tracking="1", tracking="JD7")
    later.refresh_from_db()
    assert (later.status, later.tracking) == ("dispatched", "JD7")


def test_a_merchant_divides_a_parcel_on_its_page(owner, market):
    part = buy(market)
    url, line = reverse("merchant-divide", args=[part.number]), part.lines.get().line_id
    assert owner.post(url, {f"line-{line}": "2", "key": "k"}).status_code == 422
    assert Consignment.objects.count() == 1
    text = owner.post(url, {f"line-{line}": "1", "key": "k"}, follow=True).content.decode()
    assert f"What you send later is parcel {part.order.number}-2" in text
    assert "Divided" in text


def test_an_invoice_is_issued_when_a_parcel_is_sent_and_stays_the_same_bytes(client, market):
    part = buy(market)
    assert Paper.objects.count() == 0
    send(part)
    send_again = [(part.number, AT)]
    invoices.issue_invoices(sent=send_again)
    paper = Paper.objects.get()
    assert (paper.number, paper.total, paper.tax) == (f"R{market.first.pk}-000001", 5_490, 876)
    client.force_login(market.shopper)
    url = reverse("order-paper", args=[part.order.number, paper.number])
    first = client.get(url)
    assert first.content.startswith(b"%PDF") and first.content == client.get(url).content
    client.force_login(market.first.owner)
    assert client.get(reverse("merchant-paper", args=[paper.number])).content == first.content
    for stranger in (make_shopper(), market.second.owner):
        client.force_login(stranger)
        assert client.get(url).status_code == 404
    assert client.get(reverse("merchant-paper", args=[paper.number])).status_code == 404


def test_a_credit_note_is_issued_once_for_money_that_went_back_and_numbers_have_no_gap(market):
    part, other = buy(market), buy(market)
    for one in (part, other):
        send(one)
    for key in ("a", "a", "b"):
        operations.refund_consignments(
            requests=[
                operations.RefundConsignment(
                    number=part.number, amount=1_190, reason="r", by=staff(market.first), key=key, at=AT
                )
            ]
        )
    deliver_events()
    rows = list(Paper.objects.order_by("kind", "sequence").values_list("kind", "sequence", "total", "tax"))
    assert rows == [
        ("credit", 1, 1_190, 190),
        ("credit", 2, 1_190, 190),
        ("invoice", 1, 5_490, 876),
        ("invoice", 2, 5_490, 876),
    ]


def test_a_paper_cannot_be_changed(market):
    from django.db import DatabaseError

    send(buy(market))
    with pytest.raises(DatabaseError, match="append_only"):
        Paper.objects.update(total=1)


def test_each_step_is_written_of_once_as_text_and_html(market):
    part = buy(market)
    deliver_events()
    mail.outbox.clear()
    send(part, at=bank.now())
    [letter] = mail.outbox
    assert letter.to == [market.shopper.email]
    assert "is on its way" in letter.subject and part.merchant.name in letter.body
    [(html, kind)] = letter.alternatives
    assert kind == "text/html" and reverse("order", args=[part.order.number]) in html
    mail.outbox.clear()
    send_old = letters.News(part.number, letters.PAID_BACK, AT, amount=500)
    letters.send_news(news=[send_old])
    assert "€5.00 was paid back to you" in mail.outbox[0].subject
