"""What no book can take is refused in one sentence: nothing moves, and the key is still free."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import connection, transaction

from payments import chart
from payments.ledger import errors, operations, queries
from payments.ledger.journal import MAX_AMOUNT, MAX_TRANSFERS, AccountSpec, Journal, Posted, Transfer
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

pytestmark = pytest.mark.django_db
SOUND = make_journal("k", ("deposit:1", "deposit:2", 60))


@pytest.fixture(autouse=True)
def _book(db: None, settings: object) -> None:
    settings.RIALTO_CHECKS = []
    one, _ = open_deposits("1", "2")
    pay_in(one, 100)


def is_one_sentence(error: Exception) -> bool:
    text = str(error)
    return text.isprintable() and len(text) < 400 and bool(re.fullmatch(r"[A-Za-z].*[^.]\.", text)) and ". " not in text


@contextmanager
def refused(kind: type[errors.LedgerError], **fields: object) -> Iterator[None]:
    """Expect exactly this refusal in one sentence, that nothing moved, and that the key `k` is still free."""
    before = queries.trial_balance()
    with pytest.raises(errors.LedgerError) as refusal:
        yield
    assert type(refusal.value) is kind
    assert is_one_sentence(refusal.value), str(refusal.value)
    assert {name: getattr(refusal.value, name) for name in fields} == fields
    assert queries.trial_balance() == before
    assert queries.posted(keys=["k"]) == set()
    with transaction.atomic():
        assert operations.post(journal=SOUND).replayed is False
        transaction.set_rollback(True)


class Seven:
    """Something that is no number and says so at length."""

    def __repr__(self) -> str:
        return "seven\n" * 1000


@pytest.mark.parametrize(
    "amount",
    [0, -1, -(2**63), 1.0, 0.5, float("nan"), float("inf"), Decimal(1), Decimal("0.01"), Decimal("NaN"), Fraction(1, 2),
     True, False, None, "5", b"5", MAX_AMOUNT + 1, 2**63 - 1, 2**63, 2**64, 10**5000, -(10**5000), [1], Seven()],
    ids=errors.shown,
)  # fmt: skip
def test_an_amount_that_is_not_whole_positive_and_allowed_is_refused(amount: object) -> None:
    with refused(errors.InvalidAmount):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:2", amount)))
    with refused(errors.InvalidAmount):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:2", 1), ("deposit:1", "deposit:2", amount)))


def test_the_greatest_amount_is_posted_to_the_unit() -> None:
    operations.post(journal=make_journal("k", (NOSTRO, "deposit:2", MAX_AMOUNT)))
    assert queries.balance(code="deposit:2") == MAX_AMOUNT


def test_an_unknown_account_is_named_on_either_side() -> None:
    for transfer in (("deposit:1", "deposit:none", 5), ("deposit:none", "deposit:1", 5)):
        with refused(errors.UnknownAccount, account="deposit:none"):
            operations.post(journal=make_journal("k", transfer))
    for call in (
        lambda: operations.close_account(code="deposit:none", at=AT),
        lambda: operations.lock(codes=["deposit:1", "deposit:none"]),
        lambda: queries.balance(code="deposit:none"),
        lambda: queries.statement(code="deposit:none"),
    ):
        with refused(errors.UnknownAccount, account="deposit:none"):
            call()


def test_a_closed_account_takes_no_transfer_on_either_side() -> None:
    operations.open_account(spec=chart.held(1, "EUR"), at=AT)
    operations.close_account(code="held:1", at=AT)
    for transfer in (("deposit:1", "held:1", 5), ("held:1", "deposit:1", 5)):
        with refused(errors.AccountClosed, account="held:1"):
            operations.post(journal=make_journal("k", transfer))


def test_a_duplicate_account_with_another_definition_is_refused_and_none_is_opened() -> None:
    new = chart.deposit("new", "EUR")
    for clash in (
        chart.deposit("1", "USD"),
        chart.deposit("1", "EUR", 100),
        chart.deposit("1", "EUR", owner="user:7"),
        replace(chart.deposit("1", "EUR"), floor=None),
        replace(chart.deposit("1", "EUR"), floor=None, hot=True),
        replace(chart.deposit("1", "EUR"), account_class="asset"),
        replace(chart.deposit("1", "EUR"), normal_side="debit"),
    ):
        with refused(errors.AccountExists, account="deposit:1"):
            operations.open_accounts(specs=[new, clash], at=AT)
    with refused(errors.AccountExists, account="deposit:new"):
        operations.open_accounts(specs=[new, replace(new, owner="user:7")], at=AT)
    with pytest.raises(errors.UnknownAccount):
        queries.balance(code="deposit:new")


def test_a_transfer_to_itself_is_refused() -> None:
    with refused(errors.InvalidJournal):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:1", 5)))
    with refused(errors.InvalidJournal):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:2", 5), ("deposit:2", "deposit:2", 5)))


def test_currencies_are_not_mixed() -> None:
    operations.open_account(spec=chart.deposit("usd", "USD"), at=AT)
    with refused(errors.CurrencyMismatch, account="deposit:usd"):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:usd", 5)))
    with refused(errors.CurrencyMismatch, account="deposit:1"):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:usd", 5), currency="USD"))
    with refused(errors.CurrencyMismatch):
        operations.post(journal=make_journal("k", ("deposit:1", "deposit:2", 5), currency="USD"))


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "€UR", "ÉUR", "EU\x00", "E R", "\ud800UR", None, 978, b"EUR"])
def test_what_is_no_currency_is_refused(currency: object) -> None:
    with refused(errors.InvalidJournal):
        operations.post(journal=replace(SOUND, currency=currency))
    with refused(errors.InvalidAccount):
        operations.open_account(spec=AccountSpec("deposit:new", "liability", currency, "credit"), at=AT)


KEYS = {
    "one character": "x",
    "a space": " ",
    "NUL": "\x00",
    "NUL inside": "a\x00b",
    "NUL at the end": "a\x00",
    "line ends": "a\r\n\u2028b",
    "quotes": "'\"\\{},NULL;--$1%s%(x)s",
    "emoji": "👩‍👩‍👧‍👦",
    "half a surrogate pair": "\ud83d",
    "both halves apart": "\ud83d\ude00",
    "both halves as one": "😀",
    "composed": unicodedata.normalize("NFC", "é"),
    "decomposed": unicodedata.normalize("NFD", "é"),
    "Latin a": "a",
    "Cyrillic a": "а",
    "capital": "A",
    "a and a space": "a ",
    "right to left": "\u202ea",
    "its own hash": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
    "a megabyte": "x" * 1_000_000,
    "a megabyte and one": "x" * 1_000_001,
    "a megabyte of emoji": "😀" * 250_000,
}


def test_a_key_may_be_any_text_and_stands_for_itself_alone() -> None:
    journals = [replace(SOUND, key=key, transfers=(Transfer("deposit:1", "deposit:2", 1),)) for key in KEYS.values()]
    first = [operations.post(journal=said) for said in journals]
    again = operations.post_many(journals=journals)
    assert [result.replayed for result in first] == [False] * len(KEYS)
    assert len({result.journal_id for result in first}) == len(KEYS)
    assert again == [Posted(result.journal_id, result.key, replayed=True) for result in first]
    assert queries.posted(keys=[*KEYS.values(), "y"]) == set(KEYS.values())
    assert queries.balance(code="deposit:2") == len(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_a_refusal_under_any_key_is_one_sentence(name: str) -> None:
    said = replace(SOUND, key=KEYS[name])
    for journal in (replace(said, event=""), replace(said, transfers=(Transfer("deposit:1", "deposit:1", 1),))):
        with refused(errors.InvalidJournal):
            operations.post(journal=journal)
    with refused(errors.InvalidAmount):
        operations.post(journal=replace(said, transfers=(Transfer("deposit:1", "deposit:2", 0),)))
    operations.post(journal=said)
    with pytest.raises(errors.KeyReused) as refusal:
        operations.post(journal=replace(said, event="other"))
    assert is_one_sentence(refusal.value)


@pytest.mark.parametrize("key", ["", None, 7, b"k", ("k",), 1.5])
def test_without_a_key_nothing_is_posted(key: object) -> None:
    with refused(errors.InvalidJournal):
        operations.post(journal=replace(SOUND, key=key))


HOSTILE = "'; DROP TABLE ledger_transfer; -- \\ \" {} %s %(x)s $1 \t\r\n\u2028\u202e é é 👩‍👩‍👧 <script>"


def test_hostile_text_is_kept_as_it_came() -> None:
    metadata = {HOSTILE: [HOSTILE, {HOSTILE: None}], "": "", "\u0001": 2**63 - 1, "in": {"n": [-(2**63), [], {}, True]}}
    said = replace(SOUND, event=HOSTILE, reference=HOSTILE, metadata=metadata)
    posted = operations.post(journal=said)
    [kept] = queries.journals_for(reference=HOSTILE)
    assert (kept.journal_id, kept.event, kept.reference) == (posted.journal_id, HOSTILE, HOSTILE)
    assert kept.metadata == metadata
    assert operations.post(journal=said).replayed
    assert not operations.verify().problems


def test_hostile_account_codes_are_codes_like_others() -> None:
    code = "deposit:" + HOSTILE
    operations.open_account(spec=AccountSpec(code, "liability", "EUR", "credit", floor=0, owner=HOSTILE), at=AT)
    operations.post(journal=make_journal("k", ("deposit:1", code, 7)))
    assert queries.balances(codes=[code, "deposit:1"]) == {code: 7, "deposit:1": 93}
    assert queries.statement(code=code).lines[0].balance == 7
    with pytest.raises(errors.InsufficientFunds) as refusal:
        operations.post(journal=make_journal("l", (code, "deposit:1", 8)))
    assert refusal.value.account == code
    assert is_one_sentence(refusal.value)
    assert not operations.verify().problems


def nested(depth: int) -> dict:
    inner: dict = {}
    for _ in range(depth):
        inner = {"in": inner}
    return inner


def endless() -> dict:
    inner: dict = {}
    inner["in"] = inner
    return inner


@pytest.mark.parametrize(
    "change",
    [
        {"event": ""},
        {"event": None},
        {"event": b"pay"},
        {"event": "a\x00"},
        {"event": "\ud800"},
        {"event": "x" * 501},
        {"reference": None},
        {"reference": 7},
        {"reference": "a\x00"},
        {"reference": "\udfff"},
        {"reference": "x" * 501},
        {"reference": "x" * 100_000},
        {"metadata": None},
        {"metadata": []},
        {"metadata": "text"},
        {"metadata": {"rate": 0.5}},
        {"metadata": {"rate": float("nan")}},
        {"metadata": {"rate": Decimal("0.5")}},
        {"metadata": {"at": AT}},
        {"metadata": {"bytes": b"x"}},
        {"metadata": {"set": {1}}},
        {"metadata": {1: "x"}},
        {"metadata": {"a\x00": 1}},
        {"metadata": {"a": "\x00"}},
        {"metadata": {"a": "\ud800"}},
        {"metadata": {"a": ["\ud800"]}},
        {"metadata": {"a": 2**63}},
        {"metadata": {"a": 10**5000}},
        {"metadata": {"a": "x" * 1_000_001}},
        {"metadata": {"a": ["x" * 1000] * 1001}},
        {"metadata": nested(21)},
        {"metadata": nested(100_000)},
        {"metadata": endless()},
        {"happened_at": None},
        {"happened_at": "2026-03-02"},
        {"happened_at": AT.date()},
        {"happened_at": AT.replace(tzinfo=None)},
        {"happened_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
        {"happened_at": datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12)))},
        {"transfers": ()},
        {"transfers": None},
        {"transfers": (Transfer("deposit:1", "deposit:2", 1),) * (MAX_TRANSFERS + 1)},
        {"transfers": (Transfer("deposit:1", "a\x00", 1),)},
        {"transfers": (Transfer("\ud800", "deposit:1", 1),)},
        {"transfers": (Transfer("deposit:1", None, 1),)},
        {"transfers": (Transfer(None, None, 1),)},
        {"transfers": (Transfer(b"deposit:1", "deposit:2", 1),)},
    ],
)
def test_a_journal_that_no_book_could_take_is_refused(change: dict[str, object]) -> None:
    with refused(errors.InvalidJournal):
        operations.post(journal=replace(SOUND, **change))
    beside = make_journal("other", ("deposit:1", "deposit:2", 1))
    results = operations.post_many(journals=[beside, replace(SOUND, **change)])
    assert [type(result) for result in results] == [Posted, errors.InvalidJournal]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime(1, 1, 2, tzinfo=timezone(timedelta(hours=14))),
        datetime(1883, 11, 18, 12, tzinfo=timezone(-timedelta(hours=4, minutes=56, seconds=2))),
        datetime(2026, 3, 2, tzinfo=timezone(timedelta(microseconds=1))),
    ],
)
def test_any_moment_with_a_zone_in_our_calendar_is_kept_to_the_microsecond(moment: datetime) -> None:
    posted = operations.post(journal=replace(SOUND, happened_at=moment))
    assert queries.journal(journal_id=posted.journal_id).happened_at == moment
    assert queries.balance(code="deposit:2", at=moment.astimezone(UTC)) == 60
    assert operations.post(journal=replace(SOUND, happened_at=moment.astimezone(UTC))).replayed
    assert not operations.verify().problems


@pytest.mark.parametrize(
    "change",
    [
        {"code": ""},
        {"code": None},
        {"code": "a\x00"},
        {"code": "\ud800"},
        {"code": "x" * 501},
        {"code": "x" * 100_000},
        {"account_class": "wealth"},
        {"account_class": None},
        {"normal_side": "left"},
        {"floor": 0.5},
        {"floor": True},
        {"floor": "0"},
        {"floor": 2**63},
        {"floor": -(10**5000)},
        {"floor": 0, "hot": True},
        {"hot": None},
        {"hot": 1},
        {"owner": None},
        {"owner": "a\x00"},
        {"owner": "x" * 501},
    ],
)
def test_an_account_that_no_book_could_open_is_refused_and_none_is_opened(change: dict[str, object]) -> None:
    sound = chart.deposit("new", "EUR")
    with refused(errors.InvalidAccount):
        operations.open_accounts(specs=[sound, replace(sound, **change)], at=AT)
    with pytest.raises(errors.UnknownAccount):
        queries.balance(code="deposit:new")


@pytest.mark.parametrize("code", ["", "a\x00", "\ud800", "x" * 100_000, None, 7])
def test_asking_for_what_can_be_no_account_is_refused_like_asking_for_any_unknown_one(code: object) -> None:
    for call in (
        lambda: operations.close_account(code=code, at=AT),
        lambda: operations.lock(codes=[code]),
        lambda: queries.balance(code=code),
        lambda: queries.balance(code=code, at=AT),
        lambda: queries.statement(code=code),
    ):
        with refused(errors.UnknownAccount, account=code):
            call()


@pytest.mark.parametrize("journal_id", [0, -1, 10**12, 2**63, 10**5000, None, "1", 1.0, True], ids=errors.shown)
def test_what_can_be_no_journal_is_not_there(journal_id: object) -> None:
    with refused(errors.UnknownJournal):
        operations.reverse(journal_id=journal_id, key="k", reason="wrong", at=AT)
    with refused(errors.UnknownJournal):
        queries.journal(journal_id=journal_id)


@pytest.mark.parametrize(
    "change", [{"reason": "\x00"}, {"reason": 0.5}, {"key": ""}, {"at": AT.replace(tzinfo=None)}], ids=str
)
def test_a_reversal_is_held_to_the_same(change: dict[str, object]) -> None:
    wrong = operations.post(journal=make_journal("wrong", ("deposit:1", "deposit:2", 40)))
    back = {"journal_id": wrong.journal_id, "key": "back", "reason": "wrong", "at": AT}
    with transaction.atomic():
        with pytest.raises(errors.InvalidJournal) as refusal:
            operations.reverse(**back | change)
    assert is_one_sentence(refusal.value)
    assert queries.balance(code="deposit:2") == 40
    operations.reverse(**back)
    assert queries.balance(code="deposit:2") == 0


def test_references_that_no_journal_can_have_find_nothing() -> None:
    assert queries.journals_for(reference="a\x00") == []
    assert queries.journals_for(reference="\ud800") == []


def huge(key: str, debit: str, credit: str) -> Journal:
    """Return a journal that moves about a third of what 64 bits can count."""
    return make_journal(key, *((debit, credit, MAX_AMOUNT) for _ in range(30_000)))


def test_the_journal_that_would_take_an_account_beyond_64_bits_is_refused_and_harms_no_other() -> None:
    said = [huge(f"huge {number}", NOSTRO, "deposit:2") for number in range(4)]
    results = operations.post_many(journals=said)
    posted = sum(isinstance(result, Posted) for result in results)
    assert 1 <= posted <= 3
    assert {type(result) for result in results[posted:]} == {errors.SumTooLarge}
    assert queries.balance(code="deposit:2") == posted * 30_000 * MAX_AMOUNT
    with refused(errors.SumTooLarge, account="deposit:2"):
        operations.post(journal=replace(said[3], key="k"))
    assert not operations.verify().problems


def ten_thousand(amount: Callable[[int], int]) -> Journal:
    pairs = [(NOSTRO, "deposit:2"), ("deposit:2", "deposit:1"), ("deposit:1", "deposit:2")]
    return make_journal("many", *((*pairs[number % 3], amount(number)) for number in range(10_000)))


def test_ten_thousand_transfers_in_one_journal_are_posted_and_reversed_whole() -> None:
    posted = operations.post(journal=ten_thousand(lambda number: 1 + number // 3))
    kept = queries.journal(journal_id=posted.journal_id)
    assert kept.transfers == ten_thousand(lambda number: 1 + number // 3).transfers
    assert queries.balance(code="deposit:2") == sum(range(1, 3335))
    assert operations.post(journal=ten_thousand(lambda number: 1 + number // 3)).replayed
    operations.reverse(journal_id=posted.journal_id, key="back", reason="wrong", at=AT)
    assert queries.balances(codes=["deposit:1", "deposit:2"]) == {"deposit:1": 100, "deposit:2": 0}
    assert not operations.verify().problems


def test_of_ten_thousand_transfers_one_too_many_refuses_all() -> None:
    said = ten_thousand(lambda number: 1)
    with refused(errors.InsufficientFunds, account="deposit:1", available=100, needed=101):
        operations.post(journal=replace(said, transfers=(*said.transfers, Transfer("deposit:1", NOSTRO, 101))))
    with refused(errors.UnknownAccount, account="deposit:none"):
        operations.post(journal=replace(said, transfers=(*said.transfers, Transfer("deposit:1", "deposit:none", 1))))
    assert connection.in_atomic_block
