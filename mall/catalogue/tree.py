"""The category tree as the pages use it: read at once, kept for some minutes."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.urls import reverse
from oscar.core.loading import get_model

Category = get_model("catalogue", "Category")

KEPT = 120
_KEY = "mall.categories"
_STEP = Category.steplen


@dataclass(frozen=True, slots=True)
class Node:
    """A category: `path` is its address (`home/kitchen`), `above` its parents' paths from the top."""

    pk: int
    name: str
    path: str
    above: tuple[str, ...]
    below: tuple[str, ...]

    @property
    def url(self) -> str:
        """Return the address of its page."""
        return reverse("category", args=[self.path])


def tree() -> dict[str, Node]:
    """Return every public category by its path, parents before children."""
    return cache.get_or_set(_KEY, _read, KEPT)


def top() -> list[Node]:
    """Return the categories without a parent."""
    return [node for node in tree().values() if not node.above]


def find(*, path: str) -> Node | None:
    """Return the category of that path; a new one is looked for before it is denied."""
    node = tree().get(path)
    if node is None:
        cache.delete(_KEY)
        node = tree().get(path)
    return node


def _read() -> dict[str, Node]:
    rows = Category.objects.filter(is_public=True, ancestors_are_public=True).order_by("path")
    paths: dict[str, str] = {}
    below: dict[str, list[str]] = {}
    found: list[tuple[Category, str, tuple[str, ...]]] = []
    for row in rows:
        parent = paths.get(row.path[:-_STEP])
        if parent is None and row.depth > 1:
            continue
        own = f"{parent}/{row.slug}" if parent else row.slug
        paths[row.path] = own
        above = tuple(paths[row.path[:end]] for end in range(_STEP, len(row.path), _STEP))
        if parent:
            below.setdefault(parent, []).append(own)
        found.append((row, own, above))
    return {
        own: Node(pk=row.pk, name=row.name, path=own, above=above, below=tuple(below.get(own, ())))
        for row, own, above in found
    }
