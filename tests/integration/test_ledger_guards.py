"""Append-only is refused by the database itself, whoever asks."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from payments import chart
from payments.ledger import operations, queries
from tests.databases import Database
from tests.factories.ledger import AT, open_deposits, pay_in

APPEND_ONLY = {
    "ledger_key": "hash",
    "ledger_transfer": "amount",
    "ledger_closing": "debits",
    "ledger_seal": "hash",
}


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        [one] = open_deposits("1")
        pay_in(one, 500)
        operations.seal()
        operations.write_closings(at=AT, minimum=1)
        yield
        assert queries.balance(code=one) == 500


def refusal(database: Database, role: str, statement: str) -> str:
    """Return what the database answers when `role` runs a statement."""
    connection = database.connect(role=role)
    try:
        with connection.cursor() as cursor:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege) as refused:
                cursor.execute(statement)
    finally:
        connection.close()
    return str(refused.value)


def partitions(database: Database, parent: str) -> list[str]:
    connection = database.connect(role="superuser")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [parent])
            return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("role", "answer"),
    [("app", "permission denied"), ("owner", "is append-only"), ("superuser", "is append-only")],
)
def test_no_role_may_change_what_was_written(fresh_database: Database, role: str, answer: str) -> None:
    for table, column in APPEND_ONLY.items():
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            assert answer in refusal(fresh_database, role, statement)


def test_a_month_cannot_be_changed_past_its_parent(fresh_database: Database) -> None:
    operations.ensure_partitions(months_ahead=3)
    months = partitions(fresh_database, "ledger_transfer")
    assert len(months) == 4
    for month in months:
        for statement in (f"DELETE FROM {month}", f"TRUNCATE {month}"):
            assert "is append-only" in refusal(fresh_database, "owner", statement)
            assert "permission denied" in refusal(fresh_database, "app", statement)
        assert "permission denied" in refusal(fresh_database, "app", f"INSERT INTO {month} SELECT * FROM {month}")


def test_the_application_writes_only_through_the_ledgers_functions(fresh_database: Database) -> None:
    for statement in (
        "UPDATE ledger_balance SET credits = credits + 1",
        "DELETE FROM ledger_balance",
        "TRUNCATE ledger_balance",
        "INSERT INTO ledger_balance VALUES (1)",
        "INSERT INTO ledger_key SELECT * FROM ledger_key",
        "INSERT INTO ledger_transfer SELECT * FROM ledger_transfer",
        "INSERT INTO ledger_closing SELECT * FROM ledger_closing",
        "UPDATE ledger_account SET floor = -100",
        "DELETE FROM ledger_account",
        "SELECT nextval('ledger_id_seq')",
        "SELECT setval('ledger_id_seq', 1)",
        "SET ROLE rialto_owner",
    ):
        assert "permission denied" in refusal(fresh_database, "app", statement)
    assert "must be owner" in refusal(fresh_database, "app", "ALTER TABLE ledger_transfer DISABLE TRIGGER ALL")


def test_an_accounts_definition_never_changes(fresh_database: Database) -> None:
    for change in ("floor = -100", "currency = 'USD'", "code = code || 'x'", "normal_side = 'debit'", "hot = true"):
        assert "append-only" in refusal(fresh_database, "superuser", f"UPDATE ledger_account SET {change}")


def test_a_closed_account_is_not_opened_again(fresh_database: Database) -> None:
    operations.open_account(spec=chart.held(1, "EUR"), at=AT)
    operations.close_account(code="held:1", at=AT)
    statement = "UPDATE ledger_account SET closed_at = NULL WHERE code = 'held:1'"
    assert "append-only" in refusal(fresh_database, "superuser", statement)


def test_shadow_tables_do_not_lead_the_functions_astray(fresh_database: Database) -> None:
    connection = fresh_database.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE ledger_account AS SELECT * FROM public.ledger_account")
            cursor.execute("UPDATE pg_temp.ledger_account SET floor = NULL")
            cursor.execute("SELECT * FROM ledger_hold('{deposit:1}')")
            assert cursor.fetchall() == [("deposit:1", False, 500)]
            cursor.execute("UPDATE pg_temp.ledger_account SET code = 'x'")
            cursor.execute("SELECT code FROM ledger_hold('{deposit:1}')")
            assert cursor.fetchall() == [("deposit:1",)]
    finally:
        connection.close()


def test_the_posting_function_itself_cannot_be_talked_past_its_checks(fresh_database: Database) -> None:
    two, key = "{cash:nostro:main,deposit:1}", "{00000000-0000-0000-0000-000000000001}"
    for name, codes, *columns in (
        ("code twice", "{cash:nostro:main,deposit:1,deposit:1}", "{1,1}", "{1,2}", "{2,3}", "{1,1}", "{500,500}"),
        ("out of order", two, "{2,1}", "{1,1}", "{1,1}", "{2,2}", "{500,500}"),
        ("a journal skipped", two, "{2}", "{1}", "{1}", "{2}", "{900}"),
        ("a journal too many", two, "{1,2}", "{1,1}", "{1,1}", "{2,2}", "{5,5}"),
        ("positions alike", two, "{1,1}", "{1,1}", "{1,1}", "{2,2}", "{5,5}"),
        ("to itself", two, "{1}", "{1}", "{1}", "{1}", "{5}"),
        ("negative", two, "{1}", "{1}", "{1}", "{2}", "{-5}"),
        ("no amount", two, "{1}", "{1}", "{1}", "{2}", "{NULL}"),
        ("no such code", two, "{1}", "{1}", "{3}", "{2}", "{5}"),
        ("no transfer", two, "{}", "{}", "{}", "{}", "{}"),
    ):
        with closing(fresh_database.connect()) as application, application, application.cursor() as cursor:
            try:
                cursor.execute(
                    """SELECT * FROM ledger_post(
                        %s, '{e}', '{r}', ARRAY[now()], '{EUR}', '{"{}"}', NULL, %s, %s, %s, %s, %s, %s)""",
                    [key, codes, *columns],
                )
            except (psycopg2.IntegrityError, psycopg2.errors.RaiseException):
                application.rollback()
            else:
                pytest.fail(f"{name} was posted")
    assert operations.verify().problems == []
