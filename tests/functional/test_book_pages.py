"""The ledger's pages for operations: what they show and where each number leads."""

import html
import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from payments import chart, clock, operations, settlement
from payments.ledger import operations as ledger
from payments.ledger import queries
from payments.models import Verification
from payments.views import book as views
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.factories.payments import authorise, capture, make_merchant, make_shopper, record, release
from tests.factories.reading import links, signed_in_as_operations, text

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def operator(client: Client) -> Client:
    return signed_in_as_operations(client)


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
    assert "Assets in EUR 5 €1,500.00 €0.00 €1,500.00" in shown
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
