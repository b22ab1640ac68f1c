"""Whatever is edited, removed, added or reordered behind the application's back is named."""

import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from psycopg2.extensions import parse_dsn

from payments import chart
from payments.ledger import operations, queries, seals
from payments.ledger.fetching import rows
from payments.ledger.journal import AccountSpec
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def book(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> Iterator[list[int]]:
    """Open a book of six journals under two seals, one closing and one unsealed journal; yield their ids."""
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        one, two = open_deposits("1", "2")
        ids = [pay_in(one, amount).journal_id for amount in (100, 200)]
        operations.seal()
        ids.append(operations.post(journal=make_journal("t", (one, two, 250), (NOSTRO, two, 5))).journal_id)
        ids.append(operations.post(journal=make_journal("u", (two, one, 20))).journal_id)
        operations.seal()
        operations.write_closings(at=AT, minimum=1)
        ids.append(pay_in(two, 7).journal_id)
        assert operations.verify().problems == []
        yield ids


def test_a_journal_names_the_seal_that_covers_it(book: list[int]) -> None:
    # Transactions of other databases that are under way may hold a journal back for a later seal.
    *sealed, newest = [queries.journal(journal_id=each).seal for each in book]
    state = queries.seal_state()
    assert (sealed[0], sealed[-1], newest) == (1, state.sequence, None)
    assert sealed == sorted(sealed)
    assert state.unsealed == 1
    assert state.hash == seals.read_heads()[-1][1]


def tamper(database: Database, *statements: str, triggers: bool = False) -> None:
    with closing(database.connect(role="superuser")) as superuser, superuser, superuser.cursor() as cursor:
        if not triggers:
            cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount != 0


def problems() -> str:
    return "\n".join(operations.verify().problems)


@pytest.fixture
def problems_after(fresh_database: Database) -> Iterator[Callable[..., str]]:
    """Return what is found after a superuser's change, which is then undone."""
    user = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = parse_dsn(fresh_database.superuser_url)["user"]

    def change(*statements: str) -> str:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")
                for statement in statements:
                    cursor.execute(statement)
                    assert cursor.rowcount > 0, statement
            found = problems()
            transaction.set_rollback(True)
        return found

    try:
        yield change
        assert problems() == ""
    finally:
        connection.close()
        connection.settings_dict["USER"] = user


def test_a_sound_book_verifies_with_everything_counted() -> None:
    found = operations.verify()
    assert (found.journals, found.transfers, found.seals, found.problems) == (5, 6, 2, [])


CHANGES = (
    "UPDATE ledger_transfer SET amount = amount + 1 WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET debit_id = credit_id, credit_id = debit_id WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET happened_at = happened_at + interval '1 day' WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET currency = 'USD' WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET journal_id = journal_id + 100000 WHERE journal_id = {0}",
    "DELETE FROM ledger_transfer WHERE journal_id = {0}",
    "INSERT INTO ledger_transfer SELECT * FROM ledger_transfer WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET event = 'gift' WHERE journal_id = {0} AND position = 1",
    "UPDATE ledger_transfer SET reference = 'order:2' WHERE journal_id = {0} AND position = 1",
    "UPDATE ledger_transfer SET metadata = '{{\"a\": 1}}' WHERE journal_id = {0} AND position = 1",
    "UPDATE ledger_transfer SET metadata = NULL WHERE journal_id = {0}",
    "UPDATE ledger_transfer SET position = position + 1 WHERE journal_id = {0}",
    "UPDATE ledger_key SET input_hash = ledger_half(sha256('x')) WHERE journal_id = {0}",
    "DELETE FROM ledger_key WHERE journal_id = {0}",
)


def test_a_changed_row_is_named_sealed_or_not(book: list[int], problems_after: Callable[..., str]) -> None:
    changed = [book[0], book[2], book[4]]
    for change in CHANGES:
        found = problems_after(*(change.format(journal_id) for journal_id in changed))
        assert [journal_id for journal_id in book if f"journal {journal_id} " in found] == changed, change


def test_a_sealed_row_is_named_even_where_its_own_key_does_not_tell(
    book: list[int], problems_after: Callable[..., str]
) -> None:
    later = "SET recorded_at = recorded_at + interval '1 s' WHERE"
    for changes in (
        (f"UPDATE ledger_transfer {later} journal_id = {book[2]}",),
        (f"UPDATE ledger_transfer SET xid = xid + 1 WHERE journal_id = {book[2]}",),
        (f"UPDATE ledger_key SET hash = ledger_half(sha256('free again')) WHERE journal_id = {book[2]}",),
        (f"UPDATE ledger_key SET reverses = 77 WHERE journal_id = {book[2]}",),
    ):
        assert f"journal {book[2]} " in problems_after(*changes)


def test_a_sealed_journal_removed_with_all_its_traces_is_named(fresh_database: Database, book: list[int]) -> None:
    tamper(
        fresh_database,
        *(f"DELETE FROM {table} WHERE journal_id = {book[2]}" for table in TRACES),
        "UPDATE ledger_balance SET debits = 0, credits = 320 WHERE account_id = "
        "(SELECT id FROM ledger_account WHERE code = 'deposit:1')",
    )
    assert f"seal 2: account or journal {book[2]} was removed" in problems()


TRACES = ("ledger_transfer", "ledger_key")


def test_a_journal_slipped_in_among_sealed_ones_is_named(fresh_database: Database, book: list[int]) -> None:
    tamper(
        fresh_database,
        f"""INSERT INTO ledger_transfer SELECT (jsonb_populate_record(t, '{{"journal_id": 900000}}')).*
        FROM ledger_transfer t WHERE journal_id = {book[0]}""",
    )
    found = problems()
    assert "journal 900000 was added" in found
    assert "seal 1: journal 900000 was added" in found


def test_two_journals_that_changed_places_are_both_named(fresh_database: Database, book: list[int]) -> None:
    tamper(
        fresh_database,
        f"UPDATE ledger_transfer SET journal_id = CASE journal_id WHEN {book[0]} THEN {book[1]} ELSE {book[0]} END "
        f"WHERE journal_id IN ({book[0]}, {book[1]})",
    )
    found = problems()
    assert f"journal {book[0]} " in found
    assert f"journal {book[1]} " in found


def test_an_edited_account_is_named(problems_after: Callable[..., str]) -> None:
    for change in ("floor = -5", "owner = 'user:9'", "hot = true, floor = NULL", "opened_at = now()"):
        found = problems_after(f"UPDATE ledger_account SET {change} WHERE code = 'deposit:2'")
        assert "account deposit:2 was changed" in found, change


def test_an_edited_balance_is_named_with_what_it_should_be(fresh_database: Database) -> None:
    tamper(
        fresh_database,
        "UPDATE ledger_balance SET credits = credits + 1 WHERE account_id = "
        "(SELECT id FROM ledger_account WHERE code = 'deposit:2')",
        triggers=True,
    )
    assert problems() == (
        "deposit:2 shows debits 20 and credits 263 of 4 transfers; there are 4 and they sum to 20 and 262"
    )


def test_a_lost_balance_row_is_named(fresh_database: Database) -> None:
    tamper(fresh_database, "DELETE FROM ledger_balance")
    assert "deposit:1 has lost its balance row" in problems()


def test_an_edited_closing_is_named(fresh_database: Database) -> None:
    tamper(
        fresh_database,
        f"UPDATE ledger_closing SET debits = debits + 1 WHERE account_id = "
        f"(SELECT id FROM ledger_account WHERE code = '{NOSTRO}')",
    )
    assert f"the closing of {NOSTRO} " in problems()


def test_money_made_below_a_floor_is_named(fresh_database: Database, book: list[int]) -> None:
    tamper(fresh_database, f"UPDATE ledger_transfer SET amount = 100000 WHERE journal_id = {book[3]}")
    assert f"deposit:2 is at -99745 after journal {book[3]}" in problems()


def test_a_changed_seal_is_named(problems_after: Callable[..., str]) -> None:
    for change, named in (
        ("UPDATE ledger_seal SET sealed_at = sealed_at + interval '1 s' WHERE sequence = 1", "seal 1 itself"),
        ("UPDATE ledger_seal SET settled_id = settled_id + 1 WHERE sequence = 2", "seal 2 itself"),
        ("UPDATE ledger_seal SET leaves = '' WHERE sequence = 2", "seal 2: "),
        ("UPDATE ledger_seal SET hash = sha256('x') WHERE sequence = 2", "seal 2 is another in the seal file"),
        ("UPDATE ledger_seal SET previous = sha256('x') WHERE sequence = 2", "seal 2 does not continue"),
        ("DELETE FROM ledger_seal WHERE sequence = 1", "seal 1 was removed"),
        ("DELETE FROM ledger_seal WHERE sequence = 2", "seal 2 was removed"),
    ):
        assert named in problems_after(change), change


def test_a_chain_recomputed_by_a_superuser_is_told_by_the_seal_file(
    fresh_database: Database, book: list[int], settings: object, tmp_path: Path
) -> None:
    kept = settings.RIALTO_SEAL_FILE
    tamper(
        fresh_database,
        *(f"DELETE FROM {table} WHERE journal_id = {book[4]}" for table in TRACES),
        "UPDATE ledger_balance SET credits = 255 WHERE credits = 262",
        "DELETE FROM ledger_closing",
        "DELETE FROM ledger_seal WHERE sequence = 2",
    )
    settings.RIALTO_SEAL_FILE = str(tmp_path / "forged.log")
    operations.seal()
    settings.RIALTO_SEAL_FILE = kept
    assert "seal 2 is another in the seal file" in problems()


def test_a_line_of_the_seal_file_without_our_signature_is_named(settings: object) -> None:
    path = Path(settings.RIALTO_SEAL_FILE)
    path.write_text(path.read_text().replace("1 ", "1 0", 1))
    assert f"line 1 of the seal file {path} does not carry our signature" in problems()


def test_a_lost_seal_file_is_named(settings: object) -> None:
    Path(settings.RIALTO_SEAL_FILE).unlink()
    assert "lacks seal 1" in problems()


def test_the_seal_file_is_private_and_holds_one_line_a_seal(settings: object) -> None:
    path = Path(settings.RIALTO_SEAL_FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [line.split()[0] for line in path.read_text().splitlines()] == ["1", "2"]


def test_a_crash_before_the_seal_file_is_written_is_made_good_by_the_next_seal(
    settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(seals, "write_heads", lambda: None)
        assert operations.seal() == 1
    assert "lacks seal 3" in problems()
    assert operations.seal() == 0
    assert problems() == ""


def test_there_is_nothing_to_seal_twice() -> None:
    assert operations.seal() == 1
    assert operations.seal() == 0


def test_a_large_book_is_sealed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "BATCH", 3)
    for number in range(8):
        pay_in("deposit:1", 1000 + number)
    assert operations.seal() >= 3
    assert operations.seal() == 0
    assert problems() == ""


def test_a_verification_from_a_trusted_seal_reads_only_what_came_after(
    fresh_database: Database, book: list[int]
) -> None:
    found = operations.verify(from_seal=1)
    assert (found.journals, found.seals, found.problems) == (3, 1, [])
    tamper(fresh_database, f"UPDATE ledger_transfer SET event = 'gift' WHERE journal_id = {book[2]} AND position = 1")
    assert f"journal {book[2]} " in "\n".join(operations.verify(from_seal=1).problems)
    assert operations.verify(from_seal=2).problems == []
    with pytest.raises(ValueError, match="no seal 9"):
        operations.verify(from_seal=9)


def test_a_book_restored_with_a_younger_transaction_counter_is_not_sealed_wrongly(fresh_database: Database) -> None:
    tamper(fresh_database, "UPDATE ledger_seal SET next_xid = next_xid + 1000000")
    with pytest.raises(operations.errors.LedgerError, match="pg_resetwal"):
        operations.seal()


def test_closings_keep_up_with_the_seals_when_no_account_moved_that_is_closed(book: list[int]) -> None:
    operations.post(journal=make_journal("moved", ("deposit:2", "deposit:1", 3)))
    operations.seal()
    assert operations.write_closings(at=None) > 0
    quiet = [AccountSpec(f"quiet:{number}", "liability", "EUR", "credit") for number in (1, 2)]
    operations.open_accounts(specs=quiet, at=AT)
    operations.post(journal=make_journal("aside", ("quiet:1", "quiet:2", 1)))
    operations.seal()
    assert operations.write_closings(at=None) == 1
    [[behind]] = rows("SELECT max(s.sequence) - max(c.through_seal) FROM ledger_seal s, ledger_closing c")
    assert behind == 0
    assert operations.write_closings(at=None) == 0
    assert operations.verify().problems == []


def test_a_busy_account_is_closed_for_the_day_though_it_moved_before_the_last_seal_that_closings_know() -> None:
    busy, quiet = open_deposits("8", "9")
    for number in range(3):
        pay_in(busy, 1, key=f"in {number}", at=AT + DAY)
    operations.seal()
    operations.write_closings(at=None)
    pay_in(quiet, 1, at=AT + DAY)
    operations.seal()
    operations.write_closings(at=AT + 2 * DAY, minimum=3)
    closed = rows(
        """SELECT a.code FROM ledger_closing c JOIN ledger_account a ON a.id = c.account_id
           WHERE instant = %s ORDER BY a.code""",
        [AT + 2 * DAY],
    )
    assert closed == [(NOSTRO,), (busy,)]
    assert operations.verify().problems == []


def test_closings_answer_as_the_sum_of_all_transfers_would(fresh_database: Database) -> None:
    operations.open_accounts(specs=[chart.deposit(str(n), "EUR") for n in range(3, 6)], at=AT)
    instants = [AT + DAY * turn for turn in range(-3, 6)]
    for turn in range(1, 5):
        for number, at in enumerate(instants):
            pay_in(f"deposit:{1 + (number + turn) % 5}", turn * 10 + number, at=at)
        if turn != 2:
            operations.seal()
        operations.write_closings(at=AT + DAY * (turn - 1), minimum=2)
    pay_in("deposit:3", 999, at=AT - DAY)  # neither sealed nor closed
    pay_in("deposit:3", 998, at=AT + DAY)
    codes = [NOSTRO, *(f"deposit:{n}" for n in range(1, 6))]
    answers = [queries.balances(codes=codes, at=at) for at in instants]
    now = queries.balances(codes=codes)
    tamper(fresh_database, "DELETE FROM ledger_closing")
    assert answers == [queries.balances(codes=codes, at=at) for at in instants]
    assert now == queries.balances(codes=codes) == answers[-1]


def test_a_journal_dated_back_adds_closings_and_edits_none() -> None:
    with transaction.atomic():
        before = list(_closings())
    pay_in("deposit:1", 1, at=AT - DAY)
    assert queries.balance(code=NOSTRO, at=AT) == 313
    operations.seal()
    assert operations.write_closings(at=AT + DAY, minimum=1) > 0
    after = _closings()
    assert set(before) < set(after)
    assert queries.balance(code=NOSTRO, at=AT) == 313
    assert problems() == ""


def _closings() -> list[tuple]:
    with operations.connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ledger_closing")
        return cursor.fetchall()
