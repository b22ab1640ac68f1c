"""The pages of files in and out: handed in, looked at, confirmed, watched, undone; every fault told beside it."""

import csv
import io

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mall import bank
from mall.checkout import operations as checkout
from mall.imports import reading, working
from mall.imports.models import Import, ImportLine
from mall.merchants.models import Membership, Merchant
from mall.partner.models import StockRecord
from tests.factories.imports import HEADINGS, as_csv, lamp
from tests.factories.mall import AT, make_draft, make_merchant, make_offer, make_shopper

pytestmark = pytest.mark.django_db
DESK = "/merchant/catalogue/import/"


@pytest.fixture
def merchant():
    store = make_merchant(name="Lagoon & Oak")
    make_offer(merchant=store)
    return store


@pytest.fixture
def browser(merchant):
    client = Client()
    client.force_login(merchant.owner)
    return client


def hand_in(browser, content, *, desk=DESK, name="lamps.csv"):
    return browser.post(desk, {"file": SimpleUploadedFile(name, content)})


def page_of(browser, url):
    return browser.get(url).content.decode()


def test_a_file_goes_from_upload_to_undone(browser, merchant, django_assert_max_num_queries):
    response = hand_in(browser, as_csv([HEADINGS, lamp(1), lamp(2, price="-1"), lamp(3, title="<b>bold</b>")]))
    url = response.headers["Location"]
    assert "Being checked" in page_of(browser, url) and 'hx-trigger="every 1s"' in page_of(browser, url)
    assert "HX-Refresh" not in browser.get(f"{url}progress/").headers
    row = Import.objects.get()
    working.work(import_id=row.pk, at=bank.now())
    assert browser.get(f"{url}progress/").headers["HX-Refresh"] == "true"
    with django_assert_max_num_queries(15):
        page = page_of(browser, url)
    assert "A price cannot be below zero." in page and "Apply 2 lines" in page
    assert "&lt;b&gt;bold" in page and "<b>bold" not in page
    assert browser.post(f"{url}confirm/").status_code == 302
    assert "0 of 2 lines applied" in page_of(browser, url) or "Waiting its turn" in page_of(browser, url)
    working.work(import_id=row.pk, at=bank.now())
    assert "Undo this import" in page_of(browser, url)
    assert StockRecord.objects.filter(partner_sku__in=["L-1", "L-3"]).count() == 2
    browser.post(f"{url}undo/")
    working.work(import_id=row.pk, at=bank.now())
    assert "Undone" in page_of(browser, url)
    assert not StockRecord.objects.filter(partner_sku__in=["L-1", "L-3"]).exists()


def test_the_file_of_faulty_lines_has_them_as_they_came_and_comes_back_put_right(browser):
    url = hand_in(browser, as_csv([HEADINGS, lamp(1), lamp(2, price="=1+1", title="x" * 130)])).headers["Location"]
    working.work(import_id=Import.objects.get().pk, at=bank.now())
    response = browser.get(f"{url}problems.csv")
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert rows[0] == [*HEADINGS, "Line", "Column", "What is wrong", "What to do"]
    assert rows[1][0] == "L-2" and rows[1][4] == "'=1+1" and rows[1][7] == "3"
    assert rows[1][8] == "Price; Name"
    assert rows[1][9] == "“=1+1” is no amount.; It has 130 characters; at most 120 fit."
    rows[1][1], rows[1][4] = "Lamp two", "2.00"
    again = hand_in(browser, as_csv(rows, separator=",")).headers["Location"]
    row = Import.objects.order_by("pk").last()
    working.work(import_id=row.pk, at=bank.now())
    row.refresh_from_db()
    assert (row.fresh, row.faulty) == (1, 0)
    assert "Not read from the file" not in page_of(browser, again)
    assert browser.get(f"{url}problems.xlsx").headers["Content-Type"].endswith("spreadsheetml.sheet")


def test_columns_are_named_and_what_was_chosen_is_kept_when_it_is_wrong(browser):
    url = hand_in(browser, as_csv([("Ref", "Bla"), ("A-1", "x")])).headers["Location"]
    page = page_of(browser, url)
    assert "Say which column of your file is which" in page and "A-1" in page
    wrong = browser.post(f"{url}columns/", {"column-title": "1"})
    assert wrong.status_code == 422
    assert "Say which column is “Article number”" in wrong.content.decode()
    assert '<option value="1" selected>Bla</option>' in wrong.content.decode()
    assert browser.post(f"{url}columns/", {"column-sku": "0", "column-title": "1"}).status_code == 302
    assert Import.objects.get().columns == {"sku": 0, "title": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"%PDF-1.7", "is a PDF file"), (b"", "Choose a file first."), (b"x" * 10, "lamps.csv")],
    ids=["pdf", "none", "one column"],
)
def test_a_file_that_cannot_be_taken_is_answered_beside_the_field(browser, content, said):
    files = {"file": SimpleUploadedFile("lamps.csv", content)} if content else {}
    response = browser.post(DESK, files)
    if response.status_code == 302:
        assert Import.objects.get().state == "mapping"
        return
    assert response.status_code == 422 and said in response.content.decode()
    assert not Import.objects.exists()


def test_a_file_of_any_size_is_refused_without_being_read(browser, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    response = hand_in(browser, b"x" * 50)
    assert response.status_code == 422 and "is larger than" in response.content.decode()
    assert not Import.objects.exists()


def test_the_same_file_leads_to_where_it_stands(browser):
    first = hand_in(browser, as_csv([HEADINGS, lamp(1)])).headers["Location"]
    assert hand_in(browser, as_csv([HEADINGS, lamp(1)])).headers["Location"] == first
    assert "You handed in this very file before" in page_of(browser, first)


def test_lists_are_paged_and_cost_the_same_however_long(browser, merchant, django_assert_max_num_queries):
    for number in range(25):
        Import.objects.create(
            kind="catalogue", merchant=merchant, state="done", name=f"file-{number:02}.csv", digest=str(number),
            made_by=merchant.owner, made_at=AT,
        )  # fmt: skip
    with django_assert_max_num_queries(13):
        page = page_of(browser, DESK)
    assert "file-24.csv" in page and "file-04.csv" not in page
    older = page.split('href="?before=')[1].split('"')[0]
    assert "file-04.csv" in page_of(browser, f"{DESK}?before={older}")


def test_templates_and_exports_are_handed_out(browser, merchant):
    for path in (f"{DESK}template.csv", "/merchant/tracking/template.xlsx", "/merchant/catalogue/export.xlsx"):
        assert browser.get(path).status_code == 200
    text = b"".join(browser.get("/merchant/catalogue/export.csv").streaming_content).decode("utf-8-sig")
    headings = text.splitlines()[0]
    assert headings == "Article number,Name,Description,Category,Price,Currency,Stock,Handling days,Condition,State"
    assert len(text.splitlines()) == 2


def test_orders_go_out_a_row_for_each_thing_bought(browser, merchant, django_assert_max_num_queries):
    offers = [make_offer(merchant=merchant, price=2_500) for _ in range(2)]
    make_offer(merchant=make_merchant())
    checkout.submit_order(draft=make_draft(user=make_shopper(), quantities={offers[0]: 1, offers[1]: 2}))
    with django_assert_max_num_queries(14):
        response = browser.get("/merchant/export/orders.csv?state=pack")
        rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert [(row["Pieces"], row["Amount"], row["Delivery charge"]) for row in rows] == [
        ("1", "25.00", "4.90"), ("2", "50.00", "0.00"),
    ]  # fmt: skip
    assert rows[0]["City"] == "Bremen"
    nothing = b"".join(browser.get("/merchant/export/orders.csv?state=way").streaming_content).decode("utf-8-sig")
    assert len(nothing.splitlines()) == 1


def test_many_offers_are_changed_by_hand(browser, merchant, django_assert_max_num_queries):
    offers = [make_offer(merchant=merchant, price=1_000, title=f"Chair {number}") for number in range(3)]
    with django_assert_max_num_queries(14):
        assert "Chair 2" in page_of(browser, "/merchant/catalogue/bulk/?text=chair")
    given = {"price_how": "percent", "price_by": "-10", "rounding": "cent", "offer": [offers[0].pk, offers[1].pk]}
    wrong = browser.post("/merchant/catalogue/bulk/", given | {"price_by": "ten"})
    assert wrong.status_code == 422 and 'value="ten"' in wrong.content.decode()
    assert f'value="{offers[0].pk}" checked' in wrong.content.decode()
    url = browser.post("/merchant/catalogue/bulk/", given).headers["Location"]
    assert "Apply 2 lines" in page_of(browser, url)
    browser.post(f"{url}confirm/")
    working.work(import_id=Import.objects.get().pk, at=bank.now())
    assert "price -10 %" in page_of(browser, DESK)
    assert [str(StockRecord.objects.get(pk=offer.pk).price) for offer in offers] == ["9.00", "9.00", "10.00"]
    nothing = browser.post("/merchant/catalogue/bulk/", {"offer": [offers[0].pk]})
    assert nothing.status_code == 422 and "Say what to change" in nothing.content.decode()


def test_an_unlisted_offer_is_shown_as_such_in_the_catalogue(browser, merchant):
    StockRecord.objects.filter(partner=merchant.partner_id).update(price=None, kept_price="7.00")
    page = page_of(browser, "/merchant/catalogue/")
    assert "Not shown" in page and 'value="7.00"' in page


def test_others_see_nothing_of_it(browser, merchant):
    url = hand_in(browser, as_csv([HEADINGS, lamp(1)])).headers["Location"]
    stranger = Client()
    stranger.force_login(make_merchant().owner)
    assert stranger.get(url).status_code == 404
    assert stranger.post(f"{url}confirm/").status_code == 404
    accountant = make_shopper(money=0)
    Membership.objects.create(merchant=merchant, user=accountant, role="accountant", since=AT)
    reader = Client()
    reader.force_login(accountant)
    assert reader.get(DESK).status_code == 403
    assert reader.get("/merchant/export/orders.csv").status_code == 200
    assert Client().get(url).status_code == 302


def test_two_of_operations_onboard_merchants(client):
    people = [make_shopper(email=f"{name}@bank.example", money=0) for name in ("one", "two")]
    for person in people:
        person.groups.add(Group.objects.get(name="operations"))
    one, two = Client(), Client()
    one.force_login(people[0])
    two.force_login(people[1])
    client.force_login(make_shopper(money=0))
    assert client.get("/ops/merchants/import/").status_code == 403
    heads = ("Reference", "Store name", "Owner's e-mail", "Currency", "City", "Country")
    content = as_csv([heads, ("crm-1", "Lagoon & Oak", "ada@lagoon.example", "EUR", "Bremen", "DE")])
    url = hand_in(one, content, desk="/ops/merchants/import/").headers["Location"]
    working.work(import_id=Import.objects.get().pk, at=bank.now())
    assert "a second person of operations has to confirm it" in page_of(one, url)
    refused = one.post(f"{url}confirm/")
    assert refused.status_code == 422 and not Merchant.objects.filter(key="crm-1").exists()
    assert "Open 1 store" in page_of(two, url)
    two.post(f"{url}confirm/")
    working.work(import_id=Import.objects.get().pk, at=bank.now())
    assert Merchant.objects.get(key="crm-1").name == "Lagoon & Oak"
    assert ImportLine.objects.get().outcome == "applied"
