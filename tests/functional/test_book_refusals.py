"""The ledger's pages: searching it, what is refused and to whom, hostile text, and statements a page takes."""

import html
import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mall.customer.models import User
from payments import chart
from payments.ledger import operations as ledger
from payments.ledger import queries
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.factories.reading import links, signed_in_as_operations, text

pytestmark = pytest.mark.django_db
PAGES = [
    "/ops/ledger/",
    "/ops/ledger/accounts/?family=deposit:*",
    "/ops/ledger/account/?code=cash:nostro:main",
    "/ops/ledger/trial-balance/",
    "/ops/ledger/balance-sheet/",
    "/ops/ledger/profit-and-loss/?since=2026-03-01&until=2026-03-31",
    "/ops/ledger/reference/?q=order:1",
    "/ops/ledger/seals/",
    "/ops/ledger/find/?q=deposit",
]
HOSTILE = """=HYPERLINK("http://x")<script>alert(1)</script>'"&?#%/\n💣"""


@pytest.fixture
def operator(client: Client) -> Client:
    return signed_in_as_operations(client)


def test_search_goes_to_the_one_thing_a_name_is_of(operator: Client) -> None:
    [one] = open_deposits("DE77")
    posted = pay_in(one, 100, key="a key of ours")
    number = posted.journal_id
    for asked, address in (
        (one, "/ops/ledger/account/?code=deposit%3ADE77"),
        (str(number), f"/ops/ledger/journal/{number}/"),
        (f"#{number}", f"/ops/ledger/journal/{number}/"),
        (f"journal {number}", f"/ops/ledger/journal/{number}/"),
        ("a key of ours", f"/ops/ledger/journal/{number}/"),
        (" order:1 ", "/ops/ledger/reference/?q=order%3A1"),
        ("e77", "/ops/ledger/account/?code=deposit%3ADE77"),
    ):
        response = operator.get("/ops/ledger/find/", {"q": asked})
        assert (asked, response.status_code, response.url) == (asked, 302, address)


def test_search_lists_what_a_name_may_mean(operator: Client) -> None:
    one, two = open_deposits("DE77", "DE88")
    first = pay_in(one, 100).journal_id
    ledger.post(journal=make_journal(str(first), (one, two, 1), reference=str(first)))
    page = operator.get("/ops/ledger/find/", {"q": str(first)})
    assert f"Journal {first}" in text(page)
    assert f"Journals of reference {first}" in text(page)
    page = operator.get("/ops/ledger/find/", {"q": "deposit:"})
    assert links(page, one) and links(page, two)


@pytest.mark.parametrize("asked", ["nothing", "0", "9" * 18, "9" * 40, "x" * 1000, HOSTILE, "%", "' OR 1=1 --"])
def test_search_says_when_there_is_nothing_of_that_name(operator: Client, asked: str) -> None:
    page = operator.get("/ops/ledger/find/", {"q": asked})
    assert page.status_code == 200
    assert "Nothing in the book is called" in text(page)


@pytest.mark.parametrize("asked", ["", "   ", "a\x00b", "x" * 1001])
def test_search_for_no_name_asks_for_one(operator: Client, asked: str) -> None:
    assert "Enter the code of an account" in text(operator.get("/ops/ledger/find/", {"q": asked}))


def test_hostile_text_is_shown_as_text(operator: Client) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    posted = ledger.post(
        journal=make_journal("k", (one, two, 30), event=HOSTILE, reference=HOSTILE, metadata={HOSTILE: HOSTILE})
    )
    for url in (
        f"/ops/ledger/account/?code={one}",
        reverse("book-journal", args=[posted.journal_id]),
    ):
        page = operator.get(url)
        assert "<script>alert" not in page.content.decode()
        assert " ".join(HOSTILE.split()) in text_kept(page)
        [reference] = links_of_reference(page)
        assert "1 journal of this reference" in text(operator.get(reference))


def text_kept(response: object) -> str:
    return " ".join(html.unescape(response.content.decode()).split())


def links_of_reference(response: object) -> set[str]:
    found = re.findall(r'href="(/ops/ledger/reference/[^"]*)"', response.content.decode())
    return {html.unescape(url) for url in found if "HYPERLINK" in url}


@pytest.mark.parametrize(
    ("page", "asked", "sentence"),
    [
        ("", {"at": "2026-13-01"}, "This is no day: write it like 2026-03-31."),
        ("trial-balance/", {"at": "0001-01-01"}, "The book knows days from 1970 to 9998"),
        ("balance-sheet/", {"at": "9999-12-31"}, "The book knows days from 1970 to 9998"),
        ("balance-sheet/", {"clock": "wall"}, "Select a valid choice"),
        ("profit-and-loss/", {"since": "2026-03-02", "until": "2026-03-01"}, "The period ends before it begins"),
        ("account/", {"code": NOSTRO, "before": "x"}, "There is no such page of the statement"),
        ("account/", {"code": NOSTRO, "before": f"{10**30}.1.1"}, "There is no such page of the statement"),
        ("account/", {"code": NOSTRO, "before": f"1.{2**63}.1"}, "There is no such page of the statement"),
        ("account/", {}, "This field is required"),
        ("account/", {"code": NOSTRO, "event": "a\x00b"}, "Null characters are not allowed"),
        ("accounts/", {"q": "x" * 1001}, "at most 1000 characters"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(
    operator: Client, page: str, asked: dict[str, str], sentence: str
) -> None:
    open_deposits("1")
    response = operator.get(f"/ops/ledger/{page}", asked)
    assert response.status_code == 422
    assert sentence in text(response)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/ops/ledger/account/?code=deposit:none", "The book has no account “deposit:none”"),
        ("/ops/ledger/account/?code=x", "The book has no account “x”"),
        ("/ops/ledger/account/?code=deposit:none&format=csv", "The book has no account “deposit:none”"),
        ("/ops/ledger/journal/999999999/", "The book has no journal 999999999"),
        (f"/ops/ledger/journal/{10**30}/", "The book has no journal"),
        ("/ops/ledger/reference/?q=none", "Nothing in the book is called “none”"),
        (f"/ops/settlements/{10**30}/", ""),
        ("/ops/settlements/1/", ""),
    ],
)
def test_what_is_not_there_is_not_found(operator: Client, url: str, sentence: str) -> None:
    response = operator.get(url)
    assert response.status_code == 404
    assert sentence in text(response)


@pytest.mark.parametrize("page", [*PAGES, "/ops/ledger/journal/1/", "/ops/settlements/1/", f"{PAGES[2]}&format=csv"])
def test_the_ledger_is_for_operations_with_a_second_factor(client: Client, page: str) -> None:
    open_deposits("1")
    assert client.get(page).status_code == 302
    user = User.objects.create_user(email="eve@example.com", password="a long password")
    client.force_login(user)
    assert client.get(page).status_code == 403
    for group in ("credit officer", "senior officer", "risk manager"):
        user.groups.set([Group.objects.get_or_create(name=group)[0]])
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
        assert client.get(page).status_code == 403
    Authenticator.objects.all().delete()
    user.groups.set([Group.objects.get_or_create(name="operations")[0]])
    response = client.get(page)
    assert (response.status_code, response.url) == (302, reverse("mfa_index"))


def test_the_pages_take_no_posts(operator: Client) -> None:
    assert {operator.post(page).status_code for page in PAGES} == {405}


def test_an_empty_book_has_pages_too(operator: Client) -> None:
    for page in ("", "accounts/", "trial-balance/", "balance-sheet/", "profit-and-loss/", "seals/"):
        assert operator.get(f"/ops/ledger/{page}").status_code == 200


def test_two_currencies_stay_apart(operator: Client) -> None:
    specs = [chart.nostro("main", name) for name in ("EUR", "JPY")]
    specs += [chart.deposit("e", "EUR"), chart.deposit("j", "JPY")]
    ledger.open_accounts(specs=specs, at=AT)
    ledger.post(journal=make_journal("e", (NOSTRO, "deposit:e", 100)))
    ledger.post(journal=make_journal("j", (chart.nostro("main", "JPY").code, "deposit:j", 100), currency="JPY"))
    shown = text(operator.get("/ops/ledger/balance-sheet/"))
    assert "Assets €1.00 = liabilities and equity €1.00" in shown
    assert "Assets ¥100 = liabilities and equity ¥100" in shown


def fill(count: int) -> None:
    names = [f"{count}-{number}" for number in range(count)]
    for code in open_deposits(*names):
        pay_in(code, 100)


def test_the_pages_take_the_same_few_statements_however_much_there_is(operator: Client) -> None:
    fill(2)
    number = queries.journals_for(reference="order:1")[0].journal_id
    pages = [*PAGES, f"/ops/ledger/journal/{number}/"]
    taken = []
    for more in (0, 40):
        fill(more) if more else None
        [operator.get(page) for page in pages]
        for page in pages:
            with CaptureQueriesContext(connection) as captured:
                assert operator.get(page).status_code == 200
            taken.append(len(captured))
    assert taken[: len(pages)] == taken[len(pages) :]
    assert max(taken) <= 15, dict(zip(pages, taken, strict=False))


def test_the_pages_lead_to_the_ledger_from_the_day_of_operations(operator: Client) -> None:
    assert links(operator.get("/ops/"), "Open the ledger") == ["/ops/ledger/"]
