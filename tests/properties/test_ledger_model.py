"""Random histories give the same answers, refusals and balances as a ledger written in two pages of plain Python."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from config import env
from tests.databases import Database
from tests.factories.ledger_histories import Books, run

PROCESSES = 2


@pytest.fixture
def books(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> Iterator[Books]:
    settings.RIALTO_CHECKS = []
    settings.RIALTO_SEAL_FILE = None  # the books set it, each for itself
    with django_db_blocker.unblock():
        yield Books(name=free_name(fresh_database, 1), folder=tmp_path)
        connection.settings_dict["NAME"] = fresh_database.name


def free_name(database: Database, number: int) -> str:
    """Return the beginning of names that no other test uses and the next run's tidying knows."""
    return f"{database.name.rsplit('_', 1)[0]}_{number}"


def told(did: Counter[str]) -> str:
    """Return what histories did as one line."""
    refusals = {kind: count for kind, count in sorted(did.items()) if kind[0].isupper()}
    listed = ", ".join(f"{count:,} {kind}" for kind, count in refusals.items())
    return (
        f"{did['histories']:,} random histories in {did['books']} books: {did['steps']:,} steps, "
        f"{did['posted']:,} journals posted ({did['reversed']:,} reversals), {did['replayed']:,} replayed, "
        f"{did['rolled back']:,} transactions rolled back, {did['closings']:,} closings; "
        f"{sum(refusals.values()):,} refusals ({listed})"
    )


def test_random_histories_agree_with_the_model(books: Books, tell: Callable[[str], None]) -> None:
    did = run(books, histories=60, steps=15)
    assert did["histories"] >= 60
    tell(told(did))


@pytest.mark.long
def test_ten_thousand_random_histories_agree_with_the_model(
    fresh_database: Database, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    histories = int(os.environ.get("RIALTO_LONG_HISTORIES", "10000"))
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.factories.ledger_histories", free_name(fresh_database, 2 + number),
             str(tmp_path), str(-(-histories // PROCESSES)), "20"],
            cwd=env.CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    did: Counter[str] = Counter()
    said = [each.communicate()[0] for each in runs]
    for each, text in zip(runs, said, strict=True):
        assert each.returncode == 0, text[-20_000:]
        did.update(json.loads(text.splitlines()[-1]))
    assert did["histories"] >= histories
    tell(told(did))
