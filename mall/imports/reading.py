"""A file as lines, whatever it is: text or workbook, with the same limits for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from mall import bank
from mall.imports import text_files, workbooks
from mall.imports.text_files import MAX_COLUMNS, RawLine, TextForm, UnreadableFile

MAX_BYTES = 20 * 1024**2
MAX_LINES = 50_000
CSV, XLSX = "csv", "xlsx"


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that can be read: what it is, how it is written, and its headings."""

    form: str
    encoding: str
    separator: str
    headings: tuple[str, ...]


def open_file(*, content: bytes, name: str) -> Opened:
    """Look at a file's kind, encoding and headings.

    :raises UnreadableFile: nothing can be read from it; the text says what to do.
    """
    if not content.strip(b"\x00 \r\n\t"):
        raise UnreadableFile(_("%(name)s is empty: choose another file.") % {"name": name})
    if len(content) > MAX_BYTES:
        raise UnreadableFile(
            _("%(name)s is larger than %(most)d MB: divide it into several files.")
            % {"name": name, "most": MAX_BYTES // 1024**2}
        )
    _check_kind(content=content, name=name)
    if workbooks.is_workbook(content=content):
        form = TextForm("", "")
        kind = XLSX
    else:
        form = text_files.form_of(content=content)
        kind = CSV
    first = next(lines(content=content, form=kind, encoding=form.encoding, separator=form.separator), None)
    if first is None or (first.fault[0] and not first.cells):
        raise UnreadableFile(_("%(name)s has no line with headings: put them on its first line.") % {"name": name})
    if len(first.cells) >= MAX_COLUMNS and first.fault[0]:
        raise UnreadableFile(" ".join(first.fault))
    headings = tuple(cell.strip()[:200] for cell in first.cells)
    return Opened(kind, form.encoding, form.separator, headings)


def _check_kind(*, content: bytes, name: str) -> None:
    known = bank.content_type(content=content)
    old = content.startswith(b"\xd0\xcf\x11\xe0")
    if known or old:
        what = (
            _("an old or protected Excel file (XLS)")
            if old
            else _("a %(kind)s file") % {"kind": known.split("/")[1].upper()}
        )
        raise UnreadableFile(
            _("%(name)s is %(what)s, whatever its name ends in: save the sheet as XLSX or CSV.")
            % {"name": name, "what": what}
        )


def lines(*, content: bytes, form: str, encoding: str, separator: str) -> Iterator[RawLine]:
    """Yield the lines that are not empty, the headings first.

    :raises UnreadableFile: the file cannot be read any further.
    """
    if form == XLSX:
        return workbooks.read(content=content)
    return text_files.read(content=content, form=TextForm(encoding, separator))


def batches(*, source: Iterator[RawLine], after: int, size: int) -> Iterator[list[RawLine]]:
    """Yield the lines behind number `after` in batches; the headings must be read already."""
    rest = (line for line in source if line.number > after)
    while batch := list(islice(rest, size)):
        yield batch
