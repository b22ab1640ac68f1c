"""The examples of docs/ledger.md are run, and say what they say they do."""

import re
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction

from config import env
from tests.databases import Database
from tests.factories.ledger import AT

TEXT = (env.CHECKOUT / "docs" / "ledger.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _alone(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> None:
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    settings.RIALTO_CHECKS = []
    with django_db_blocker.unblock():
        yield


def run_python() -> int:
    """Run the example; a line that ends in a comment has that value. Return how many did."""
    [code] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {"at": AT, "day": timedelta(days=1)}
    shown, pending = 0, ""
    with transaction.atomic():
        for line in code.splitlines():
            said = re.fullmatch(r"(.*?)  # (.*)", line)
            if said:
                exec(pending, names)
                pending = ""
                assert repr(eval(said[1], names)) == said[2], said[1]
                shown += 1
            else:
                pending += line + "\n"
        exec(pending, names)
    return shown


def test_the_examples_do_what_they_say() -> None:
    assert run_python() == 5
    [session] = re.findall(r"^```\n(\$ .*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    commands = re.findall(r"\$ python manage\.py (.*?)\n(.*?)(?=\$ |\Z)", session, re.DOTALL)
    assert len(commands) == 3
    for words, expected in commands:
        out = StringIO()
        call_command(*words.split(), stdout=out)
        assert out.getvalue() == expected, words
