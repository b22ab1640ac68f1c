"""Tables as files: CSV sent line by line, XLSX written through a temporary file; neither is ever held in memory."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

from payments.money import Money, exponent

FORMATS = ("csv", "xlsx")
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Lines sent to the reader at once, lines of one sheet, and characters of one of its cells.
LINES_AT_ONCE = 500
LINES_OF_A_SHEET = 1_000_000
LONGEST_TEXT = 32_767
# A spreadsheet keeps so many digits of a number; a longer amount is written as text rather than wrong.
DIGITS_KEPT = 15

Cell = str | int | datetime | Money | None


@dataclass(frozen=True, slots=True)
class Table:
    """What to export: a name for the file, headings, and rows of text, whole numbers, instants and money."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def respond(*, table: Table, form: str) -> HttpResponseBase:
    """Return the table as a file to keep, ``csv`` or ``xlsx``."""
    name = re.sub(r"[^A-Za-z0-9.]+", "-", table.name).strip("-.")[:100] or "ledger"
    if form == "xlsx":
        response = FileResponse(_workbook(table), content_type=XLSX_TYPE)
    else:
        response = StreamingHttpResponse(_csv(table), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet might take the text for a formula or a command."""
    start = text.lstrip()[:1]
    return text[:1] in ("\t", "\r", "\n") or start in tuple("=+-@＝＋－＠")


def harmless(text: str) -> str:
    """Return text that no spreadsheet reads as a formula: an apostrophe goes before one."""
    return f"'{text}" if is_formula(text) else text


def _csv(table: Table) -> Iterator[bytes]:
    lines = iter(table.rows)
    piece: list[Sequence[str]] = [[harmless(heading) for heading in table.headings]]
    mark = "\ufeff"  # tells spreadsheets that what follows is UTF-8
    while piece:
        text = io.StringIO()
        text.write(mark)
        csv.writer(text, lineterminator="\r\n").writerows(piece)
        yield text.getvalue().encode()
        mark = ""
        piece = [[_as_text(cell) for cell in row] for row in islice(lines, LINES_AT_ONCE)]


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Money):
        return f"{cell.to_decimal():f}"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "seconds")
    return harmless(cell) if isinstance(cell, str) else str(cell)


def _workbook(table: Table) -> io.BufferedIOBase:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    book = xlsxwriter.Workbook(target, {"constant_memory": True})
    formats: dict[str, object] = {
        "heading": book.add_format({"bold": True, "bottom": 1}),
        "text": book.add_format({"quote_prefix": True}),
        "instant": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
    }
    lines = iter(table.rows)
    following = next(lines, None)
    while following is not None or not book.worksheets():
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for column, heading in enumerate(table.headings):
            sheet.set_column(column, column, max(14, len(heading) + 2))
            sheet.write_string(0, column, heading, formats["heading"])
        written = 0
        while following is not None and written < LINES_OF_A_SHEET:
            written += 1
            for column, cell in enumerate(following):
                _write(book, sheet, formats, (written, column), cell)
            following = next(lines, None)
    book.close()
    target.seek(0)
    return target


def _write(book: object, sheet: object, formats: dict[str, object], place: tuple[int, int], cell: Cell) -> None:
    if cell is None:
        return
    if isinstance(cell, Money) and len(str(abs(cell.minor_units))) <= DIGITS_KEPT:
        digits = exponent(cell.currency)
        name = f"money {digits}"
        if name not in formats:
            formats[name] = book.add_format({"num_format": "#,##0" + ("." + "0" * digits if digits else "")})
        sheet.write_number(*place, cell.to_decimal(), formats[name])
    elif isinstance(cell, datetime) and cell.year >= 1900:
        moment = cell.astimezone(UTC).replace(tzinfo=None)
        sheet.write_datetime(*place, moment, formats["instant"])
    elif isinstance(cell, int) and len(str(abs(cell))) <= DIGITS_KEPT:
        sheet.write_number(*place, cell)
    else:
        text = cell if isinstance(cell, str) else _as_text(cell)
        sheet.write_string(*place, text[:LONGEST_TEXT], formats["text"] if is_formula(text) else None)
