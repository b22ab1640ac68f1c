"""Categories as files name them: by the whole path or by a name that is unique; a stranger gets the nearest."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from mall.catalogue import tree
from mall.imports.amounts import UnclearFigure
from mall.imports.headings import plain

SIGN = " > "
_SIGNS = re.compile(r"\s*[>›»|/\\]\s*")
_NEAR = 60


class Known:
    """The market's categories, read once for many lines."""

    def __init__(self) -> None:
        nodes = tree.tree()
        self.names: dict[int, tuple[str, ...]] = {}
        self._by_path: dict[tuple[str, ...], int] = {}
        ends: dict[str, list[int]] = {}
        for node in nodes.values():
            names = (*(nodes[above].name for above in node.above), node.name)
            self.names[node.pk] = names
            self._by_path.setdefault(_key(SIGN.join(names)), node.pk)
            self._by_path.setdefault(_key(node.path), node.pk)
            ends.setdefault(plain(node.name), []).append(node.pk)
        self._by_name = {name: pks[0] for name, pks in ends.items() if len(pks) == 1}

    def find(self, *, text: str) -> dict[str, object]:
        """Return the category as a line's values.

        :raises UnclearFigure: there is none of that name; the nearest is suggested.
        """
        pk = self._by_path.get(_key(text)) or self._by_name.get(plain(text))
        if pk is None:
            raise UnclearFigure(_("There is no category “%(text)s”.") % {"text": text[:80]}, remedy=self._remedy(text))
        return {"category": self.text(pk=pk), "category_id": pk}

    def text(self, *, pk: int) -> str:
        """Return a category's path in words; empty for one that is not shown."""
        return SIGN.join(self.names.get(pk, ()))

    def _remedy(self, text: str) -> str:
        paths = {pk: plain(SIGN.join(names)) for pk, names in self.names.items()}
        near = process.extractOne(plain(text), paths, scorer=fuzz.ratio, score_cutoff=_NEAR)
        if near is None:
            last = _SIGNS.split(text.strip())[-1]
            ends = {pk: plain(names[-1]) for pk, names in self.names.items()}
            near = process.extractOne(plain(last), ends, scorer=fuzz.ratio, score_cutoff=_NEAR)
        if near is None:
            return _("Choose one from the list in the template file.")
        return _("Did you mean “%(path)s”?") % {"path": self.text(pk=near[2])}


def _key(text: str) -> tuple[str, ...]:
    return tuple(plain(part) for part in _SIGNS.split(text.strip()))


def paths() -> list[str]:
    """Return every category's path in words, in the order of the tree."""
    known = Known()
    return [known.text(pk=pk) for pk in known.names]
