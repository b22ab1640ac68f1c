"""Which column of a file is which of our fields: by our own names, by what other shops call them, by what was said."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from text_unidecode import unidecode

from mall.imports.shape import Field

# Headings of the file of faulty lines, which may be put right and come back.
OURS = ("line", "column", "what is wrong", "what to do")


def plain(heading: str) -> str:
    """Return a heading without case, accents and signs."""
    return re.sub(r"[^a-z0-9]+", " ", unidecode(heading).lower()).strip()


def recognise(*, headings: Sequence[str], fields: Sequence[Field], known: Mapping[str, str]) -> dict[str, int]:
    """Return the column of each field that is found; `known` is what somebody said of plain headings before."""
    names: dict[str, str] = {}
    for field in fields:
        for name in (field.code, field.label, *field.synonyms):
            names.setdefault(plain(name), field.code)
    found: dict[str, int] = {}
    for said in (known, names):
        for column, heading in enumerate(headings):
            code = said.get(plain(heading), "")
            if code and code not in found and column not in found.values():
                # What somebody left out on purpose stays left out.
                if said is names and known.get(plain(heading)) == "":
                    continue
                found[code] = column
    return found


def unused(*, headings: Sequence[str], columns: Mapping[str, int]) -> list[str]:
    """Return the headings nothing is read from."""
    taken = set(columns.values())
    return [
        heading
        for column, heading in enumerate(headings)
        if column not in taken and heading and plain(heading) not in OURS
    ]
