"""Separated text, however it was saved: its encoding and separator found out, its lines read one after another."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

MAX_COLUMNS = 100
MAX_LINE = 1_000_000
SEPARATORS = (";", ",", "\t", "|")
WINDOWS = "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class UnreadableFile(Exception):
    """The file cannot be read as a whole; the text is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line as it stands in the file; `fault` is (what is wrong, what to do) when it could not be read."""

    number: int
    cells: tuple[str, ...]
    fault: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class TextForm:
    """How a text file is written."""

    encoding: str
    separator: str
    mixed: bool = False


def form_of(*, content: bytes) -> TextForm:
    """Find out encoding and separator.

    :raises UnreadableFile: it is no text.
    """
    encoding, mixed = _encoding(content)
    start = _lines(content, TextForm(encoding, ","))
    first = next((text for text, _foreign in start if text.strip() and not text.startswith("sep=")), "")
    marked = content[:20].lstrip(codecs.BOM_UTF8)[:5]
    if marked.startswith(b"sep=") and chr(marked[4]) in SEPARATORS:
        return TextForm(encoding, chr(marked[4]), mixed)
    outside = "".join(first.split('"')[::2])
    return TextForm(encoding, max(SEPARATORS, key=outside.count), mixed)


def _encoding(content: bytes) -> tuple[str, bool]:
    for mark, name in _MARKS:
        if content.startswith(mark):
            return name, False
    head = content[:4_000]
    if b"\x00" in head:
        odd, even = head[1::2].count(0), head[::2].count(0)
        if max(odd, even) > len(head) / 5:
            return ("utf-16-le" if odd > even else "utf-16-be"), False
        raise UnreadableFile(_("The file is no text: save it as CSV or XLSX and upload it again."))
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8", False
    # Lines of both kinds: the file was put together from two. Without any in UTF-8 it is simply Windows's own.
    mixed = any(not line.isascii() and _is_utf8(line) for line in io.BytesIO(content))
    return ("utf-8" if mixed else WINDOWS), mixed


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _lines(content: bytes, form: TextForm) -> Iterator[tuple[str, bool]]:
    """Yield each physical line, and whether it is written otherwise than the rest."""
    if form.encoding.startswith("utf-16"):
        try:
            with io.TextIOWrapper(io.BytesIO(content), encoding=form.encoding, newline="") as text:
                while line := text.readline(MAX_LINE):
                    _check_length(line)
                    yield line.lstrip("\ufeff"), False
        except UnicodeDecodeError:
            raise UnreadableFile(
                _("The file ends in the middle of a character (UTF-16): save it as CSV UTF-8 and upload it again.")
            ) from None
        return
    if b"\n" not in content:
        content = content.replace(b"\r", b"\n")
    source = io.BytesIO(content[3:] if content.startswith(codecs.BOM_UTF8) else content)
    while line := source.readline(MAX_LINE):
        _check_length(line)
        try:
            yield line.decode(form.encoding), False
        except UnicodeDecodeError:
            yield line.decode(WINDOWS, errors="replace"), True


def _check_length(line: str | bytes) -> None:
    if len(line) >= MAX_LINE:
        raise UnreadableFile(
            _("A line of the file is longer than %(most)d characters: check its separators and line ends.")
            % {"most": MAX_LINE}
        )


def read(*, content: bytes, form: TextForm) -> Iterator[RawLine]:
    """Yield the lines that are not empty, the headings first, each with the number of the line it starts on.

    :raises UnreadableFile: the file cannot be read any further.
    """
    foreign: set[int] = set()

    def physical() -> Iterator[str]:
        for number, (text, odd) in enumerate(_lines(content, form), start=1):
            if odd:
                foreign.add(number)
            yield text

    source = csv.reader(physical(), delimiter=form.separator, strict=True)
    while True:
        start = source.line_num + 1
        try:
            cells = next(source)
        except StopIteration:
            return
        except csv.Error:
            yield RawLine(start, (), (_("A quotation mark is not closed, or stands inside a cell."),
                                      _("Close it, or write it twice where it belongs to the text.")))  # fmt: skip
            continue
        if start == 1 and len(cells) <= 2 and cells and cells[0].startswith("sep="):
            continue
        if not any(cell.strip() for cell in cells):
            continue
        yield _line(start, source.line_num, cells, foreign)


def _line(start: int, end: int, cells: list[str], foreign: set[int]) -> RawLine:
    if len(cells) > MAX_COLUMNS:
        return RawLine(start, tuple(cells[:MAX_COLUMNS]), too_many_columns(len(cells)))
    if foreign and not foreign.isdisjoint(range(start, end + 1)):
        return RawLine(start, tuple(cells), (
            _("This line is written in another encoding (Windows-1252) than the file (UTF-8)."),
            _("Check its accented letters, and save the whole file as CSV UTF-8."),
        ))  # fmt: skip
    return RawLine(start, tuple(cells))


def too_many_columns(count: int) -> tuple[str, str]:
    """Return what is wrong with so many columns, and what to do."""
    return (
        _("The line has %(count)d columns; at most %(most)d are read.") % {"count": count, "most": MAX_COLUMNS},
        _("Delete the columns that are not needed."),
    )
