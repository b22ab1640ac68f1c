"""Many offers changed by one rule: chosen by hand or by filter, priced by percent or amount, looked at, applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from mall.imports import bulk_rules, offers, undoing
from mall.imports.kinds.catalogue import actor_of
from mall.imports.models import BULK, Import, ImportLine
from mall.imports.shape import Checked, Field, Outcome, Problem
from mall.imports.text_files import RawLine
from mall.merchants import roles


class Bulk:
    """A choice of offers and a rule; its lines are made from what is there."""

    code = BULK
    permission = roles.CATALOGUE
    can_be_undone = True
    at_once = 500

    def fields(self) -> Sequence[Field]:
        """Return what a line is known by."""
        return (
            Field(code="sku", label=_("Article number"), key=True, required=True, example="", help=""),
            Field(code="title", label=_("Name"), example="", help=""),
        )

    def suggestions(self, *, headings: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
        """Return nothing: there is no file."""
        return {}

    def source(self, *, imported: Import, after: int, size: int) -> Iterator[list[RawLine]]:
        """Yield the chosen offers behind an id in batches; a line's number is the offer's id."""
        while True:
            where, values = bulk_rules.condition(choice=imported.choice)
            found = offers.page(merchant_id=imported.merchant_id, after=after, size=size, where=where, values=values)
            if not found:
                return
            yield [RawLine(offer.stockrecord_id, (offer.sku, str(offer.facts["title"]))) for offer in found]
            after = found[-1].stockrecord_id

    def check(self, *, imported: Import, lines: Sequence[tuple[RawLine, dict[str, str]]]) -> list[Checked]:
        """Return what the rule makes of each offer; nothing is written."""
        there = offers.read(merchant_id=imported.merchant_id, skus=[raw.cells[0] for raw, _texts in lines])
        checked = []
        for raw, _texts in lines:
            offer = there.get(raw.cells[0])
            line = Checked(number=raw.number, cells=raw.cells, key=raw.cells[0])
            if offer is None:
                line.problems.append(Problem("", _("The offer is not there any more."), ""))
            else:
                line.values = bulk_rules.apply(rule=imported.choice, offer=offer)
                line.after = offers.difference(values=line.values, offer=offer)
                line.before = {name: offer.facts[name] for name in line.after}
                line.values["version"] = offer.version
                line.problems += offers.objections(after=line.after, offer=offer)
            checked.append(line)
        return checked

    def apply(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Change the offers that are as they were when somebody looked at the preview."""
        there = offers.read(merchant_id=imported.merchant_id, skus=[line.key for line in lines], lock=True)
        known = [line for line in lines if line.key in there]
        results = offers.change(
            actor=actor_of(imported=imported),
            changes=[
                (
                    there[line.key],
                    offers.difference(values=line.values, offer=there[line.key]),
                    {"version": line.values["version"]},
                )
                for line in known
            ],
            at=at,
        )
        gone = Outcome({}, {}, [Problem("", _("The offer is not there any more."), "")], done=False)
        outcomes = dict(zip((line.pk for line in known), results, strict=True))
        return [outcomes.get(line.pk, gone) for line in lines]

    def undo(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Put prices, stock and state back where nobody changed them since."""
        return undoing.restore(actor=actor_of(imported=imported), merchant_id=imported.merchant_id, lines=lines, at=at)
