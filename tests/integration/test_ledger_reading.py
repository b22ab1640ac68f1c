"""Balances, statements and reports, now and at any time."""

from datetime import timedelta
from hashlib import sha256

import pytest

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import AccountSpec
from payments.ledger.queries import ReportLine
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_a_past_balance_counts_what_had_happened_by_then() -> None:
    [one] = open_deposits("1")
    pay_in(one, 100, at=AT)
    pay_in(one, 30, at=AT + DAY)
    instants = [AT - DAY, AT, AT + DAY - timedelta(microseconds=1), AT + DAY]
    assert [queries.balance(code=one, at=at) for at in instants] == [0, 100, 100, 130]
    assert [queries.balance(code=NOSTRO, at=at) for at in instants] == [0, 100, 100, 130]


def test_a_journal_dated_back_changes_what_had_happened_but_not_what_was_recorded() -> None:
    [one] = open_deposits("1")
    first = queries.journal(journal_id=pay_in(one, 100, at=AT).journal_id)
    late = queries.journal(journal_id=pay_in(one, 7, at=AT - DAY).journal_id)
    assert queries.balance(code=one, at=AT - DAY) == 7
    assert queries.balance(code=one, at=AT) == 107
    assert queries.balance(code=one, at=first.recorded_at, as_recorded=True) == 100
    assert queries.balance(code=one, at=late.recorded_at, as_recorded=True) == 107
    assert queries.balance(code=one, at=AT, as_recorded=True) == 0


def test_asking_for_an_unknown_account_is_refused() -> None:
    with pytest.raises(errors.UnknownAccount):
        queries.balances(codes=["deposit:none"], at=AT)
    with pytest.raises(errors.UnknownAccount):
        queries.statement(code="deposit:none")


def test_the_keys_that_were_posted_are_told_from_those_that_were_not() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100, at=AT)
    operations.post(journal=make_journal("rent", (one, two, 30), at=AT))
    with pytest.raises(errors.LedgerError):
        operations.post(journal=make_journal("too much", (one, two, 1_000), at=AT))
    assert queries.posted(keys=["rent", "too much", "never asked"]) == {"rent"}
    assert queries.posted(keys=[]) == set()


def test_a_statement_shows_each_transfer_with_the_balance_after_it() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100, at=AT)
    operations.post(
        journal=make_journal("k", (one, two, 30), (one, two, 5), at=AT + DAY, event="pay", metadata={"note": "rent"})
    )
    pay_in(one, 1, at=AT + 2 * DAY)
    statement = queries.statement(code=one)
    assert (statement.opening, statement.closing, statement.currency) == (0, 66, "EUR")
    assert [(line.event, line.counter_account, line.amount, line.balance) for line in statement.lines] == [
        ("test", NOSTRO, 100, 100),
        ("pay", two, -30, 70),
        ("pay", two, -5, 65),
        ("test", NOSTRO, 1, 66),
    ]
    assert statement.lines[1].metadata == {"note": "rent"}


def test_a_statement_of_some_days_opens_with_the_balance_before_them() -> None:
    [one] = open_deposits("1")
    for day in range(4):
        pay_in(one, 10 + day, at=AT + day * DAY)
    statement = queries.statement(code=one, since=AT + DAY, until=AT + 3 * DAY)
    assert (statement.opening, statement.closing) == (10, 33)
    assert [line.amount for line in statement.lines] == [11, 12]
    quiet = queries.statement(code=one, since=AT + 9 * DAY)
    assert (quiet.opening, quiet.closing, quiet.lines) == (46, 46, ())


def test_a_limited_statement_holds_the_newest_lines_and_pages_back() -> None:
    [one] = open_deposits("1")
    for day in range(5):
        pay_in(one, 1 + day, at=AT)
    newest = queries.statement(code=one, limit=2)
    assert [line.amount for line in newest.lines] == [4, 5]
    assert (newest.opening, newest.closing) == (6, 15)
    oldest = newest.lines[0]
    older = queries.statement(code=one, limit=2, before=(oldest.happened_at, oldest.journal_id, oldest.position))
    assert [(line.amount, line.balance) for line in older.lines] == [(2, 3), (3, 6)]
    assert (older.opening, older.closing) == (1, 6)


def a_day_of_business() -> None:
    operations.open_accounts(
        specs=[*chart.house_accounts("EUR"), chart.deposit("1", "EUR"), chart.escrow("K-1", "EUR")], at=AT
    )
    operations.post_many(
        journals=[
            make_journal("capital", (NOSTRO, "equity:capital", 1000), at=AT),
            make_journal("in", (NOSTRO, "deposit:1", 500), at=AT),
            make_journal("capture", ("deposit:1", "escrow:K-1", 200), at=AT + DAY),
            make_journal("commission", ("escrow:K-1", "income:commission", 20), at=AT + DAY),
            make_journal("goodwill", ("expense:goodwill", "deposit:1", 5), at=AT + 2 * DAY),
        ]
    )


def test_a_trial_balance_lists_every_account_that_moved_and_balances() -> None:
    a_day_of_business()
    lines = {line.code: (line.debits, line.credits) for line in queries.trial_balance()}
    assert lines == {
        NOSTRO: (1500, 0),
        "equity:capital": (0, 1000),
        "deposit:1": (200, 505),
        "escrow:K-1": (20, 200),
        "income:commission": (0, 20),
        "expense:goodwill": (5, 0),
    }
    past = queries.trial_balance(at=AT)
    assert sum(line.debits for line in past) == sum(line.credits for line in past) == 1500


def test_a_balance_sheet_gathers_customers_accounts_and_balances() -> None:
    a_day_of_business()
    assert queries.balance_sheet() == [
        ReportLine("asset", NOSTRO, "EUR", 1500),
        ReportLine("equity", "equity:capital", "EUR", 1000),
        ReportLine("equity", "result", "EUR", 15),
        ReportLine("liability", "deposit:*", "EUR", 305),
        ReportLine("liability", "escrow:*", "EUR", 180),
    ]
    assert [line.amount for line in queries.balance_sheet(at=AT)] == [1500, 1000, 500]


def test_profit_and_loss_is_of_the_days_asked_for() -> None:
    a_day_of_business()
    assert queries.profit_and_loss(since=AT, until=AT + 3 * DAY) == [
        ReportLine("income", "income:commission", "EUR", 20),
        ReportLine("expense", "expense:goodwill", "EUR", 5),
    ]
    assert queries.profit_and_loss(since=AT + 2 * DAY, until=AT + 3 * DAY) == [
        ReportLine("expense", "expense:goodwill", "EUR", 5)
    ]
    assert queries.profit_and_loss(since=AT, until=AT + DAY) == []


def test_journals_are_found_by_their_reference_in_posting_order() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    operations.post(journal=make_journal("k", (one, two, 30), reference="loan:9", event="repay"))
    operations.post(journal=make_journal("l", (one, two, 31), reference="loan:9", event="repay"))
    found = queries.journals_for(reference="loan:9")
    assert [journal.transfers[0].amount for journal in found] == [30, 31]
    assert queries.journals_for(reference="loan:10") == []
    with pytest.raises(errors.UnknownJournal):
        queries.journal(journal_id=10**12)


def test_families_sum_up_the_accounts_that_the_chart_puts_together() -> None:
    a_day_of_business()
    lines = queries.families()
    by_family: dict[str, list[int]] = {}
    for line in queries.accounts(limit=1_000):
        sums = by_family.setdefault(chart.family(line.code), [0, 0, 0])
        for index, value in enumerate((1, line.debits, line.credits)):
            sums[index] += value
    assert {line.family: [line.accounts, line.debits, line.credits] for line in lines} == by_family
    balances = {line.family: line.balance for line in lines if line.balance}
    assert balances["deposit:*"] == 305
    assert balances["expense:goodwill"] == 5
    assert {line.family: line.balance for line in queries.families(at=AT) if line.balance} == {
        NOSTRO: 1500,
        "equity:capital": 1000,
        "deposit:*": 500,
    }


@pytest.mark.parametrize(
    "code",
    [
        *("deposit:1", "held:7", "escrow:K-1", "borrower:3:credit", "merchant:3:pending", "dispute:1:held"),
        *("payout:transit:4", "loan:allowance:consumer", "loan:9:principal", "loan:allowances:fees", "income:fees:USD"),
        *("deposit:a:b:c", "payout:x", "suspense:refunds"),
    ],
)
def test_a_family_is_named_alike_in_the_chart_and_in_the_database(code: str) -> None:
    operations.open_account(spec=AccountSpec(code, "liability", "EUR", "credit"), at=AT)
    assert [line.family for line in queries.families()] == [chart.family(code)]
    assert [line.code for line in queries.accounts(family=chart.family(code))] == [code]


def test_accounts_are_read_on_by_code() -> None:
    open_deposits("b", "a", "B%", "c")
    assert [line.code for line in queries.accounts(family="deposit:*", limit=2)] == ["deposit:B%", "deposit:a"]
    rest = queries.accounts(family="deposit:*", after="deposit:a", limit=9)
    assert [line.code for line in rest] == ["deposit:b", "deposit:c"]
    assert [line.code for line in queries.accounts(containing="b%")] == ["deposit:B%"]
    assert queries.accounts(family="merchant:*:pending") == []


def test_reports_as_recorded_leave_out_what_the_book_took_later() -> None:
    a_day_of_business()
    before = queries.journals_for(reference="order:1")[0].recorded_at - timedelta(microseconds=1)
    assert queries.balance_sheet(at=before, as_recorded=True) == []
    assert queries.trial_balance(at=before, as_recorded=True) == []
    assert queries.profit_and_loss(since=AT, until=before, as_recorded=True) == []
    after = before + DAY
    assert queries.balance_sheet(at=after, as_recorded=True) == queries.balance_sheet()
    assert queries.profit_and_loss(since=before, until=after, as_recorded=True) == [
        ReportLine("income", "income:commission", "EUR", 20),
        ReportLine("expense", "expense:goodwill", "EUR", 5),
    ]


def test_a_statement_of_some_lines_has_no_running_balance() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100, at=AT)
    operations.post(journal=make_journal("k", (one, two, 30), at=AT + DAY, event="pay"))
    statement = queries.statement(code=one, event="pay")
    assert [(line.amount, line.balance) for line in statement.lines] == [(-30, None)]
    assert queries.statement(code=one, counter=NOSTRO, reference="order:1").lines[0].amount == 100
    assert queries.statement(code=one, reference="order:2").lines == ()


def test_a_journal_is_found_by_its_key_and_tells_what_undid_it() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    posted = operations.post(journal=make_journal("rent", (one, two, 30)))
    undone = operations.reverse(journal_id=posted.journal_id, key="undo", reason="twice", at=AT)
    assert queries.find_key(key="rent") == posted.journal_id
    assert queries.find_key(key="never") is None
    first, second = (queries.journal(journal_id=each.journal_id) for each in (posted, undone))
    assert (first.reverses, first.reversed_by, first.seal) == (None, undone.journal_id, None)
    assert (second.reverses, second.reversed_by) == (posted.journal_id, None)
    assert first.key_hash == sha256(b"rent").hexdigest()[:32]
    assert [each.journal_id for each in queries.journals_for(reference="order:1", limit=2)][1] == posted.journal_id


def test_a_page_that_begins_at_the_end_of_the_period_shows_and_sums_only_the_period() -> None:
    [one] = open_deposits("1")
    first, second = (pay_in(one, amount).journal_id for amount in (30, 50))
    page = queries.statement(code=one, until=AT, before=(AT, second, 1))
    assert (page.lines, page.opening, page.closing) == ((), 0, 0)
    page = queries.statement(code=one, until=AT + timedelta(days=1), before=(AT, second, 1))
    assert ([line.journal_id for line in page.lines], page.closing) == ([first], 30)
