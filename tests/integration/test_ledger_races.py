"""Real connections racing for the same keys, the same cents and the same accounts, all at once."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from django.db import OperationalError, transaction

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import Journal, Posted
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.races import race


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


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


def test_batches_with_the_same_keys_in_opposite_order_post_each_once() -> None:
    deposits = open_deposits(*"12345678")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)

    def post(journals: list[Journal]) -> list[Posted | errors.LedgerError]:
        while True:  # told to post again, a caller does
            try:
                return operations.post_many(journals=journals)
            except OperationalError as problem:
                if "deadlock" in str(problem):
                    raise

    for codes in (["income:commission"] * 8, deposits):
        journals = [make_journal(f"{code} {number}", (NOSTRO, code, 1)) for number, code in enumerate(codes)]
        orders = (journals, journals[::-1], journals[4:] + journals[:4], journals[1::2] + journals[::2])
        results = race(*[lambda order=order: post(order) for order in orders * 3])
        told = [result for each in results for result in each]
        assert Counter(result.replayed for result in told) == {False: 8, True: 8 * 11}
        assert len({(result.key, result.journal_id) for result in told}) == 8
    assert queries.balances(codes=[NOSTRO, "income:commission"]) == {NOSTRO: 16, "income:commission": 8}


def test_of_two_spends_of_the_last_cent_one_wins() -> None:
    one, two, three = open_deposits("1", "2", "3")
    pay_in(one, 1)
    results = race(
        lambda: operations.post(journal=make_journal("a", (one, two, 1))),
        lambda: operations.post(journal=make_journal("b", (one, three, 1))),
    )
    assert sorted(type(result).__name__ for result in results) == ["InsufficientFunds", "Posted"]
    assert queries.balance(code=one) == 0


def decide(codes: list[str], key: str) -> list[Posted]:
    """Hold all the balances, in whatever order they are named, and decide on them."""
    with transaction.atomic():
        held = operations.lock(codes=codes)
        rich, *_, poor = sorted(codes, key=held.get, reverse=True)
        return [operations.post(journal=make_journal(f"{key}/{n}", (rich, poor, 1))) for n in range(2)]


CROSSINGS = {
    "pairs": lambda codes, key: [
        operations.post(journal=make_journal(f"{key}/{a}", (a, b, 1))) for a, b in pairwise(codes)
    ],
    "cycles": lambda codes, key: [
        operations.post(journal=make_journal(key, *((a, b, 1) for a, b in pairwise([*codes, codes[0]]))))
    ],
    "batches": lambda codes, key: operations.post_many(
        journals=[make_journal(f"{key}/{a}", (a, b, 1)) for a, b in pairwise([*codes, codes[0]])]
    ),
    "decisions": lambda codes, key: decide(codes, key),
    "batches with the house": lambda codes, key: operations.post_many(
        journals=[
            make_journal(f"{key}/{a}", (a, b, 2), (b, "income:commission", 1), (NOSTRO, a, 1))
            for a, b in pairwise(codes)
        ]
    ),
}


def test_crossing_transfers_between_the_same_accounts_never_deadlock() -> None:
    codes = open_deposits(*"12345")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    operations.post_many(journals=[make_journal(f"in {code}", (NOSTRO, code, 10_000)) for code in codes])

    def crossing(name: str, number: int) -> Callable[[], None]:
        order = codes[number % 5 :] + codes[: number % 5]
        order = order if number % 2 else order[::-1]

        def run() -> None:
            for turn in range(20):
                results = CROSSINGS[name.removesuffix(" at once")](order, f"{name}/{number}/{turn}")
                assert {type(result) for result in results} == {Posted}

        return run

    for name in CROSSINGS:
        assert race(*[crossing(name, number) for number in range(8)]) == [None] * 8
    assert race(*[crossing(name + " at once", number) for number, name in enumerate(CROSSINGS)]) == [None] * 5
    assert sum(queries.balances(codes=codes).values()) == 50_000
    assert not operations.verify().problems


def test_a_journal_reversed_sixteen_times_at_once_is_reversed_once() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    for credit in ("income:commission", "deposit:1"):
        operations.post(journal=make_journal(f"before {credit}", (NOSTRO, credit, 100)))
        wrong = operations.post(journal=make_journal(f"wrong {credit}", (NOSTRO, credit, 7)))
        results = race(
            *[
                lambda number=number, wrong=wrong: operations.reverse(
                    journal_id=wrong.journal_id, key=f"back {wrong.key} {number}", reason="wrong", at=AT
                )
                for number in range(16)
            ]
        )
        assert Counter(type(result).__name__ for result in results) == {"Posted": 1, "AlreadyReversed": 15}
        assert queries.balance(code=credit) == 100


def test_one_reversal_sent_sixteen_times_at_once_is_one() -> None:
    [one] = open_deposits("1")
    wrong = pay_in(one, 7)
    back = lambda: operations.reverse(journal_id=wrong.journal_id, key="back", reason="wrong", at=AT)  # noqa: E731
    results = race(*[back] * 16)
    assert Counter(result.replayed for result in results) == {False: 1, True: 15}
    assert queries.balance(code=one) == 0


def test_an_account_is_not_closed_under_a_posting() -> None:
    [two] = open_deposits("2")
    pay_in(two, 100)
    for turn in range(10):
        spec = chart.held(turn, "EUR")
        operations.open_account(spec=spec, at=AT)
        results = race(
            lambda spec=spec: operations.close_account(code=spec.code, at=AT),
            *[
                lambda spec=spec, n=n: operations.post(journal=make_journal(f"{spec.code}/{n}", (two, spec.code, 1)))
                for n in range(3)
            ],
        )
        outcome = [type(result).__name__ for result in results]
        assert outcome in (["NoneType", *["AccountClosed"] * 3], ["AccountNotEmpty", *["Posted"] * 3])
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


def test_a_month_without_its_table_gets_one_while_many_post(fresh_database: Database) -> None:
    deposits = open_deposits(*map(str, range(8)))
    with fresh_database.connect(role="owner") as owner, owner.cursor() as cursor:
        cursor.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')")
        [month] = cursor.fetchone()
        cursor.execute(f"DROP TABLE ledger_transfer_{month}")
    owner.close()
    results = race(*[lambda code=code: pay_in(code, 3) for code in deposits])
    assert [type(result).__name__ for result in results] == ["Posted"] * 8
    assert queries.balance(code=NOSTRO) == 24
