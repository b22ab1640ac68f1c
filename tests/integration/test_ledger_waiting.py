"""One connection acts while another's transaction is open: who waits is seen in the locks, not told by the clock."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

import pytest
from django.db import connection, transaction

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import Posted
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.races import Observer, in_open_transaction, race, start


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def observer(fresh_database: Database) -> Observer:
    return Observer(fresh_database)


def test_a_key_waits_for_the_transaction_that_holds_it_and_is_free_when_that_is_undone(observer: Observer) -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    for first_commits in (False, True):
        journal = make_journal(f"same {first_commits}", (NOSTRO, "income:commission", 7))
        with in_open_transaction(lambda said=journal: operations.post(journal=said), commit=first_commits):
            follower = start(lambda said=journal: operations.post(journal=said))
            observer.until_blocked()
        assert follower().replayed is first_commits
    assert queries.balance(code="income:commission") == 14


@pytest.mark.parametrize("first_commits", [True, False])
def test_who_had_to_wait_decides_on_what_the_one_before_committed(first_commits: bool, observer: Observer) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 10)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone() == ("read committed",)
    spend = make_journal("first", (one, two, 6))
    with in_open_transaction(lambda: operations.post(journal=spend), commit=first_commits):
        single = start(lambda: operations.post(journal=make_journal("second", (one, two, 5))))
        observer.until_blocked()
    if first_commits:
        refusal = single()
        assert isinstance(refusal, errors.InsufficientFunds)
        assert (refusal.account, refusal.available, refusal.needed) == (one, 4, 5)
    else:
        assert single().replayed is False
    assert queries.balances(codes=[one, two]) == ({one: 4, two: 6} if first_commits else {one: 5, two: 5})


def test_a_batch_that_had_to_wait_decides_on_what_the_one_before_committed(observer: Observer) -> None:
    one, two, three = open_deposits("1", "2", "3")
    pay_in(one, 10)
    with in_open_transaction(lambda: operations.post(journal=make_journal("first", (one, two, 6)))):
        batch = start(
            lambda: operations.post_many(
                journals=[
                    make_journal("too much", (one, three, 5)),
                    make_journal("enough", (one, three, 4)),
                    make_journal("from two", (two, three, 6)),
                ]
            )
        )
        observer.until_blocked()
    assert [type(result) for result in batch()] == [errors.InsufficientFunds, Posted, Posted]
    assert queries.balances(codes=[one, two, three]) == {one: 0, two: 0, three: 10}


def test_postings_to_a_hot_account_do_not_wait_for_each_other(observer: Observer) -> None:
    deposits = open_deposits(*map(str, range(10)))
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)

    def order(code: str) -> list[object]:
        operations.post(journal=make_journal(f"fee {code}", (NOSTRO, "income:commission", 1)))
        return operations.post_many(
            journals=[
                make_journal(f"in {code}", (NOSTRO, code, 5)),
                make_journal(f"order {code}", (code, "income:commission", 2)),
            ]
        )

    with in_open_transaction(lambda: order(deposits[0])), in_open_transaction(lambda: order(deposits[1])):
        results = race(*[lambda code=code: order(code) for code in deposits[2:]])
        assert [type(result) for each in results for result in each] == [Posted] * 16
        assert observer.blocked() == 0
        assert queries.balance(code="income:commission") == 3 * 8
    assert queries.balances(codes=["income:commission", NOSTRO]) == {"income:commission": 30, NOSTRO: 60}


def test_postings_to_an_account_with_a_balance_do_wait(observer: Observer) -> None:
    """The counterpart of the test above: there the waiting would have been seen."""
    [one] = open_deposits("1")
    with in_open_transaction(lambda: pay_in(one, 1)):
        follower = start(lambda: pay_in(one, 2))
        observer.until_blocked()
    assert follower().replayed is False


def test_a_held_balance_cannot_be_spent_by_another(observer: Observer) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 10)
    with transaction.atomic():
        balance = operations.lock(codes=[one])[one]
        follower = start(lambda: operations.post(journal=make_journal("some", (one, two, 3))))
        observer.until_blocked()
        operations.post(journal=make_journal("all", (one, two, balance)))
    assert isinstance(follower(), errors.InsufficientFunds)
    assert queries.balance(code=two) == 10


def test_a_closing_waits_for_a_posting_and_a_posting_for_a_closing(observer: Observer) -> None:
    [one] = open_deposits("1")
    pay_in(one, 100)
    for kind, first_commits in product((chart.held, chart.suspense), (True, False)):
        specs = [kind(f"{name}/{first_commits}", "EUR") for name in ("posted", "closed")]
        posted, closed = (spec.code for spec in specs)
        operations.open_accounts(specs=specs, at=AT)
        said = make_journal(posted, (one, posted, 1))
        with in_open_transaction(lambda said=said: operations.post(journal=said), commit=first_commits):
            close = start(lambda posted=posted: operations.close_account(code=posted, at=AT))
            observer.until_blocked()
        assert type(close()) is (errors.AccountNotEmpty if first_commits else type(None))
        with in_open_transaction(
            lambda closed=closed: operations.close_account(code=closed, at=AT), commit=first_commits
        ):
            post = start(lambda closed=closed: operations.post(journal=make_journal(closed, (one, closed, 1))))
            observer.until_blocked()
        assert type(post()) is (errors.AccountClosed if first_commits else Posted)
    assert not operations.verify().problems


def test_a_seal_leaves_out_the_transactions_still_under_way_and_the_next_takes_them() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 5)
    with in_open_transaction(lambda: pay_in(two, 7)):
        pay_in(one, 6)  # a higher id, committed first
        operations.seal()
        assert operations.verify().problems == []
        operations.write_closings(at=AT + timedelta(days=1), minimum=1)
    assert queries.balances(codes=[NOSTRO, two]) == {NOSTRO: 18, two: 7}
    assert queries.balance(code=NOSTRO, at=AT) == 18
    assert operations.seal() == 1
    operations.write_closings(at=AT + timedelta(days=2), minimum=1)
    assert queries.balance(code=NOSTRO, at=AT + timedelta(days=3)) == 18
    assert not operations.verify().problems


def test_slow_transactions_with_lower_ids_that_commit_after_seals_and_closings_are_not_lost() -> None:
    one, two, three, four = open_deposits(*"1234")
    days = [AT + timedelta(days=number) for number in range(8)]

    def cut(day: int) -> None:
        pay_in(one, 10**day, key=f"quick {day}", at=days[day])
        operations.seal()
        operations.write_closings(at=days[day], minimum=1)

    with in_open_transaction(lambda: pay_in(two, 3, key="slowest", at=days[0])):
        cut(1)
        with in_open_transaction(lambda: pay_in(three, 5, key="slow", at=days[1])):
            cut(2)
            with in_open_transaction(lambda: pay_in(four, 7, key="undone", at=days[1]), commit=False):
                cut(3)
            cut(4)
            assert queries.balance(code=NOSTRO) == 11110
        cut(5)
        assert queries.balance(code=NOSTRO) == 111115
        assert not operations.verify().problems
    cut(6)
    assert queries.balances(codes=[NOSTRO, two, three, four]) == {NOSTRO: 1111118, two: 3, three: 5, four: 0}
    past = [queries.balance(code=NOSTRO, at=day) for day in days]
    assert past == [3, 18, 118, 1118, 11118, 111118, 1111118, 1111118]
    assert not operations.verify().problems
