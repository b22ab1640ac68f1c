"""Imports as their pages show them: frozen rows, a fixed number of statements however many lines there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from mall import bank
from mall.imports import reading, states
from mall.imports.headings import unused
from mall.imports.kinds import kind_of
from mall.imports.models import CHANGED, KEPT, MERCHANTS, NEW, Import, ImportLine
from mall.imports.operations import FILES, why_not_undone
from mall.imports.text_files import UnreadableFile
from mall.imports.undoing import field_labels, shown_value

PAGE = 20
SHOWN_CHANGES, SHOWN_NEW, SHOWN_PROBLEMS, SHOWN_LINES = 20, 10, 20, 3


@dataclass(frozen=True, slots=True)
class ImportRow:
    """An import in a list."""

    import_id: int
    kind: str
    name: str
    state: str
    tone: str
    made_at: datetime
    made_by: str
    lines: int
    applied: int
    problems: int


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A line of the dry run: each changed field as (label, before, after)."""

    number: int
    key: str
    name: str
    fields: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ProblemView:
    """What is wrong in a line; `column` is empty when it is the whole line."""

    number: int
    key: str
    column: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A field of the format and the column it is read from, or the text it gets; -1: from none."""

    code: str
    label: str
    help: str
    required: bool
    column: int
    fixed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """An import with everything its page shows."""

    import_id: int
    kind: str
    name: str
    state: str
    label: str
    tone: str
    form: str
    written: str
    made_by: str
    made_by_id: int
    made_at: datetime
    confirmed_by: str
    problem: str
    lines: int
    fresh: int
    changed: int
    unchanged: int
    faulty: int
    applied: int
    failed: int
    undone: int
    kept: int
    to_do: int
    done: int
    unused: tuple[str, ...]
    earlier: tuple[int, datetime] | None
    can_be_undone: bool
    why_not_undone: str
    has_file: bool
    lines_forgotten: bool

    @property
    def working(self) -> bool:
        """Tell whether a worker has something to do."""
        return self.state in states.WORKING


def labels() -> dict[str, tuple[str, str]]:
    """Return what each state is called, and the tone of its badge."""
    return {
        states.MAPPING: (_("Columns to name"), "warn"),
        states.CHECKING: (_("Being checked"), "accent"),
        states.CHECKED: (_("To confirm"), "warn"),
        states.QUEUED: (_("Waiting its turn"), "accent"),
        states.APPLYING: (_("Being applied"), "accent"),
        states.DONE: (_("Done"), "good"),
        states.UNDO_QUEUED: (_("Waiting to be undone"), "accent"),
        states.UNDOING: (_("Being undone"), "accent"),
        states.UNDONE: (_("Undone"), ""),
        states.REFUSED: (_("Not readable"), "bad"),
        states.DISCARDED: (_("Discarded"), ""),
    }


def imports_of(
    *, merchant_id: int | None, kinds: Sequence[str], before: int | None = None
) -> tuple[list[ImportRow], int | None]:
    """Return a page of imports, newest first, and the id the next page begins below, if there is one."""
    found = Import.objects.filter(merchant_id=merchant_id, kind__in=kinds).select_related("made_by")
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    called = labels()
    return [
        ImportRow(
            row.pk, row.kind, name_of(row=row), *called[row.state], row.made_at, row.made_by.email, row.lines,
            row.applied, row.faulty + row.failed,
        )
        for row in rows[:PAGE]
    ], (rows[PAGE - 1].pk if len(rows) > PAGE else None)  # fmt: skip


def name_of(*, row: Import) -> str:
    """Return what an import is called: its file, or what it does."""
    if row.name:
        return row.name
    told = []
    price, stock, state = (row.choice.get(part) for part in ("price", "stock", "state"))
    if price:
        sign = "" if price["how"] == "exact" or str(price["by"]).startswith("-") else "+"
        told.append(_("price %(by)s") % {"by": f"{sign}{price['by']}{' %' if price['how'] == 'percent' else ''}"})
    if stock:
        sign = "+" if stock["how"] == "add" and not str(stock["by"]).startswith("-") else ""
        told.append(_("stock %(by)s") % {"by": f"{sign}{stock['by']}"})
    if row.choice.get("days") is not None:
        told.append(_("handling days %(days)s") % {"days": row.choice["days"]})
    if state:
        told.append(_("listed") if state == "listed" else _("unlisted"))
    return _("Many offers: %(what)s") % {"what": ", ".join(told)}


def import_page(*, import_id: int, merchant_id: int | None, kinds: Sequence[str], at: datetime) -> ImportPage | None:
    """Return one import of a merchant (or of the bank), nothing when there is none."""
    found = Import.objects.select_related("made_by", "confirmed_by")
    row = found.filter(pk=import_id, merchant_id=merchant_id, kind__in=kinds).first()
    if row is None:
        return None
    label, tone = labels()[row.state]
    to_do, done = _progress(row)
    why = why_not_undone(row=row, at=at)
    return ImportPage(
        import_id=row.pk,
        kind=row.kind,
        name=name_of(row=row),
        state=row.state,
        label=label,
        tone=tone,
        form=_form(row),
        written=_written(row),
        made_by=row.made_by.email,
        made_by_id=row.made_by_id,
        made_at=row.made_at,
        confirmed_by=row.confirmed_by.email if row.confirmed_by else "",
        problem=row.problem,
        to_do=to_do,
        done=done,
        unused=tuple(unused(headings=row.headings, columns=row.columns)),
        earlier=_earlier(row),
        can_be_undone=kind_of(code=row.kind).can_be_undone and not why,
        why_not_undone=why if row.state == states.DONE else "",
        has_file=bool(row.stored_as),
        lines_forgotten=row.lines_forgotten,
        **{name: getattr(row, name) for name in (
            "lines", "fresh", "changed", "unchanged", "faulty", "applied", "failed", "undone", "kept")},
    )  # fmt: skip


def _form(row: Import) -> str:
    return "" if not row.stored_as else "CSV" if row.separator else "XLSX"


def _written(row: Import) -> str:
    if not row.separator:
        return ""
    signs = {";": _("semicolons"), ",": _("commas"), "\t": _("tabs"), "|": _("bars")}
    names = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
    return _("%(encoding)s, separated by %(sign)s") % {
        "encoding": names.get(row.encoding, row.encoding),
        "sign": signs.get(row.separator, row.separator),
    }


def _progress(row: Import) -> tuple[int, int]:
    """Return how much there is to do in this state, zero when nobody knows yet, and how much is done."""
    if row.state == states.CHECKING:
        return 0, row.lines
    if row.state in (states.UNDO_QUEUED, states.UNDOING):
        return row.applied, row.undone + row.kept
    return row.to_apply, row.applied + row.failed


def _earlier(row: Import) -> tuple[int, datetime] | None:
    """Return the last import of the very same file, when it was applied before."""
    if not row.stored_as:
        return None
    same = Import.objects.filter(
        kind=row.kind, merchant_id=row.merchant_id, digest=row.digest, state__in=(states.DONE, states.UNDONE)
    ).exclude(pk=row.pk)
    return same.order_by("-pk").values_list("pk", "finished_at").first()


def changes(*, import_id: int, currency: str) -> tuple[list[ChangeView], list[ChangeView]]:
    """Return the first lines that would change something, and the first that are new."""
    lines = ImportLine.objects.filter(imported_id=import_id)
    return (
        [_change(line, currency) for line in lines.filter(verdict=CHANGED).order_by("number")[:SHOWN_CHANGES]],
        [_change(line, currency) for line in lines.filter(verdict=NEW).order_by("number")[:SHOWN_NEW]],
    )


def _change(line: ImportLine, currency: str) -> ChangeView:
    called = field_labels() | _other_labels()
    fields = tuple(
        (
            called[name],
            shown_value(name=name, value=line.before.get(name), currency=currency)[:200],
            shown_value(name=name, value=value, currency=currency)[:200],
        )
        for name, value in ((name, line.after[name]) for name in called if name in line.after)
    )
    name = str(line.values.get("title") or line.values.get("name") or (line.cells[1] if len(line.cells) > 1 else ""))
    return ChangeView(line.number, line.key, name[:120], fields)


def _other_labels() -> dict[str, str]:
    return {
        "status": _("Parcel"),
        "carrier": _("Carrier"),
        "tracking": _("Tracking number"),
        "name": _("Store name"),
        "owner_email": _("Owner's e-mail"),
        "currency": _("Currency"),
        "city": _("City"),
        "country": _("Country"),
    }


def problems(*, import_id: int, kept: bool = False) -> list[ProblemView]:
    """Return the first faults of an import, or of one that was undone the lines that stayed."""
    lines = ImportLine.objects.filter(imported_id=import_id)
    lines = lines.filter(outcome=KEPT) if kept else lines.exclude(problems=[])
    found = []
    for line in lines.order_by("number")[:SHOWN_PROBLEMS]:
        found += [ProblemView(line.number, line.key, *problem) for problem in line.problems]
    return found


def columns(*, import_id: int) -> tuple[list[FieldChoice], list[str], list[tuple[str, ...]]]:
    """Return the fields with the columns they are read from, the file's headings, and its first lines."""
    row = Import.objects.get(pk=import_id)
    choices = [
        FieldChoice(
            field.code, field.label, field.help, field.key, row.columns.get(field.code, -1),
            row.fixed.get(field.code, ""),
        )
        for field in kind_of(code=row.kind).fields()
    ]  # fmt: skip
    return choices, list(row.headings), _first_lines(row)


def _first_lines(row: Import) -> list[tuple[str, ...]]:
    first: list[tuple[str, ...]] = []
    try:
        content = FILES.read(stored_as=row.stored_as, digest=row.digest)
        form = reading.CSV if row.separator else reading.XLSX
        for line in reading.lines(content=content, form=form, encoding=row.encoding, separator=row.separator):
            first.append(line.cells)
            if len(first) > SHOWN_LINES:
                break
    except (bank.FileDamaged, UnreadableFile):
        return []
    return first[1:]


def needs_another_person(*, page: ImportPage, user_id: int) -> bool:
    """Tell whether somebody else has to confirm it."""
    return page.kind == MERCHANTS and page.made_by_id == user_id


def faulty_lines(*, import_id: int, size: int = 1_000):
    """Yield the lines that have something wrong, in the order of the file; read in pages."""
    after = -1
    while True:
        lines = list(
            ImportLine.objects.filter(imported_id=import_id, number__gt=after)
            .exclude(problems=[])
            .order_by("number")[:size]
        )
        if not lines:
            return
        yield from lines
        after = lines[-1].number
