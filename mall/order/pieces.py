"""Pieces of a parcel as a form names them: one field a line, how many of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from mall.queries.orders import ConsignmentView


class WrongPieces(ValueError):
    """What was typed is no number of pieces that are there; a sentence for the page."""


def chosen(*, part: ConsignmentView, typed: Mapping[str, str]) -> dict[int, int]:
    """Return how many pieces of each line were chosen, by `line-<id>`.

    :raises WrongPieces: something typed is no such number.
    """
    found: dict[int, int] = {}
    for line in part.lines:
        text = typed.get(f"line-{line.line_id}", "").strip()
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else -1 if text else 0
        if not 0 <= number <= line.quantity:
            raise WrongPieces(
                _("Of “%(title)s” choose a number from 0 to %(most)d.") % {"title": line.title, "most": line.quantity}
            )
        found[line.line_id] = number
    return found
