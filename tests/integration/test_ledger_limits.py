"""Sums beyond 64 bits, the same batches at once, and what was recorded by an instant."""

from collections import Counter
from collections.abc import Iterator

import pytest

from payments import chart
from payments.ledger import operations, queries
from payments.ledger.fetching import rows
from payments.ledger.journal import MAX_AMOUNT
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.races import in_open_transaction, race


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


def test_a_hot_account_is_read_whatever_its_sums() -> None:
    operations.open_accounts(specs=[chart.nostro("main", "EUR"), chart.income("fees", "EUR")], at=AT)
    for turn in range(4):
        transfers = [(NOSTRO, "income:fees", MAX_AMOUNT)] * 30_000
        operations.post(journal=make_journal(f"huge {turn}", *transfers))
    total = 4 * 30_000 * MAX_AMOUNT
    assert queries.balance(code=NOSTRO) == queries.balance(code=NOSTRO, at=AT) == total
    assert [line.debits + line.credits for line in queries.trial_balance()] == [total, total]
    assert queries.statement(code=NOSTRO, limit=3).closing == total
    assert not operations.verify().problems


def test_batches_with_the_same_keys_between_hot_accounts_answer_all_twelve_callers() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.income("commission", "EUR"), at=AT)
    journals = [make_journal(f"k{number}", (NOSTRO, "income:commission", 1)) for number in range(8)]
    orders = (journals, journals[::-1]) * 6
    results = race(*[lambda order=order: operations.post_many(journals=order) for order in orders])
    assert [str(result) for result in results if isinstance(result, Exception)] == []
    assert Counter(result.replayed for each in results for result in each) == {False: 8, True: 88}


def test_what_was_recorded_by_a_sealed_instant_does_not_change_when_a_slower_transaction_commits() -> None:
    one, two = open_deposits("1", "2")
    with in_open_transaction(lambda: pay_in(two, 7)):
        pay_in(one, 5)
        operations.seal()
    # The seal was cut before the slower transaction, which is recorded before it: the answer counts both from now on.
    operations.seal()
    [[instant]] = rows("SELECT max(sealed_at) FROM ledger_seal")
    before = queries.balance(code=NOSTRO, at=instant, as_recorded=True)
    operations.write_closings(at=None)
    pay_in(two, 9)
    operations.seal()
    operations.write_closings(at=None)
    assert queries.balance(code=NOSTRO, at=instant, as_recorded=True) == before == 12
