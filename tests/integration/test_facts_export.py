import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from config import env
from financing.features import engine, export, lake
from financing.features.models import ExportedDay
from tests import databases
from tests.factories import books

UNTIL = (books.FIRST + timedelta(days=books.DAYS)).date()
FACTS_A_DAY = 2 * books.PER_DAY


@pytest.fixture(autouse=True)
def _books(tmp_path: Path, settings) -> None:
    settings.RIALTO_LAKE = tmp_path / "lake"
    settings.RIALTO_FACT_SOURCES = ["tests.factories.books.rows"]


def days_in_lake() -> list[str]:
    return sorted(path.parent.name for path in (lake.root() / "facts" / "subjects").glob("day=*/part.parquet"))


def fingerprints() -> list[str]:
    first = books.FIRST.date()
    return [export.fingerprint(day=first + timedelta(days=day)) for day in range(books.DAYS)]


@pytest.mark.django_db
def test_every_day_goes_into_the_lake_once():
    report = export.export_facts(until=UNTIL)
    assert (report.days, report.rows) == (books.DAYS, books.DAYS * FACTS_A_DAY)
    assert len(days_in_lake()) == books.DAYS
    found = engine.compute(kind="consumer", as_of=books.FIRST + timedelta(days=books.DAYS))
    assert found.num_rows == books.DAYS * books.PER_DAY
    again = export.export_facts(until=UNTIL)
    assert (again.days, again.rows) == (0, 0)


@pytest.mark.django_db
def test_days_come_one_after_the_other_as_they_end():
    export.export_facts(until=date(2025, 3, 11))
    assert len(days_in_lake()) == 10
    report = export.export_facts(until=date(2025, 3, 12))
    assert (report.days, report.rows) == (1, FACTS_A_DAY)


@pytest.mark.django_db
def test_in_steps_or_at_once_the_lake_is_the_same():
    export.export_facts(until=UNTIL)
    at_once = fingerprints()
    ExportedDay.objects.all().delete()
    for day in range(0, books.DAYS + 1, 7):
        export.export_facts(until=books.FIRST.date() + timedelta(days=day))
    export.export_facts(until=UNTIL)
    assert fingerprints() == at_once


@pytest.mark.django_db
def test_exporting_anew_replaces_a_day_and_doubles_nothing():
    export.export_facts(until=UNTIL)
    before = fingerprints()
    report = export.export_facts(until=UNTIL, again_from=date(2025, 3, 20))
    assert report.days == (UNTIL - date(2025, 3, 20)).days
    assert fingerprints() == before


@pytest.mark.django_db
def test_empty_books_export_nothing(monkeypatch):
    monkeypatch.setattr(books, "first_known_at", lambda: None)
    assert export.export_facts(until=UNTIL).days == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("source", "sentence"),
    [("broken", "must return the columns"), ("unknown", "no fact named 'gossip'"), ("mistyped", "does not fit")],
)
def test_a_source_that_returns_nonsense_is_named_and_nothing_counts(settings, source, sentence):
    settings.RIALTO_FACT_SOURCES = [f"tests.factories.books.{source}"]
    with pytest.raises(export.WrongRows, match=sentence):
        export.export_facts(until=UNTIL)
    assert ExportedDay.objects.count() == 0
    assert days_in_lake() == []


def run(lake_folder: Path, kill_after: int | None) -> subprocess.CompletedProcess:
    """Export in a process of its own, which kills itself in the middle of its n-th file."""
    script = f"""
        import os, signal
        import django
        django.setup()
        from datetime import date
        from django.conf import settings
        settings.RIALTO_LAKE = {str(lake_folder)!r}
        settings.RIALTO_FACT_SOURCES = ["tests.factories.books.rows"]
        from financing.features import export, lake
        replace, done = os.replace, []
        def counted(*names):
            done.append(names)
            if len(done) == {kill_after!r}:
                os.kill(os.getpid(), signal.SIGKILL)
            replace(*names)
        lake.os.replace = counted
        report = export.export_facts(until=date.fromisoformat({UNTIL.isoformat()!r}))
        print(report.days)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=env.CHECKOUT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_killed_in_the_middle_it_goes_on_where_it_was(fresh_database: databases.Database, tmp_path: Path, settings):
    folder = Path(settings.RIALTO_LAKE)
    killed = run(folder, 7)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ExportedDay.objects.count() < books.DAYS
    killed = run(folder, 70)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert ExportedDay.objects.count() == export.DAYS_AT_A_TIME
    finished = run(folder, None)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == str(books.DAYS - export.DAYS_AT_A_TIME)
    survived = fingerprints()
    settings.RIALTO_LAKE = tmp_path / "other"
    ExportedDay.objects.all().delete()
    export.export_facts(until=UNTIL)
    assert fingerprints() == survived
    assert len(days_in_lake()) == books.DAYS


def test_two_exporters_at_once_do_not_write_the_same_days(fresh_database: databases.Database):
    with closing(fresh_database.connect()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [export._LOCK])
        with pytest.raises(export.ExportUnderWay, match="wait"):
            export.export_facts(until=UNTIL)
        cursor.execute("SELECT pg_advisory_unlock(%s)", [export._LOCK])
    assert export.export_facts(until=UNTIL).days == books.DAYS
