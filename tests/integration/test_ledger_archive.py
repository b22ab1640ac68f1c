"""A month that is over can be put away: nothing that was ever answered changes, and it is still verified."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payments.ledger import errors, operations, queries
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

OLD = date(2026, 3, 1)
RECORDED = datetime(2026, 3, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def old_journals(
    fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path
) -> Iterator[list[int]]:
    """Open a book with three journals that the database recorded in a month long over, and one of today."""
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        one, two = open_deposits("1", "2")
        old = [pay_in(one, amount).journal_id for amount in (100, 200)]
        old.append(operations.post(journal=make_journal("t", (one, two, 250), (NOSTRO, two, 5))).journal_id)
        with closing(fresh_database.connect(role="superuser")) as superuser, superuser, superuser.cursor() as cursor:
            cursor.execute(
                """CREATE TABLE ledger_transfer_202603 (LIKE ledger_transfer INCLUDING ALL);
                ALTER TABLE ledger_transfer ATTACH PARTITION ledger_transfer_202603
                FOR VALUES FROM ('2026-03-01 00:00Z') TO ('2026-04-01 00:00Z');
                SELECT ledger_guard('ledger_transfer_202603', 'UPDATE OR DELETE OR TRUNCATE');
                SELECT ledger_restrict('ledger_transfer_202603', '{}')"""
            )
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("UPDATE ledger_transfer SET recorded_at = %s", [RECORDED])
            cursor.execute("ALTER TABLE ledger_transfer_202603 OWNER TO rialto_owner")
        pay_in(two, 7, at=AT + timedelta(days=1))
        yield old


def answers(old: list[int]) -> dict[str, object]:
    codes = ["deposit:1", "deposit:2", NOSTRO]
    return {
        "now": queries.balances(codes=codes),
        "then": queries.balances(codes=codes, at=AT),
        "recorded": queries.balances(codes=codes, at=RECORDED, as_recorded=True),
        "statement": queries.statement(code="deposit:2"),
        "sheet": queries.balance_sheet(),
        "journals": [queries.journal(journal_id=each) for each in old],
    }


def live_journals() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM ledger_transfer WHERE position = 1")
        return cursor.fetchone()[0]


def test_an_archived_month_changes_no_answer_and_is_still_verified(old_journals: list[int]) -> None:
    operations.seal()
    operations.write_closings(at=AT, minimum=1)
    before = answers(old_journals)
    call_command("ledger", "archive", "2026-03")
    assert live_journals() == 1
    assert answers(old_journals) == before
    found = operations.verify()
    assert (found.problems, found.journals) == ([], 4)


def test_an_archived_journal_is_replayed_and_reversed_like_any_other(old_journals: list[int]) -> None:
    operations.seal()
    operations.archive(month=OLD)
    again = pay_in("deposit:1", 100)
    assert (again.journal_id, again.replayed) == (old_journals[0], True)
    operations.reverse(journal_id=old_journals[2], key="undo", reason="test", at=AT)
    assert queries.balance(code="deposit:1") == 300
    with pytest.raises(errors.AlreadyReversed):
        operations.reverse(journal_id=old_journals[2], key="undo again", reason="test", at=AT)
    operations.seal()
    assert operations.verify().problems == []


def test_a_changed_row_of_the_archive_is_named_and_refused_to_the_application(
    old_journals: list[int], fresh_database: Database
) -> None:
    operations.seal()
    operations.archive(month=OLD)
    for table in ("ledger_transfer_archive", "ledger_transfer_202603"):
        for role in ("app", "owner"):
            with closing(fresh_database.connect(role=role)) as own, own.cursor() as cursor:
                with pytest.raises(Exception, match=r"permission denied|append-only"):
                    cursor.execute(f"DELETE FROM {table}")
    with closing(fresh_database.connect(role="superuser")) as superuser, superuser, superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE ledger_transfer_archive SET amount = 1 WHERE journal_id = %s", [old_journals[1]])
    assert any(f"journal {old_journals[1]} " in problem for problem in operations.verify().problems)


def test_a_month_is_archived_once_when_it_is_over_and_sealed(old_journals: list[int]) -> None:
    today = datetime.now(UTC)
    with pytest.raises(errors.UnableToArchive, match="not all of it is sealed"):
        operations.archive(month=OLD)
    operations.seal()
    with pytest.raises(errors.UnableToArchive, match="it is not over"):
        operations.archive(month=today.date().replace(day=1))
    with pytest.raises(CommandError, match=r"2019-07 cannot be archived: the book has no such month"):
        call_command("ledger", "archive", "2019-07")
    operations.archive(month=OLD)
    with pytest.raises(errors.UnableToArchive, match="put away before"):
        operations.archive(month=OLD)
    assert operations.verify().problems == []
