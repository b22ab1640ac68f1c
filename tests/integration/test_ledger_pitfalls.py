"""The ten pitfalls that other ledgers fell into, and the tests that we did not.

1. The key looked up outside the posting transaction, or keyed too widely:
   test_ledger_waiting.py::test_a_key_waits_for_the_transaction_that_holds_it_and_is_free_when_that_is_undone
   test_ledger_races.py::test_the_same_key_between_hot_accounts_posts_once_though_no_row_is_held
   test_ledger_bad_input.py::test_a_key_may_be_any_text_and_stands_for_itself_alone
2. Keys that expire, or a key lost on the way so that a hash of the content stands in for it:
   test_ledger_pitfalls.py::test_a_key_holds_after_its_month_was_detached_and_its_accounts_were_closed
   test_ledger_pitfalls.py::test_the_same_content_under_another_key_is_another_journal
   test_ledger_bad_input.py::test_without_a_key_nothing_is_posted
3. A client library that retries below the application and applies a change twice:
   test_ledger_pitfalls.py::test_an_answer_lost_after_the_commit_is_an_error_and_nobody_below_us_repeats
   test_ledger_pitfalls.py::test_a_database_that_goes_away_during_a_posting_is_no_refusal_and_the_caller_repeats
   test_ledger_pitfalls.py::test_a_database_that_goes_away_before_the_commit_leaves_the_key_free
   test_ledger_faults.py::test_a_killed_database_has_every_acknowledged_journal_when_it_is_back
4. Holds left out of the available balance:
   test_ledger_pitfalls.py::test_what_is_held_is_not_available
   test_payments_races.py::test_the_last_money_of_an_account_is_held_for_one_of_two_payments
5. Deciding on one snapshot and applying to another; locking the latest row of the ledger instead of the account:
   test_ledger_waiting.py::test_who_had_to_wait_decides_on_what_the_one_before_committed
   test_ledger_waiting.py::test_a_batch_that_had_to_wait_decides_on_what_the_one_before_committed
   test_ledger_waiting.py::test_a_held_balance_cannot_be_spent_by_another
   test_ledger_pitfalls.py::test_an_account_that_never_moved_is_held_like_any_other
   test_ledger_races.py::test_of_two_spends_of_the_last_cent_one_wins
6. Lock order:
   test_ledger_races.py::test_crossing_transfers_between_the_same_accounts_never_deadlock
   test_ledger_races.py::test_batches_with_the_same_keys_in_opposite_order_post_each_once
7. Cut-offs by the highest id, which lose a slower transaction with a lower one; gap-free numbers:
   test_ledger_waiting.py::test_slow_transactions_with_lower_ids_that_commit_after_seals_and_closings_are_not_lost
   test_ledger_waiting.py::test_a_seal_leaves_out_the_transactions_still_under_way_and_the_next_takes_them
   test_ledger_waiting.py::test_postings_to_a_hot_account_do_not_wait_for_each_other
8. Rounding each share of a split by itself:
   test_money.py::test_the_parts_of_an_amount_sum_to_the_amount
   test_ledger_pitfalls.py::test_a_split_into_shares_leaves_no_cent_behind
9. Running balances stored with each entry, which break when a journal is dated back:
   test_ledger_pitfalls.py::test_a_journal_dated_back_moves_the_running_balances_after_it
   test_ledger_model.py::test_random_histories_agree_with_the_model
10. Two reversals, two captures:
   test_ledger_races.py::test_a_journal_reversed_sixteen_times_at_once_is_reversed_once
   test_payments_races.py::test_sixteen_captures_with_different_keys_capture_once
   test_payments_races.py::test_sixteen_captures_with_one_key_are_one_capture
"""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
from django.db import OperationalError, ProgrammingError, connection, transaction

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import Journal, Posted
from payments.money import largest_remainder
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.races import Observer, in_open_transaction, start


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


def terminate(database: Database, condition: str) -> None:
    """End the database's side of the connections that a condition names."""
    with closing(database.connect(role="superuser")) as superuser, superuser.cursor() as cursor:
        cursor.execute(
            f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"""
        )
        assert cursor.rowcount == 1


def test_every_pitfall_has_its_tests() -> None:
    folder = Path(__file__).parent.parent
    assert re.findall(r"^(\d+)\. ", __doc__, re.MULTILINE) == [str(number) for number in range(1, 11)]
    named = re.findall(r"^   (\w+\.py)::(\w+)$", __doc__, re.MULTILINE)
    assert len(named) == __doc__.count("::")
    for file, test in named:
        [path] = folder.rglob(file)
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{file} has no {test}"


def test_a_key_holds_after_its_month_was_detached_and_its_accounts_were_closed(fresh_database: Database) -> None:
    one, two = open_deposits("1", "2")
    first = [pay_in(one, 5, key="in"), operations.post(journal=make_journal("k", (one, two, 5)))]
    operations.post(journal=make_journal("out", (two, NOSTRO, 5)))
    for code in (one, two, NOSTRO):
        operations.close_account(code=code, at=AT)
    operations.seal()
    operations.write_closings(at=AT, minimum=1)
    with closing(fresh_database.connect(role="owner")) as owner, owner, owner.cursor() as cursor:
        cursor.execute(
            """SELECT inhparent::regclass::text, inhrelid::regclass::text FROM pg_inherits
               WHERE inhparent = 'ledger_transfer'::regclass"""
        )
        for parent, month in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {parent} DETACH PARTITION {month}")
    again = [pay_in(one, 5, key="in"), operations.post(journal=make_journal("k", (one, two, 5)))]
    assert again == [Posted(each.journal_id, each.key, replayed=True) for each in first]
    with pytest.raises(errors.KeyReused):
        operations.post(journal=make_journal("k", (one, two, 4)))


def test_the_same_content_under_another_key_is_another_journal() -> None:
    [one] = open_deposits("1")
    results = [pay_in(one, 5, key=key) for key in ("a", "b", "a", "b")]
    assert [result.replayed for result in results] == [False, False, True, True]
    assert results[0].journal_id != results[1].journal_id
    assert queries.balance(code=one) == 10


def test_an_answer_lost_after_the_commit_is_an_error_and_nobody_below_us_repeats() -> None:
    [one] = open_deposits("1")
    sent = []

    def lose_the_answer(execute: object, sql: str, parameters: object, many: bool, context: object) -> None:
        sent.append(sql)
        execute(sql, parameters, many, context)
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(lose_the_answer), pytest.raises(OperationalError):
        pay_in(one, 5, key="k")
    assert len(sent) == 1
    assert queries.posted(keys=["k"]) == {"k"}
    assert pay_in(one, 5, key="k").replayed
    assert queries.balance(code=one) == 5


@pytest.mark.parametrize("number", [1, 40])
def test_a_database_that_goes_away_during_a_posting_is_no_refusal_and_the_caller_repeats(
    fresh_database: Database, number: int
) -> None:
    one, two = open_deposits("1", "2")
    journals = [make_journal(f"k{each}", (NOSTRO, one, 1), (NOSTRO, two, 1)) for each in range(number)]

    def post() -> list[Posted | errors.LedgerError]:
        return [operations.post(journal=journals[0])] if number == 1 else operations.post_many(journals=journals)

    with in_open_transaction(lambda: pay_in(two, 7)):
        interrupted = start(post)
        Observer(fresh_database).until_blocked()
        terminate(fresh_database, "cardinality(pg_blocking_pids(pid)) > 0")
        error = interrupted()
    assert isinstance(error, OperationalError)
    assert not isinstance(error, errors.LedgerError)
    assert queries.posted(keys=[said.key for said in journals]) == set()
    assert [result.replayed for result in post()] == [False] * number
    assert [result.replayed for result in post()] == [True] * number
    assert queries.balances(codes=[one, two]) == {one: number, two: number + 7}


def test_a_lost_connection_is_told_by_its_name_even_where_the_driver_has_none_for_it() -> None:
    with pytest.raises(OperationalError, match="closed the connection"), connection.wrap_database_errors:
        raise psycopg2.DatabaseError("server closed the connection unexpectedly")
    with transaction.atomic(), pytest.raises(ProgrammingError), connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SELECT 1 FROM nowhere")


def test_a_database_that_goes_away_before_the_commit_leaves_the_key_free(fresh_database: Database) -> None:
    [one] = open_deposits("1")
    pay_in(one, 1)

    def post_two() -> None:
        with transaction.atomic():
            pay_in(one, 5, key="k")
            terminate(fresh_database, "state = 'idle in transaction'")
            pay_in(one, 6, key="l")

    with pytest.raises(OperationalError):
        post_two()
    connection.close()  # as the end of a request or a task does with a broken one
    assert queries.posted(keys=["k", "l"]) == set()
    assert queries.balance(code=one) == 1
    assert [pay_in(one, 5, key="k").replayed, pay_in(one, 5, key="k").replayed] == [False, True]
    assert not operations.verify().problems


def test_what_is_held_is_not_available() -> None:
    one, two = open_deposits("1", "2")
    operations.open_account(spec=chart.held(7, "EUR"), at=AT)
    pay_in(one, 100)
    operations.post(journal=make_journal("hold", (one, "held:7", 70)))
    with pytest.raises(errors.InsufficientFunds) as refusal:
        operations.post(journal=make_journal("spend", (one, two, 31)))
    assert (refusal.value.available, refusal.value.needed) == (30, 31)
    with transaction.atomic():
        assert operations.lock(codes=[one])[one] == 30
    operations.post(journal=make_journal("give back", ("held:7", one, 70)))
    assert operations.post(journal=make_journal("spend", (one, two, 31))).replayed is False


def test_an_account_that_never_moved_is_held_like_any_other(fresh_database: Database) -> None:
    one, two = open_deposits("1", "2", overdraft=10)
    with transaction.atomic():
        assert operations.lock(codes=[one]) == {one: 0}
        follower = start(lambda: operations.post(journal=make_journal("some", (one, two, 3))))
        Observer(fresh_database).until_blocked()
        operations.post(journal=make_journal("all", (one, two, 10)))
    refusal = follower()
    assert isinstance(refusal, errors.InsufficientFunds)
    assert (refusal.available, refusal.needed) == (0, 3)


def test_a_split_into_shares_leaves_no_cent_behind() -> None:
    codes = open_deposits(*"1234567")
    pay_in(codes[0], 100)
    shares = largest_remainder(100, [1] * 6)
    assert shares == [17, 17, 17, 17, 16, 16]
    transfers = [(codes[0], code, share) for code, share in zip(codes[1:], shares, strict=True)]
    operations.post(journal=make_journal("split", *transfers))
    assert queries.balances(codes=codes) == dict(zip(codes, [0, *shares], strict=True))


def test_a_journal_dated_back_moves_the_running_balances_after_it() -> None:
    [one] = open_deposits("1")
    days = [AT + timedelta(days=number) for number in range(4)]

    def balances() -> list[int]:
        return [line.balance for line in queries.statement(code=one).lines]

    posted = [pay_in(one, 10 ** (day - 1), key=f"day {day}", at=days[day]) for day in (1, 2, 3)]
    recorded = [queries.journal(journal_id=each.journal_id).recorded_at for each in posted]
    operations.seal()
    for day in days[1:]:
        operations.write_closings(at=day, minimum=1)
    assert balances() == [1, 11, 111]
    pay_in(one, 5000, key="late", at=days[1])
    pay_in(one, 30000, key="later still", at=days[0])
    assert balances() == [30000, 30001, 35001, 35011, 35111]
    assert [queries.balance(code=one, at=day) for day in days] == [30000, 35001, 35011, 35111]
    assert [queries.balance(code=one, at=at, as_recorded=True) for at in recorded] == [1, 11, 111]
    operations.seal()
    operations.write_closings(at=days[3], minimum=1)
    assert [queries.balance(code=one, at=day) for day in days] == [30000, 35001, 35011, 35111]
    assert not operations.verify().problems


def test_a_journal_says_for_ever_what_it_said() -> None:
    """What a caller does to its own objects afterwards changes neither the book nor what a key stands for."""
    [one] = open_deposits("1")
    notes = {"why": ["rent"]}
    said: Journal = make_journal("k", (NOSTRO, one, 5), metadata=notes)
    posted = operations.post(journal=said)
    notes["why"].append("changed")
    assert queries.journal(journal_id=posted.journal_id).metadata == {"why": ["rent"]}
    with pytest.raises(errors.KeyReused):
        operations.post(journal=said)
