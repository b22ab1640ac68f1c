"""Balances, statements and reports, now and at any time."""

from datetime import timedelta

import pytest

from payments.ledger import chart, errors, operations, queries
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
