"""What every kind of file has in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mall.imports.models import CHANGED, FAULTY, NEW, UNCHANGED, Import, ImportLine
from mall.imports.text_files import RawLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column of our own format: its heading, what it is for, and how foreign files call it."""

    code: str
    label: str
    help: str
    example: str
    key: bool = False
    required: bool = False
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in a column of a line, and what to do about it."""

    column: str
    what: str
    remedy: str

    def as_list(self) -> list[str]:
        """Return it as it is kept."""
        return [self.column, self.what, self.remedy]


@dataclass(slots=True)
class Checked:
    """A line as the dry run sees it."""

    number: int
    cells: Sequence[str] = ()
    key: str = ""
    values: dict[str, object] = field(default_factory=dict)
    before: dict[str, object] = field(default_factory=dict)
    after: dict[str, object] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    fresh: bool = False

    @property
    def verdict(self) -> str:
        """Return what would become of the line."""
        if self.problems:
            return FAULTY
        if self.fresh:
            return NEW
        return CHANGED if self.after else UNCHANGED


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a line: what it changed from and to, and what could not be done."""

    before: Mapping[str, object]
    after: Mapping[str, object]
    problems: Sequence[Problem] = ()
    done: bool = True


class Kind(Protocol):
    """A kind of file."""

    code: str
    # What a merchant's people need to be allowed; empty: the bank's operations.
    permission: str
    can_be_undone: bool
    # Lines of one transaction.
    at_once: int

    def fields(self) -> Sequence[Field]:
        """Return the columns of the format, the key first."""

    def suggestions(self, *, headings: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
        """Return texts for fields that a known foreign file lacks; somebody looks at them before they count."""

    def source(self, *, imported: Import, after: int, size: int) -> Iterator[list[RawLine]]:
        """Yield the lines behind number `after` in batches.

        :raises mall.imports.text_files.UnreadableFile: they cannot be read.
        """

    def check(self, *, imported: Import, lines: Sequence[tuple[RawLine, dict[str, str]]]) -> list[Checked]:
        """Return what each line, read by field, would do; nothing is written."""

    def apply(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Do what the lines say, in the caller's transaction."""

    def undo(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Restore what the lines changed, in the caller's transaction, where nobody changed it since."""
