"""Days and times are written one way on every page."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import Context, Template

ROOT = Path(__file__).resolve().parents[2]
# For machines, and what these names stand for in `config/formats`.
ALLOWED = {"c", "Y-m", "Y-m-d", "DATE_FORMAT", "DATETIME_FORMAT"}
# Spellings that come out as those do.
SAME = {"j M Y", "j M Y, H:i", "j M", "l, j F Y, H:i", "j M Y, H:i:s"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("day", "5\xa0Nov\xa02026"),
        ("moment", "5\xa0Nov\xa02026, 14:05"),
        ("weekday", "Thu\xa05\xa0Nov"),
        ("month", "November\xa02026"),
        ('date:"DATE_FORMAT"', "5\xa0Nov\xa02026"),
    ],
)
def test_a_day_is_a_number_a_word_and_a_year_and_keeps_its_line(name: str, text: str) -> None:
    page = Template("{% load rialto %}{{ at|" + name + " }}")
    assert page.render(Context({"at": datetime(2026, 11, 5, 14, 5, tzinfo=UTC)})) == text
    assert page.render(Context({"at": None})) == ""


def test_a_day_without_a_time_is_written_the_same() -> None:
    page = Template("{% load rialto %}{{ at|day }}")
    assert page.render(Context({"at": date(2026, 11, 5)})) == "5\xa0Nov\xa02026"


def test_no_template_writes_dates_its_own_way() -> None:
    others = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in sorted((ROOT / "templates").rglob("*"))
        if path.is_file()
        for found in re.findall(r"""\|(?:date|time):["']([^"']+)["']""", path.read_text())
        if found not in ALLOWED | SAME
    ]
    assert others == []
