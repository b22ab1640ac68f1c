"""`manage.py ledger` looks at the book, seals it and says plainly what is wrong with it."""

from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.databases import Database
from tests.factories.ledger import NOSTRO, open_deposits, pay_in


@pytest.fixture(autouse=True)
def _book(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> Iterator[None]:
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        [one] = open_deposits("1")
        pay_in(one, 12345)
        yield


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("ledger", *arguments, stdout=out, no_color=True)
    return out.getvalue()


def goods_agree() -> list[str]:
    """Goods and money agree."""
    return ["order 7 has no goods"]


def test_a_sound_book_verifies() -> None:
    assert "Seals written: 1." in run("seal")
    said = run("verify")
    assert "✓ No account ever fell below its floor" in said
    assert "1 journals, 1 transfers, 1 seals." in said
    assert "The book holds." in said


def test_a_broken_book_fails_with_one_line_a_problem(fresh_database: Database) -> None:
    with closing(fresh_database.connect(role="superuser")) as superuser, superuser, superuser.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE ledger_balance SET credits = 1")
    out = StringIO()
    with pytest.raises(CommandError, match="1 problems") as refused:
        call_command("ledger", "verify", stdout=out, no_color=True)
    assert refused.value.returncode == 1
    assert "✗ Every balance is the sum of its transfers" in out.getvalue()
    shown = "deposit:1 shows debits 0 and credits 1 of 1 transfers; there are 1 and they sum to 0 and 12345"
    assert shown in out.getvalue()


def test_checks_of_other_apps_run_with_it(settings: object) -> None:
    settings.RIALTO_CHECKS = [f"{__name__}.goods_agree"]
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("ledger", "verify", stdout=out, no_color=True)
    assert "✗ Goods and money agree\n  order 7 has no goods" in out.getvalue()


def test_balances_statements_and_totals_are_shown_in_major_units() -> None:
    assert run("balance", "deposit:1").strip() == "123.45 EUR"
    assert run("balance", "deposit:1", "--at", "2026-03-01").strip() == "0.00 EUR"
    assert run("balance", "deposit:1", "--as-recorded").strip() == "123.45 EUR"
    assert run("statement", "deposit:1").splitlines()[1].split() == [
        *("2026-03-02", "09:30", "test", "order:1", NOSTRO, "123.45", "EUR", "123.45", "EUR")
    ]
    assert run("trial-balance").splitlines()[-1].split() == ["total", "123.45", "EUR", "123.45", "EUR"]
    assert "Closings written: 2." in run("closings")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["balance", "deposit:none"], "There is no account deposit:none"),
        (["verify", "--from-seal", "4"], "There is no seal 4"),
        (["balance", "deposit:1", "--at", "soon"], "invalid instant"),
        (["shred"], "invalid choice"),
    ],
)
def test_a_wrong_word_is_answered_with_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run(*arguments)
