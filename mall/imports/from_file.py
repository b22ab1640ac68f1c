"""Lines that come from a kept file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mall import bank
from mall.imports import reading
from mall.imports.models import Import
from mall.imports.text_files import RawLine

FILES = bank.PrivateFiles(folder="imports", purpose=b"rialto: files of merchants to import")


class FromFile:
    """A kind whose lines stand in an uploaded file."""

    def suggestions(self, *, headings: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
        """Return no texts: a file has what it has."""
        return {}

    def source(self, *, imported: Import, after: int, size: int) -> Iterator[list[RawLine]]:
        """Yield the lines behind number `after` in batches."""
        content = FILES.read(stored_as=imported.stored_as, digest=imported.digest)
        lines = reading.lines(
            content=content,
            form=reading.CSV if imported.separator else reading.XLSX,
            encoding=imported.encoding,
            separator=imported.separator,
        )
        next(lines, None)
        return reading.batches(source=lines, after=after, size=size)
