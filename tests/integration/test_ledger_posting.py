"""What posting does and refuses, one account book at a time."""

from datetime import timedelta

import pytest
from django.db import transaction

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import MAX_AMOUNT, Journal, Posted, Transfer
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

pytestmark = pytest.mark.django_db


def balances(*codes: str) -> list[int]:
    return list(queries.balances(codes=codes).values())


def test_posting_moves_the_amount_from_credit_to_debit() -> None:
    [deposit] = open_deposits("1")
    posted = pay_in(deposit, 500)
    assert not posted.replayed
    assert balances(NOSTRO, deposit) == [500, 500]


def test_a_key_seen_before_with_the_same_input_returns_what_was_posted_then() -> None:
    [deposit] = open_deposits("1")
    first = pay_in(deposit, 500, key="k")
    again = pay_in(deposit, 500, key="k")
    assert again == Posted(first.journal_id, "k", replayed=True)
    assert balances(deposit) == [500]


@pytest.mark.parametrize(
    "change",
    [
        {"event": "other"},
        {"reference": "order:2"},
        {"happened_at": AT + timedelta(seconds=1)},
        {"transfers": (Transfer(NOSTRO, "deposit:1", 501),)},
        {"transfers": (Transfer(NOSTRO, "deposit:2", 500),)},
        {"metadata": {"note": "x"}},
        {"currency": "USD"},
    ],
)
def test_a_key_used_for_other_input_is_refused_and_moves_nothing(change: dict) -> None:
    open_deposits("1", "2")
    said = make_journal("k", (NOSTRO, "deposit:1", 500))
    operations.post(journal=said)
    fields = {name: getattr(said, name) for name in Journal.__slots__} | change
    with pytest.raises(errors.KeyReused):
        operations.post(journal=Journal(**fields))
    assert balances("deposit:1", "deposit:2") == [500, 0]


def test_spending_more_than_there_is_names_what_is_available_and_leaves_the_key_free() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    with pytest.raises(errors.InsufficientFunds) as refusal:
        operations.post(journal=make_journal("k", (one, two, 101)))
    assert (refusal.value.account, refusal.value.available, refusal.value.needed) == (one, 100, 101)
    assert balances(one, two) == [100, 0]
    assert not operations.post(journal=make_journal("k", (one, two, 100))).replayed
    assert balances(one, two) == [0, 100]


def test_an_overdraft_can_be_drawn_to_its_last_cent() -> None:
    [one] = open_deposits("1", overdraft=5000)
    operations.post(journal=make_journal("a", (one, NOSTRO, 5000)))
    assert balances(one) == [-5000]
    with pytest.raises(errors.InsufficientFunds) as refusal:
        operations.post(journal=make_journal("b", (one, NOSTRO, 1)))
    assert (refusal.value.available, refusal.value.needed) == (0, 1)


def test_a_floor_holds_after_a_journal_not_between_its_transfers() -> None:
    one, two = open_deposits("1", "2")
    operations.post(journal=make_journal("k", (one, two, 70), (NOSTRO, one, 70)))
    assert balances(one, two) == [0, 70]


def test_an_asset_with_a_floor_cannot_be_credited_below_it() -> None:
    open_deposits("1")
    operations.open_account(spec=chart.loan_principal(7, "EUR"), at=AT)
    operations.post(journal=make_journal("lend", ("loan:7:principal", "deposit:1", 300)))
    with pytest.raises(errors.InsufficientFunds) as refusal:
        operations.post(journal=make_journal("repay", ("deposit:1", "loan:7:principal", 301)))
    assert refusal.value.needed == 301
    operations.post(journal=make_journal("repay", ("deposit:1", "loan:7:principal", 300)))
    assert balances("loan:7:principal", "deposit:1") == [0, 0]


def test_a_journal_is_posted_whole_or_not_at_all() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    with pytest.raises(errors.UnknownAccount) as refusal:
        operations.post(journal=make_journal("k", (one, two, 40), (one, "deposit:none", 10)))
    assert refusal.value.account == "deposit:none"
    assert balances(one, two) == [100, 0]
    assert queries.journals_for(reference="order:1")[1:] == []


def test_a_journal_in_another_currency_than_its_account_is_refused() -> None:
    one, two = open_deposits("1", "2")
    with pytest.raises(errors.CurrencyMismatch) as refusal:
        operations.post(journal=make_journal("k", (one, two, 1), currency="USD"))
    assert refusal.value.account == one
    operations.open_account(spec=chart.deposit("usd", "USD"), at=AT)
    with pytest.raises(errors.CurrencyMismatch):
        operations.post(journal=make_journal("k", (NOSTRO, "deposit:usd", 1)))
    assert balances(one, two, "deposit:usd") == [0, 0, 0]


@pytest.mark.parametrize("amount", [0, -1, 1.0, True, MAX_AMOUNT + 1, 2**70, None])
def test_an_amount_that_is_not_whole_and_positive_is_refused(amount: object) -> None:
    [one] = open_deposits("1")
    with pytest.raises(errors.InvalidAmount):
        operations.post(journal=make_journal("k", (NOSTRO, one, amount)))
    assert balances(one) == [0]


@pytest.mark.parametrize(
    "said",
    [
        make_journal("", (NOSTRO, "deposit:1", 1)),
        make_journal("k"),
        make_journal("k", ("deposit:1", "deposit:1", 1)),
        make_journal("k", (NOSTRO, "deposit:1", 1), at=AT.replace(tzinfo=None)),
        make_journal("k", (NOSTRO, "deposit:1", 1), metadata={"rate": 0.5}),
        make_journal("k", (NOSTRO, "deposit:1", 1), reference="nul \x00"),
        make_journal("k", (NOSTRO, "deposit:1", 1), metadata={"half": "\ud800"}),
    ],
)
def test_a_journal_no_book_could_take_is_refused_in_a_sentence(said: Journal) -> None:
    open_deposits("1")
    with pytest.raises(errors.InvalidJournal):
        operations.post(journal=said)


def test_text_of_any_language_and_quoting_is_kept_as_it_was(settings: object) -> None:
    settings.RIALTO_CHECKS = []
    [one] = open_deposits("1")
    metadata = {"note": 'a "quoted" \\ {brace}, NULL', "名": ["空", None, True, {"n": -7}]}
    posted = operations.post(journal=make_journal("клю́ч ☕", (NOSTRO, one, 1), reference='re"f,\\x', metadata=metadata))
    kept = queries.journal(journal_id=posted.journal_id)
    assert (kept.reference, kept.metadata) == ('re"f,\\x', metadata)
    assert not operations.verify().problems


def test_in_a_batch_a_refused_journal_does_not_harm_the_others() -> None:
    one, two, three = open_deposits("1", "2", "3")
    results = operations.post_many(
        journals=[
            make_journal("a", (one, two, 10)),
            make_journal("b", (NOSTRO, one, 10)),
            make_journal("c", (one, two, 10)),
            make_journal("d", (two, three, 11)),
            make_journal("e", (two, "deposit:none", 1)),
            make_journal("f", (two, three, 0)),
            make_journal("g", (two, three, 10)),
        ]
    )
    assert [type(result) for result in results] == [
        errors.InsufficientFunds,
        Posted,
        Posted,
        errors.InsufficientFunds,
        errors.UnknownAccount,
        errors.InvalidAmount,
        Posted,
    ]
    assert balances(one, two, three) == [0, 0, 10]


def test_a_key_twice_in_a_batch_means_what_it_means_in_two_calls() -> None:
    one, two = open_deposits("1", "2")
    results = operations.post_many(
        journals=[
            make_journal("k", (one, two, 10)),
            make_journal("in", (NOSTRO, one, 10)),
            make_journal("k", (one, two, 10)),
            make_journal("k", (one, two, 10)),
            make_journal("k", (one, two, 9)),
        ]
    )
    assert isinstance(results[0], errors.InsufficientFunds)
    assert results[3] == Posted(results[2].journal_id, "k", replayed=True)
    assert isinstance(results[4], errors.KeyReused)
    assert balances(one, two) == [0, 10]


def test_an_empty_batch_posts_nothing() -> None:
    assert operations.post_many(journals=[]) == []


def test_a_batch_is_one_statement(django_assert_num_queries: object) -> None:
    deposits = open_deposits(*map(str, range(50)))
    with django_assert_num_queries(1):
        operations.post_many(journals=[make_journal(code, (NOSTRO, code, 5)) for code in deposits])


def test_a_transaction_stays_usable_after_a_refusal_and_takes_the_posting_back_with_it() -> None:
    one, two = open_deposits("1", "2")
    with transaction.atomic():
        pay_in(one, 10, key="k")
        with pytest.raises(errors.InsufficientFunds):
            operations.post(journal=make_journal("x", (two, one, 1)))
        assert balances(one) == [10]
        transaction.set_rollback(True)
    assert balances(one) == [0]
    assert not pay_in(one, 10, key="k").replayed


def test_a_reversal_is_the_mirror_image_and_names_the_journal() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    wrong = operations.post(journal=make_journal("k", (one, two, 30), (NOSTRO, two, 5)))
    undone = operations.reverse(journal_id=wrong.journal_id, key="undo", reason="typed twice", at=AT)
    assert balances(NOSTRO, one, two) == [100, 100, 0]
    kept = queries.journal(journal_id=undone.journal_id)
    assert kept.transfers == (Transfer(two, one, 30), Transfer(two, NOSTRO, 5))
    assert kept.metadata == {"reverses": wrong.journal_id, "reason": "typed twice"}
    again = operations.reverse(journal_id=wrong.journal_id, key="undo", reason="typed twice", at=AT)
    assert again == Posted(undone.journal_id, "undo", replayed=True)


def test_a_second_reversal_is_refused() -> None:
    [one] = open_deposits("1")
    wrong = pay_in(one, 100)
    pay_in(one, 300)
    operations.reverse(journal_id=wrong.journal_id, key="undo", reason="wrong", at=AT)
    with pytest.raises(errors.AlreadyReversed):
        operations.reverse(journal_id=wrong.journal_id, key="undo again", reason="wrong", at=AT)
    assert balances(one) == [300]


def test_a_reversal_may_not_break_a_floor_and_can_be_tried_again() -> None:
    one, two = open_deposits("1", "2")
    wrong = pay_in(one, 100)
    operations.post(journal=make_journal("spend", (one, two, 100)))
    with pytest.raises(errors.InsufficientFunds):
        operations.reverse(journal_id=wrong.journal_id, key="undo", reason="wrong", at=AT)
    operations.post(journal=make_journal("back", (two, one, 100)))
    operations.reverse(journal_id=wrong.journal_id, key="undo", reason="wrong", at=AT)
    assert balances(NOSTRO, one) == [0, 0]


def test_reversing_what_is_not_there_is_refused() -> None:
    with pytest.raises(errors.UnknownJournal):
        operations.reverse(journal_id=10**12, key="undo", reason="wrong", at=AT)


def test_opening_the_same_account_again_changes_nothing() -> None:
    [one] = open_deposits("1")
    pay_in(one, 5)
    open_deposits("1")
    assert balances(one) == [5]


def test_an_account_that_exists_with_another_definition_is_refused_and_none_is_opened() -> None:
    open_deposits("1")
    with pytest.raises(errors.AccountExists) as refusal:
        operations.open_accounts(specs=[chart.deposit("new", "EUR"), chart.deposit("1", "EUR", 100)], at=AT)
    assert refusal.value.account == "deposit:1"
    with pytest.raises(errors.UnknownAccount):
        queries.balance(code="deposit:new")


def test_an_account_closes_only_at_zero_and_then_takes_no_transfer() -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 5)
    with pytest.raises(errors.AccountNotEmpty):
        operations.close_account(code=one, at=AT)
    operations.post(journal=make_journal("k", (one, two, 5)))
    operations.close_account(code=one, at=AT)
    operations.close_account(code=one, at=AT)
    with pytest.raises(errors.AccountClosed) as refusal:
        operations.post(journal=make_journal("late", (two, one, 5)))
    assert refusal.value.account == one
    assert operations.post(journal=make_journal("k", (one, two, 5))).replayed
    assert balances(one, two) == [0, 5]


def test_a_hot_account_closes_only_at_zero_too() -> None:
    [one] = open_deposits("1")
    pay_in(one, 5)
    with pytest.raises(errors.AccountNotEmpty):
        operations.close_account(code=NOSTRO, at=AT)
    operations.post(journal=make_journal("out", (one, NOSTRO, 5)))
    operations.close_account(code=NOSTRO, at=AT)
    with pytest.raises(errors.AccountClosed):
        pay_in(one, 6)


def test_closing_an_account_that_is_not_there_is_refused() -> None:
    with pytest.raises(errors.UnknownAccount):
        operations.close_account(code="deposit:none", at=AT)


def test_lock_returns_balances_on_the_normal_side() -> None:
    [one] = open_deposits("1")
    operations.open_account(spec=chart.loan_fees(3, "EUR"), at=AT)
    operations.post(journal=make_journal("k", ("loan:3:fees", one, 40)))
    with transaction.atomic():
        assert operations.lock(codes=[one, "loan:3:fees"]) == {one: 40, "loan:3:fees": 40}


def test_lock_refuses_what_it_could_not_hold() -> None:
    open_deposits("1")
    with transaction.atomic():
        with pytest.raises(errors.UnknownAccount):
            operations.lock(codes=["deposit:none"])
        with pytest.raises(errors.AccountNotHeld):
            operations.lock(codes=[NOSTRO])


def test_house_accounts_of_two_currencies_stand_side_by_side() -> None:
    operations.open_accounts(specs=[*chart.house_accounts("EUR"), *chart.house_accounts("BRL")], at=AT)
    operations.post(journal=make_journal("k", (NOSTRO + ":BRL", "income:commission:BRL", 9), currency="BRL"))
    assert balances("income:commission", "income:commission:BRL") == [0, 9]
