"""XLSX files: read row by row, and only after what lies in them was measured, so that none can fill the memory."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from django.utils.translation import gettext as _

from mall.imports.text_files import MAX_COLUMNS, RawLine, UnreadableFile, too_many_columns

MAX_UNPACKED = 200 * 1024**2
MAX_BEGINNINGS = 2_000_000
MAX_PART = 4 * 1024**2
MAX_ROW = 512 * 1024
MAX_ROWS = 1_048_576
MAX_PARTS = 2_000
_PIECE = 1024**2
# Rows of a sheet and texts of the table of texts, and where the rows end.
_BEGIN = re.compile(rb"<(?:\w+:)?(?:row|si)[\s>/]|</(?:\w+:)?sheetData\s*>")
# How a workbook writes a text that looks like one of its own escapes.
_ESCAPED = re.compile(r"_x005F_(x[0-9A-Fa-f]{4}_)")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, EOFError, KeyError, IndexError, ValueError, TypeError, AttributeError, ParseError,
    NotImplementedError, RuntimeError, OverflowError, DefusedXmlException,
)  # fmt: skip


def is_workbook(*, content: bytes) -> bool:
    """Tell whether the file begins like a ZIP archive, as every XLSX does."""
    return content.startswith(b"PK\x03\x04")


def read(*, content: bytes) -> Iterator[RawLine]:
    """Yield the lines of the first sheet that are not empty, headings first; formulas as the values they had.

    :raises UnreadableFile: it is no XLSX file, is damaged, or unpacks to more than is taken.
    """
    try:
        _measure(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            if not book.worksheets:
                raise UnreadableFile(_("The workbook has no sheet: put the lines on its first sheet."))
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            rows = sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_ROWS, values_only=True)
            for number, row in enumerate(rows, start=1):
                if (line := _line(number, row)) is not None:
                    yield line
        finally:
            book.close()
    except UnreadableFile:
        raise
    except _BROKEN:
        raise UnreadableFile(
            _("The workbook is damaged or protected: open it, save it as XLSX without a password and upload it again.")
        ) from None


def _line(number: int, row: tuple[object, ...]) -> RawLine | None:
    if row.count(None) == len(row):
        return None
    last = next(index for index in range(len(row) - 1, -1, -1) if row[index] is not None)
    if last >= MAX_COLUMNS:
        return RawLine(number, tuple(_text(value) for value in row[:MAX_COLUMNS]), too_many_columns(last + 1))
    cells = tuple(_text(value) for value in row[: last + 1])
    return RawLine(number, cells) if any(cell.strip() for cell in cells) else None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        # Fifteen digits are what a spreadsheet keeps: 0.1 + 0.2 is 0.3 there.
        return f"{value:.15g}" if "e" not in f"{value:.15g}" else f"{value:f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds") if value.time() != datetime.min.time() else value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _ESCAPED.sub(r"_\1", str(value))


def _measure(content: bytes) -> None:
    """Refuse an archive that would unpack to more than a catalogue of the greatest size does."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
            raise UnreadableFile(_("The file is an archive, but no XLSX workbook: save the sheet as XLSX or CSV."))
        if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
            raise UnreadableFile(too_large())
        for part in parts:
            # By size and not by name: which part is the sheet is for the workbook itself to say.
            if part.file_size > MAX_PART:
                _measure_rows(archive, part)


def _measure_rows(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Refuse a sheet with a row that would fill the memory: rows are read one at a time, each as a whole.

    What a reader would not see as a row's beginning must not be taken for one: no comment, no CDATA, no declaration.
    """
    place, since, count, tail, limit = 0, 0, 0, b"", MAX_ROW
    with archive.open(part) as source:
        while piece := source.read(_PIECE):
            window = tail + piece
            if b"<!" in window:
                raise UnreadableFile(too_large())
            offset = place - len(tail)
            for found in _BEGIN.finditer(window):
                count += 1
                if offset + found.start() - since > limit or count > MAX_BEGINNINGS:
                    raise UnreadableFile(too_large())
                since = offset + found.start()
                # What follows the rows is small in any sheet, but need not be as small as a row.
                limit = MAX_PART if found.group().startswith(b"</") else MAX_ROW
            place += len(piece)
            if place - since > limit + _PIECE:
                raise UnreadableFile(too_large())
            tail = window[-32:]
    if place - since > limit:
        raise UnreadableFile(too_large())


def too_large() -> str:
    """Return why a workbook is not opened."""
    return _("The workbook unpacks to far more than a catalogue needs: delete unused sheets and columns, or use CSV.")
