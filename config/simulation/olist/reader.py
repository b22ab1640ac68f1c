"""Read one file row by row: a bad row is reported and passed over, a bad file is refused in one sentence."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from config.simulation.olist.tables import BadField, Table, shown

_LONGEST_FIELD = 1_000_000


class UnusableExtract(Exception):
    """The folder or one of its files cannot be read as a whole; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that is passed over, and why."""

    file: str
    line: int
    key: str
    reason: str
    short: bool = False

    def __str__(self) -> str:
        named = f" ({self.key})" if self.key else ""
        return f"{self.file}, line {self.line}{named}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Row:
    """A usable row and the line it starts on."""

    line: int
    values: dict[str, object]


def check_folder(folder: Path) -> None:
    """Refuse a folder that is not there or cannot be read.

    :raises UnusableExtract: with the path and the remedy.
    """
    if not folder.exists():
        raise UnusableExtract(f"{folder} does not exist: give the folder with the data set's CSV files.")
    if not folder.is_dir():
        raise UnusableExtract(f"{folder} is not a folder: give the folder with the data set's CSV files.")


def read(folder: Path, table: Table) -> Iterator[Row | RowProblem]:
    """Yield every row of ``table``'s file in ``folder``, streaming.

    A byte order mark, Windows line ends, other column orders, extra columns and quoted line breaks are taken
    as they come.

    :raises UnusableExtract: the file is missing, unreadable, not UTF-8, lacks a column, ends inside a row, or
        holds no usable row at all.
    """
    path = folder / table.file
    try:
        with path.open("r", encoding="utf-8-sig", newline="") as stream:
            yield from _rows(path, stream, table)
    except FileNotFoundError:
        raise UnusableExtract(f"{path} is missing: put that file of the data set there.") from None
    except IsADirectoryError:
        raise UnusableExtract(f"{path} is a folder: put the data set's file there.") from None
    except UnicodeDecodeError:
        line = _undecodable_line(path)
        raise UnusableExtract(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8 or fetch it again."
        ) from None
    except OSError as error:
        raise UnusableExtract(f"{path} cannot be read ({error.strerror}): check its permissions.") from None


def _rows(path: Path, stream: IO[str], table: Table) -> Iterator[Row | RowProblem]:
    csv.field_size_limit(_LONGEST_FIELD)
    source = csv.reader(_text_lines(path, stream), strict=True)
    wanted, width = _header(path, source, table)
    usable, held = 0, None
    first_problem: RowProblem | None = None
    while True:
        line = source.line_num + 1
        try:
            fields = next(source)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end of data" in str(error) or "field larger" in str(error):
                raise UnusableExtract(
                    f"{path}, line {line}: a quotation mark opened here is never closed, "
                    "the file was cut short; fetch it again."
                ) from None
            fields, outcome = [], RowProblem(table.file, line, "", f"quotation marks are misplaced ({error})")
        else:
            if not fields:
                continue
            outcome = _row(table, line, fields, width, wanted)
        # One row is held back, because a fault in the last one may mean that the file was cut.
        if held is not None:
            yield held
        held = outcome
        if isinstance(outcome, Row):
            usable += 1
        else:
            first_problem = first_problem or outcome
    if isinstance(held, RowProblem) and (held.short or _ends_inside_row(path)):
        raise UnusableExtract(
            f"{path}, line {held.line}: the file ends inside a row ({held.reason}), it was cut short; fetch it again."
        )
    if held is not None:
        yield held
    if usable:
        return
    if first_problem is not None:
        raise UnusableExtract(
            f"{path}: no row can be used, the first (line {first_problem.line}) because {first_problem.reason}; "
            "check that this is the right file with the right columns."
        )
    if not table.may_be_empty:
        raise UnusableExtract(f"{path} has a header but no rows: fetch the file again.")


def _text_lines(path: Path, stream: IO[str]) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        if "\0" in line:
            raise UnusableExtract(
                f"{path}, line {number}: holds a zero byte, so it is not CSV text; fetch the file again."
            )
        yield line


def _header(path: Path, source: Iterator[list[str]], table: Table) -> tuple[list[tuple], int]:
    try:
        header = [name.strip() for name in next(source)]
    except StopIteration:
        raise UnusableExtract(f"{path} is empty: fetch the file again.") from None
    except csv.Error as error:
        raise UnusableExtract(f"{path}, line 1: the header is broken ({error}); fetch it again.") from None
    names = [table.spellings.get(name, name) for name in header]
    missing = [name for name in table.columns if name not in names]
    if missing:
        found = shown(",".join(header)[:40]) if len(header) == 1 else ", ".join(header)
        raise UnusableExtract(
            f"{path}, line 1: column {', '.join(missing)} is missing (found {found}); the file needs the "
            "data set's own header, with commas between its columns."
        )
    known = {**table.columns, **table.optional}
    doubled = sorted({name for name in names if names.count(name) > 1 and name in known})
    if doubled:
        raise UnusableExtract(f"{path}, line 1: column {', '.join(doubled)} stands twice; keep one of them.")
    return [(name, names.index(name), parse) for name, parse in known.items() if name in names], len(header)


def _row(table: Table, line: int, fields: list[str], width: int, wanted: list[tuple]) -> Row | RowProblem:
    naming = wanted[0][1]
    first = fields[naming].strip()[:64] if naming < len(fields) else ""
    if len(fields) != width:
        reason = f"has {len(fields)} of {width} fields"
        return RowProblem(table.file, line, first, reason, short=len(fields) < width)
    values = {}
    for name, position, parse in wanted:
        try:
            values[name] = parse(fields[position].strip())
        except BadField as error:
            if name in table.optional:
                values[name] = None
                continue
            return RowProblem(table.file, line, first, f"{name} {error}")
    return Row(line, values)


def _ends_inside_row(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, 2)
        return stream.read(1) not in b"\r\n"


def _undecodable_line(path: Path) -> int:
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1
