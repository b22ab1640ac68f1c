"""A large catalogue's way in measured: looked at, listed, changed, undone; and what the memory needs meanwhile."""

from __future__ import annotations

import csv
import io
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import openpyxl
import psutil
from django.contrib.auth import get_user_model

from mall.catalogue.operations import ensure_categories
from mall.imports import exports, operations, reading, states, working
from mall.imports.models import CATALOGUE, Import
from mall.imports.operations import File
from mall.merchants.operations import OpenMerchant, open_merchants

# Seconds for the largest file that is taken; the targets of smaller ones are in proportion.
CHECKED, LISTED, CHANGED, UNDONE, MEMORY = 90, 420, 240, 240, 300
PEEK = 0.02


def run(*, lines: int, at: datetime, say: Callable[[str], object], figure: Callable[..., object]) -> list[object]:
    """Return the figures; ``figure`` makes one of a name, a value, a unit and a target."""
    share = lines / reading.MAX_LINES
    owner = get_user_model().objects.create(email="bench@example.com", is_active=True, date_joined=at)
    [merchant] = open_merchants(
        requests=[OpenMerchant(key="bench", name="Bench", owner=owner.pk, currency="EUR", at=at)]
    )
    ensure_categories(paths=[("Home", "Light")])
    desk = _Desk(merchant_id=merchant.pk, by=owner.pk, at=at, lines=lines, say=say)
    said: list[object] = []

    def timed(name: str, act: Callable[[], object], target: float) -> None:
        peak = _Peak()
        began = time.perf_counter()
        with peak:
            act()
        seconds = time.perf_counter() - began
        said.append(figure(name=name, value=seconds, unit="s", target=target * share, at_most=True))
        said.append(figure(name=f"{name}: memory at its peak", value=peak.megabytes, unit="MB", target=MEMORY,
                           at_most=True))  # fmt: skip

    timed(f"CSV of {lines:,} new lines checked", lambda: desk.check(_csv(_rows(lines, price=10))), CHECKED)
    timed(f"{lines:,} new lines listed", desk.apply, LISTED)
    timed(f"XLSX of {lines:,} changed lines checked", lambda: desk.check(_xlsx(_rows(lines, price=20))), CHECKED)
    timed(f"{lines:,} changed lines applied", desk.apply, CHANGED)
    timed(f"{lines:,} lines undone", desk.undo, UNDONE)
    exported: list[int] = []
    timed(
        f"catalogue of {lines:,} exported",
        lambda: exported.append(sum(1 for _row in exports.catalogue_rows(merchant_id=merchant.pk, currency="EUR",
                                                                       form="csv"))),
        CHECKED,
    )  # fmt: skip
    wrong = lines - exported[0]
    said.append(figure(name="lines missing afterwards", value=wrong, unit="lines", target=0, at_most=True))
    return said


class _Desk:
    def __init__(self, *, merchant_id: int, by: int, at: datetime, lines: int, say: Callable[[str], object]) -> None:
        self.merchant_id, self.by, self.at, self.lines, self.say = merchant_id, by, at, lines, say
        self.import_id = 0

    def check(self, content: bytes) -> None:
        """Hand a file in and look at it."""
        self.say(f"A file of {len(content) / 1024**2:.1f} MB …")
        file = File(kind=CATALOGUE, merchant_id=self.merchant_id, name="bench", content=content, by=self.by, at=self.at)
        self.import_id = operations.receive(file=file).import_id
        self._work(states.CHECKED)

    def apply(self) -> None:
        """Agree to it and apply it."""
        operations.confirm(import_id=self.import_id, merchant_id=self.merchant_id, by=self.by, at=self.at)
        self._work(states.DONE)
        applied = Import.objects.get(pk=self.import_id).applied
        if applied != self.lines:
            raise RuntimeError(f"{applied} of {self.lines} lines were applied.")

    def undo(self) -> None:
        """Put everything back."""
        operations.undo(import_id=self.import_id, merchant_id=self.merchant_id, by=self.by, at=self.at)
        self._work(states.UNDONE)

    def _work(self, state: str) -> None:
        reached = working.work(import_id=self.import_id, at=self.at)
        if reached != state:
            raise RuntimeError(f"The import is {reached} and not {state}.")


class _Peak:
    """The most memory this process held beyond what it held at the start, looked at many times a second."""

    def __enter__(self) -> None:
        self._process = psutil.Process()
        self._start = self._most = self._process.memory_info().rss
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def __exit__(self, *_problem: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._end.wait(PEEK):
            self._most = max(self._most, self._process.memory_info().rss)

    @property
    def megabytes(self) -> float:
        """Return the peak."""
        return (self._most - self._start) / 1024**2


def _rows(lines: int, *, price: int) -> Iterator[Sequence[object]]:
    yield ("Article number", "Name", "Description", "Category", "Price", "Stock", "State")
    for number in range(lines):
        yield (f"B-{number}", f"Lamp {number} of brass", f"A lamp, number {number}, that shines. " * 5, "Home > Light",
               f"{price + number % 90}.90", number % 200, "listed")  # fmt: skip


def _csv(rows: Iterator[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return text.getvalue().encode()


def _xlsx(rows: Iterator[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()
