"""Real connections racing for the same keys, the same cents and the same accounts."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction

from payments.ledger import chart, errors, operations, queries
from payments.ledger.journal import Posted
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


def race(*runners: Callable[[], object]) -> list[object]:
    """Run each in a thread with its own connection, all at once; return results or the errors raised."""
    results: list[object] = [None] * len(runners)
    barrier = threading.Barrier(len(runners))

    def run(index: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            results[index] = runners[index]()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def test_the_same_key_from_sixteen_connections_posts_once() -> None:
    [one] = open_deposits("1")
    results = race(*[lambda: pay_in(one, 100, key="same")] * 16)
    assert Counter(result.replayed for result in results) == {False: 1, True: 15}
    assert len({result.journal_id for result in results}) == 1
    assert queries.balance(code=one) == 100


def test_the_same_key_between_hot_accounts_posts_once_though_no_row_is_held() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    journal = make_journal("same", (NOSTRO, "income:commission", 7))
    results = race(*[lambda: operations.post(journal=journal)] * 16)
    assert Counter(result.replayed for result in results) == {False: 1, True: 15}
    assert queries.balance(code="income:commission") == 7


def test_of_two_inputs_under_one_key_one_is_posted_and_the_other_refused() -> None:
    one, two = open_deposits("1", "2")
    results = race(
        *[lambda: operations.post(journal=make_journal("same", (NOSTRO, one, 5)))] * 4,
        *[lambda: operations.post(journal=make_journal("same", (NOSTRO, two, 6)))] * 4,
    )
    assert sum(isinstance(result, Posted) for result in results) == 4
    assert sum(isinstance(result, errors.KeyReused) for result in results) == 4
    assert sorted(queries.balances(codes=[one, two]).values()) in ([0, 5], [0, 6])


def test_a_key_waits_for_the_transaction_that_holds_it_and_is_free_when_that_is_undone() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    journal = make_journal("same", (NOSTRO, "income:commission", 7))
    posted, waiting = threading.Event(), threading.Event()

    def undo() -> None:
        with transaction.atomic():
            operations.post(journal=journal)
            posted.set()
            waiting.wait(30)
            transaction.set_rollback(True)

    def follow() -> Posted:
        posted.wait(30)
        threading.Timer(0.3, waiting.set).start()
        return operations.post(journal=journal)

    assert race(undo, follow)[1].replayed is False
    assert queries.balance(code="income:commission") == 7


def test_of_two_spends_of_the_last_cent_one_wins() -> None:
    one, two, three = open_deposits("1", "2", "3")
    pay_in(one, 1)
    results = race(
        lambda: operations.post(journal=make_journal("a", (one, two, 1))),
        lambda: operations.post(journal=make_journal("b", (one, three, 1))),
    )
    assert sorted(type(result).__name__ for result in results) == ["InsufficientFunds", "Posted"]
    assert queries.balance(code=one) == 0


def test_crossing_transfers_between_the_same_accounts_never_deadlock() -> None:
    codes = open_deposits(*"12345")
    operations.post_many(journals=[make_journal(f"in {code}", (NOSTRO, code, 10_000)) for code in codes])

    def crossing(number: int) -> Callable[[], None]:
        order = codes[number % 5 :] + codes[: number % 5]
        order = order if number % 2 else order[::-1]

        def run() -> None:
            for turn in range(25):
                pairs = list(zip(order, [*order[1:], order[0]], strict=True))
                operations.post_many(
                    journals=[make_journal(f"{number}/{turn}/{a}", (a, b, 1 + turn % 3)) for a, b in pairs]
                )

        return run

    assert race(*[crossing(number) for number in range(8)]) == [None] * 8
    assert sum(queries.balances(codes=codes).values()) == 50_000
    assert not operations.verify().problems


def test_a_held_balance_cannot_be_spent_by_another() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 10)
    held, done = threading.Event(), []

    def decide() -> None:
        with transaction.atomic():
            balance = operations.lock(codes=[one])[one]
            held.set()
            threading.Event().wait(0.3)
            assert not done
            operations.post(journal=make_journal("all", (one, two, balance)))

    def spend() -> None:
        held.wait(30)
        try:
            operations.post(journal=make_journal("some", (one, two, 3)))
        finally:
            done.append(True)

    first, second = race(decide, spend)
    assert first is None
    assert isinstance(second, errors.InsufficientFunds)
    assert queries.balance(code=two) == 10


def test_two_reversals_of_one_journal_post_once() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    wrong = operations.post(journal=make_journal("k", (NOSTRO, "income:commission", 7)))
    results = race(
        *[
            lambda key=key: operations.reverse(journal_id=wrong.journal_id, key=key, reason="wrong", at=AT)
            for key in ("a", "b", "c", "d")
        ]
    )
    assert Counter(type(result).__name__ for result in results) == {"Posted": 1, "AlreadyReversed": 3}
    assert queries.balance(code="income:commission") == 0


def test_an_account_is_not_closed_under_a_posting() -> None:
    [two] = open_deposits("2")
    pay_in(two, 100)
    for turn in range(10):
        spec = chart.held(turn, "EUR")
        operations.open_account(spec=spec, at=AT)
        results = race(
            lambda spec=spec: operations.close_account(code=spec.code, at=AT),
            lambda spec=spec: operations.post(journal=make_journal(spec.code, (two, spec.code, 1))),
        )
        outcome = [type(result).__name__ for result in results]
        assert outcome in (["NoneType", "AccountClosed"], ["AccountNotEmpty", "Posted"])
    assert not operations.verify().problems


def test_a_hot_account_is_not_closed_under_a_posting() -> None:
    open_deposits("1")
    for turn in range(5):
        spec = chart.suspense(str(turn), "EUR")
        operations.open_account(spec=spec, at=AT)
        results = race(
            lambda spec=spec: operations.close_account(code=spec.code, at=AT),
            *[
                lambda spec=spec, n=n: operations.post(journal=make_journal(f"{spec.code}{n}", (NOSTRO, spec.code, 1)))
                for n in range(3)
            ],
        )
        balance = queries.balance(code=spec.code)
        posted = sum(isinstance(result, Posted) for result in results)
        assert balance == posted
        assert (results[0] is None) == (posted == 0)


def test_a_seal_leaves_out_the_transactions_still_under_way_and_the_next_takes_them() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 5)
    posted, sealed = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            pay_in(two, 7)
            posted.set()
            sealed.wait(30)

    def sealer() -> int:
        posted.wait(30)
        pay_in(one, 6)  # a higher id, committed first
        operations.seal()
        found = operations.verify()
        operations.write_closings(at=AT + timedelta(days=1), minimum=1)
        sealed.set()
        return len(found.problems)

    assert race(slow, sealer) == [None, 0]
    assert queries.balances(codes=[NOSTRO, two]) == {NOSTRO: 18, two: 7}
    assert queries.balance(code=NOSTRO, at=AT) == 18
    assert operations.seal() == 1
    operations.write_closings(at=AT + timedelta(days=2), minimum=1)
    assert queries.balance(code=NOSTRO, at=AT + timedelta(days=3)) == 18
    assert not operations.verify().problems


def test_a_month_without_its_table_gets_one_while_many_post(fresh_database: Database) -> None:
    deposits = open_deposits(*map(str, range(8)))
    with fresh_database.connect(role="owner") as owner, owner.cursor() as cursor:
        cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")
        [month] = cursor.fetchone()
        cursor.execute(f"DROP TABLE ledger_journal_{month}, ledger_transfer_{month}")
    owner.close()
    results = race(*[lambda code=code: pay_in(code, 3) for code in deposits])
    assert [type(result).__name__ for result in results] == ["Posted"] * 8
    assert queries.balance(code=NOSTRO) == 24
