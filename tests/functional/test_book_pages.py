"""The ledger's pages for operations: what they show, where each number leads, who may read them."""

import html
import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mall.customer.models import User
from payments import clock, operations, settlement
from payments.ledger import chart, queries
from payments.ledger import operations as ledger
from payments.models import Verification
from payments.views import book as views
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.factories.payments import authorise, capture, make_merchant, make_shopper, record, release

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
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
    user = User.objects.create_user(email="ops@example.com", password="a long password")
    user.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(user)
    return client


def text(response: object) -> str:
    """Return the page as a reader sees it: no markup, spaces drawn together."""
    page = re.sub(r"<(script|style).*?</\1>", "", response.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "\n", page)).split())


def links(response: object, words: str) -> list[str]:
    """Return where the links lead whose text is exactly so."""
    found = re.findall(r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), flags=re.S)
    return [
        html.unescape(url) for url, inner in found if html.unescape(re.sub(r"<[^>]+>", "", inner)).strip() == words
    ]


def business() -> None:
    """Post two months of a small bank: capital, deposits, a commission and goodwill."""
    ledger.open_accounts(
        specs=[*chart.house_accounts("EUR"), chart.deposit("1", "EUR"), chart.escrow("K-1", "EUR")], at=AT
    )
    ledger.post_many(
        journals=[
            make_journal("capital", (NOSTRO, "equity:capital", 100_000), at=AT, event="capital_paid_in"),
            make_journal("in", (NOSTRO, "deposit:1", 50_000), at=AT, event="money_received"),
            make_journal("capture", ("deposit:1", "escrow:K-1", 20_000), at=AT + DAY, event="part_captured"),
            make_journal("commission", ("escrow:K-1", "income:commission", 2_050), at=AT + DAY, event="part_released"),
            make_journal("goodwill", ("expense:goodwill", "deposit:1", 500), at=AT + 40 * DAY, event="goodwill"),
        ]
    )


def test_the_chart_groups_families_by_class_with_their_sums(operator: Client) -> None:
    business()
    page = operator.get("/ops/ledger/")
    shown = text(page)
    assert "deposit:* Current accounts of shoppers and merchants 1 €200.00 €505.00 €305.00" in shown
    assert "escrow:* Captured, waiting for delivery 1 €20.50 €200.00 €179.50" in shown
    assert "Assets in EUR 4 €1,500.00 €0.00 €1,500.00" in shown
    assert [shown.index(f"{name} in EUR") for name in ("Assets", "Liabilities", "Equity", "Income", "Expenses")] == (
        sorted(shown.index(f"{name} in EUR") for name in ("Assets", "Liabilities", "Equity", "Income", "Expenses"))
    )
    assert links(page, "€305.00") == ["/ops/ledger/accounts/?family=deposit%3A%2A"]
    assert links(page, "€20.50") == ["/ops/ledger/account/?code=income%3Acommission"]


def test_from_the_balance_sheet_links_lead_down_to_the_journal(operator: Client) -> None:
    business()
    page = operator.get("/ops/ledger/balance-sheet/", {"at": "2026-03-10"})
    assert "✓ Agrees: Assets €1,500.00 = liabilities and equity €1,500.00" in text(page)
    [accounts] = links(page, "€300.00")
    page = operator.get(accounts)
    assert "Balance €300.00" in text(page)
    [statement] = links(page, "€300.00")
    assert parse_qs(urlsplit(statement).query) == {"code": ["deposit:1"], "until": ["2026-03-10"]}
    page = operator.get(statement)
    assert "At the end of 10 Mar 2026 €300.00" in text(page)
    assert "€5.00" not in text(page)
    [journal] = links(page, "-€200.00")
    shown = text(operator.get(journal))
    assert "part_captured · €200.00" in shown
    assert "1 deposit:1 escrow:K-1 €200.00" in shown


def test_a_profit_and_loss_is_of_its_days_and_agrees_with_the_balance_sheet(operator: Client) -> None:
    business()
    page = operator.get("/ops/ledger/profit-and-loss/", {"since": "2026-03-01", "until": "2026-03-31"})
    assert "Result in EUR €20.50" in text(page)
    assert "✓ Agrees: Income less expenses €20.50 = change of the result on the balance sheet €20.50" in text(page)
    [statement] = [url for url in links(page, "€20.50") if "account" in url]
    assert parse_qs(urlsplit(statement).query) == {
        "code": ["income:commission"],
        "since": ["2026-03-01"],
        "until": ["2026-03-31"],
    }
    assert "Before 1 Mar 2026 €0.00" in text(operator.get(statement))
    [before] = links(page, "Balance sheet before it")
    assert before == "/ops/ledger/balance-sheet/?at=2026-02-28"
    assert links(page, "Balance sheet at its end") == ["/ops/ledger/balance-sheet/?at=2026-03-31"]
    whole = text(operator.get("/ops/ledger/profit-and-loss/", {"since": "2026-03-01", "until": "2026-04-30"}))
    assert "Result in EUR €15.50" in whole
    quiet = text(operator.get("/ops/ledger/profit-and-loss/", {"since": "2026-05-01", "until": "2026-05-31"}))
    assert "Income None." in quiet


def test_the_result_on_the_balance_sheet_is_made_of_all_profit_and_loss_before(operator: Client) -> None:
    business()
    page = operator.get("/ops/ledger/balance-sheet/", {"at": "2026-04-30"})
    [result] = links(page, "€15.50")
    assert "Result in EUR €15.50" in text(operator.get(result))


def test_a_trial_balance_shows_that_debits_equal_credits(operator: Client) -> None:
    business()
    shown = text(operator.get("/ops/ledger/trial-balance/"))
    assert "✓ Agrees: Debits €1,725.50 = credits €1,725.50" in shown
    assert "Total in EUR €1,725.50 €1,725.50" in shown


def test_sums_that_differ_are_shown_as_such(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    business()
    honest = queries.families()
    monkeypatch.setattr(queries, "families", lambda **asked: [line for line in honest if line.family != NOSTRO])
    assert "✗ Does not agree: Debits €225.50 ≠ credits €1,725.50" in text(operator.get("/ops/ledger/trial-balance/"))


def test_a_journal_dated_back_is_seen_by_one_clock_and_not_by_the_other(operator: Client) -> None:
    [one] = open_deposits("1")
    today = clock.now()
    yesterday = (today - DAY).date().isoformat()
    pay_in(one, 700, at=today - 30 * DAY)
    for page in ("/ops/ledger/", "/ops/ledger/balance-sheet/", "/ops/ledger/trial-balance/"):
        assert "€7.00" in text(operator.get(page, {"at": yesterday}))
        assert "€7.00" not in text(operator.get(page, {"at": yesterday, "clock": "recorded"}))
    lines = {"code": one, "until": yesterday}
    assert "At the end of" in text(operator.get("/ops/ledger/account/", lines))
    assert "€7.00" in text(operator.get("/ops/ledger/account/", lines))
    recorded = text(operator.get("/ops/ledger/account/", {**lines, "clock": "recorded"}))
    assert "as recorded" in recorded
    assert "€7.00" not in recorded
    now = text(operator.get("/ops/ledger/account/", {"code": one, "clock": "recorded"}))
    assert "Now €7.00" in now


def test_numbers_as_recorded_lead_to_pages_as_recorded(operator: Client) -> None:
    [one] = open_deposits("1")
    pay_in(one, 700, at=clock.now() - 30 * DAY)
    today = clock.now().date().isoformat()
    page = operator.get("/ops/ledger/balance-sheet/", {"at": today, "clock": "recorded"})
    [family] = [url for url in links(page, "€7.00") if "family" in url]
    [statement] = links(operator.get(family), "€7.00")
    assert "clock=recorded" in statement
    assert "Now" not in text(operator.get(statement))


def test_accounts_of_a_family_come_in_pages_by_code(operator: Client) -> None:
    names = [f"{number:04d}" for number in range(views.ACCOUNTS_A_PAGE + 5)]
    open_deposits(*names)
    seen, url = [], "/ops/ledger/accounts/?family=deposit:*"
    while url:
        page = operator.get(url)
        seen += re.findall(r'class="mono nowrap"[^>]*>(deposit:\d+)<', page.content.decode())
        url = next(iter(links(page, "More accounts")), "")
    assert seen == [f"deposit:{name}" for name in names]


def test_accounts_are_found_by_any_part_of_their_code_in_any_case(operator: Client) -> None:
    open_deposits("DE77", "DE88")
    page = operator.get("/ops/ledger/accounts/", {"q": "e7"})
    assert "deposit:DE77" in text(page)
    assert "deposit:DE88" not in text(page)
    assert "No account is like that" in text(operator.get("/ops/ledger/accounts/", {"q": "100%_"}))


def test_a_statement_pages_back_through_lines_of_one_instant_without_loss(operator: Client) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100_000, at=AT - DAY)
    count = 2 * views.LINES_A_PAGE + 7
    pairs = [(one, two, number) for number in range(1, count + 1)]
    ledger.post_many(
        journals=[make_journal(f"k{number}", pair, pair, at=AT) for number, pair in enumerate(pairs)],
    )
    for clock_name in ("happened", "recorded"):
        amounts, balances, url = [], [], f"/ops/ledger/account/?code={one}&clock={clock_name}"
        while url:
            page = operator.get(url)
            rows = re.findall(r'<td class="money">.*?</td>', page.content.decode(), flags=re.S)
            cells = [html.unescape(re.sub(r"<[^>]+>|[€,.]", "", row)) for row in rows]
            amounts += [int(cell) for cell in cells[::2]]
            balances += [int(cell) for cell in cells[1::2]]
            url = next(iter(links(page, "Older lines")), "")
        assert len(amounts) == 2 * count + 1
        assert amounts[:2] == [-count, -count]
        assert balances[0] == queries.balance(code=one)
        steps = zip(pairwise(balances), amounts, strict=False)
        assert all(later == earlier + moved for (later, earlier), moved in steps)
        assert balances[-1] == amounts[-1] == 100_000


@pytest.mark.parametrize(
    ("asked", "amounts"),
    [
        ({"event": "rent"}, ["-€3.00", "-€2.00"]),
        ({"reference": "loan:9"}, ["-€4.00", "-€2.00"]),
        ({"counter": NOSTRO}, ["€100.00"]),
        ({"event": "rent", "reference": "loan:9"}, ["-€2.00"]),
        ({"event": "rent", "since": "2026-03-04"}, ["-€3.00"]),
        ({"event": "ren"}, []),
        ({"counter": "deposit:none"}, []),
    ],
)
def test_a_statement_is_filtered(operator: Client, asked: dict[str, str], amounts: list[str]) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 10_000)
    ledger.post_many(
        journals=[
            make_journal("a", (one, two, 200), at=AT + DAY, event="rent", reference="loan:9"),
            make_journal("b", (one, two, 300), at=AT + 2 * DAY, event="rent"),
            make_journal("c", (one, two, 400), at=AT + 3 * DAY, event="fee", reference="loan:9"),
        ]
    )
    page = operator.get("/ops/ledger/account/", {"code": one, **asked})
    shown = re.findall(r'<td class="money"><a [^>]*><span class="money">([^<]*)', page.content.decode())
    assert shown == amounts
    assert "Only the lines asked for" in text(page)
    assert ">Balance<" not in page.content.decode()
    assert ("No line is like that" in text(page)) is (not amounts)


def test_the_balance_before_a_period_leads_to_the_lines_it_is_made_of(operator: Client) -> None:
    [one] = open_deposits("1")
    pay_in(one, 700, at=AT)
    pay_in(one, 100, at=AT + DAY)
    page = operator.get("/ops/ledger/account/", {"code": one, "since": "2026-03-03"})
    [earlier] = links(page, "€7.00")
    assert "At the end of 2 Mar 2026 €7.00" in text(operator.get(earlier))


def test_a_journal_shows_all_that_it_says(operator: Client) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    posted = ledger.post(
        journal=make_journal("k", (one, two, 30), (one, two, 5), event="pay", metadata={"note": "rent", "n": [1, 2]})
    )
    url = reverse("book-journal", args=[posted.journal_id])
    page = operator.get(url)
    for words in ("pay · €0.35", "Happened 2 Mar 2026, 09:30:00 UTC", "note rent", "n [1, 2]", "not sealed yet"):
        assert words in text(page)
    assert queries.journal(journal_id=posted.journal_id).key_hash in text(page)
    assert links(page, "order:1") == ["/ops/ledger/reference/?q=order%3A1"]
    undone = ledger.reverse(journal_id=posted.journal_id, key="undo", reason="twice", at=AT + DAY)
    undone_url = reverse("book-journal", args=[undone.journal_id])
    assert links(operator.get(url), f"journal {undone.journal_id}") == [undone_url]
    assert links(operator.get(undone_url), f"journal {posted.journal_id}") == [url]


def test_a_journal_of_very_many_transfers_comes_in_pages(operator: Client) -> None:
    one, two = open_deposits("1", "2", overdraft=10**9)
    posted = ledger.post(journal=make_journal("k", *[(one, two, 1)] * 450))
    url = reverse("book-journal", args=[posted.journal_id])
    assert "Page 1 of 3" in text(operator.get(url))
    assert " 401 deposit:1 deposit:2" in text(operator.get(url, {"page": "3"}))
    for number in ("0", "99", "x", "9" * 30):
        assert operator.get(url, {"page": number}).status_code == 200


def test_the_seal_that_covers_a_journal_and_what_is_not_sealed_yet_are_shown(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_deposits("1")
    assert "never been sealed" in text(operator.get("/ops/ledger/seals/"))
    state = queries.SealState(sequence=12, sealed_at=AT, hash="ab" * 32, unsealed=3)
    monkeypatch.setattr(queries, "seal_state", lambda: state)
    shown = text(operator.get("/ops/ledger/seals/"))
    for words in ("Number 12", "Sealed 2 Mar 2026, 09:30:00 UTC", "ab" * 32, "Journals not yet sealed 3"):
        assert words in shown


def test_the_last_verification_is_shown_check_by_check(operator: Client) -> None:
    [one] = open_deposits("1")
    pay_in(one, 100)
    assert "never been verified" in text(operator.get("/ops/ledger/seals/"))
    operations.verify_book(at=AT)
    shown = text(operator.get("/ops/ledger/seals/"))
    assert "Journals 1 Transfers 1" in shown
    assert "✓ Holds: Every balance is the sum of its transfers" in shown
    assert "✗" not in shown
    Verification.objects.create(
        at=AT, journals=1, transfers=1, seals=0, checks=["First", "Second"], problems=["Second: row 7", "Third: row 8"]
    )
    shown = text(operator.get("/ops/ledger/seals/"))
    assert "✓ Holds: First ✗ Does not hold: Second row 7 ✗ Does not hold: Other findings Third: row 8" in shown


def test_operations_goes_from_a_statement_to_the_order(operator: Client) -> None:
    account = make_shopper()
    merchant = make_merchant()
    payment = record(tenders=[("bank_account", account, 3_000)], parts=[(merchant, 3_000)], key="4K7T9Q2M")
    authorise(payment)
    capture("4K7T9Q2M-1")
    release("4K7T9Q2M-1")
    settlement.settle_due(until=AT.date() + 9 * DAY)
    settlement.pay_out_due(until=AT.date() + 9 * DAY)
    page = operator.get("/ops/ledger/account/", {"code": f"deposit:{account}"})
    [journal] = links(page, "-€30.00")
    page = operator.get(journal)
    [order] = links(page, "Order 4K7T9Q2M and its payment")
    assert "Payment of 4K7T9Q2M" in text(operator.get(order))
    page = operator.get("/ops/ledger/account/", {"code": "escrow:4K7T9Q2M-1"})
    assert links(page, "Consignment 4K7T9Q2M-1 of order 4K7T9Q2M") == ["/ops/find/?q=4K7T9Q2M"]
    page = operator.get("/ops/ledger/account/", {"code": f"held:{payment}"})
    assert links(page, "Order 4K7T9Q2M and its payment") == ["/ops/find/?q=4K7T9Q2M"]
    page = operator.get("/ops/ledger/account/", {"code": "merchant:1:available"})
    [payout] = [url for url in links(page, "merchant:1@2026-03-04") if "reference" in url][:1]
    [settled] = links(operator.get(payout), "Settlement of merchant:1 on 4 Mar 2026")
    page = operator.get(settled)
    assert "Paid out" in text(page)
    assert links(page, "4K7T9Q2M-1") == ["/ops/find/?q=4K7T9Q2M-1"]
    [captured] = queries.journals_for(reference="4K7T9Q2M-1", limit=1)
    page = operator.get("/ops/find/", {"q": "4K7T9Q2M"})
    assert links(page, str(captured.journal_id)) == [f"/ops/ledger/journal/{captured.journal_id}/"]


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
