"""What workers do with imports: check, apply and undo, a batch a transaction, each line once.

A batch locks the import, so two workers with the same one take turns; a crash loses at most a batch that was not
committed, and whoever comes next goes on behind the last that was.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from mall import bank
from mall.imports import operations, reading, states
from mall.imports.kinds import kind_of
from mall.imports.models import (
    APPLIED,
    CHANGED,
    FAILED,
    FAULTY,
    KEPT,
    NEW,
    UNCHANGED,
    UNDONE,
    WAITING,
    Import,
    ImportLine,
)
from mall.imports.shape import Checked, Outcome, Problem
from mall.imports.text_files import RawLine, UnreadableFile
from payments import rows

logger = logging.getLogger(__name__)

CHECKED_AT_ONCE = 1_000
QUIET = timedelta(seconds=60)
LINES_KEPT = timedelta(days=90)
# {heading}, {heading:8} for its first characters, {heading:T} with capitals.
_PLACE = re.compile(r"\{([^{}:]+)(?::(T|[0-9]{1,2}))?\}")


def work(*, import_id: int, at: datetime) -> str:
    """Do everything an import has to do until it waits for somebody; return its state."""
    while True:
        row = Import.objects.select_related("merchant").get(pk=import_id)
        if row.state == states.CHECKING:
            _check(row=row, at=at)
        elif row.state in (states.QUEUED, states.UNDO_QUEUED):
            if not _begin(row=row):
                return row.state
        elif row.state == states.APPLYING:
            _through(import_id=import_id, at=at, step=_apply_some)
        elif row.state == states.UNDOING:
            _through(import_id=import_id, at=at, step=_undo_some)
        else:
            return row.state


def sweep() -> list[int]:
    """Return the imports that wait for a worker and that none has touched for a while, after waking one for each."""
    waiting = Import.objects.filter(state__in=states.WORKING).filter(
        Q(worked_at__isnull=True) | Q(worked_at__lt=Now() - QUIET)
    )
    found = list(waiting.order_by("pk").values_list("pk", flat=True)[:100])
    for import_id in found:
        operations.kick(import_id=import_id)
    return found


def forget(*, at: datetime) -> int:
    """Take away the lines of imports that ended long ago; return of how many. What became of them is kept as counts."""
    old = Import.objects.filter(lines_forgotten=False, made_at__lt=at - LINES_KEPT).exclude(state__in=states.WORKING)
    count = 0
    for row in old.order_by("pk")[:100]:
        with transaction.atomic():
            ImportLine.objects.filter(imported=row).delete()
            Import.objects.filter(pk=row.pk).update(lines_forgotten=True)
        operations.forget_file(row=row)
        count += 1
    return count


def _check(*, row: Import, at: datetime) -> None:
    kind = kind_of(code=row.kind)
    try:
        for batch in kind.source(imported=row, after=row.position, size=CHECKED_AT_ONCE):
            if not _check_some(import_id=row.pk, lines=batch):
                return
    except (UnreadableFile, bank.FileDamaged) as problem:
        _refuse(import_id=row.pk, problem=str(problem))
        return
    Import.objects.filter(pk=row.pk, state=states.CHECKING).update(state=states.CHECKED, worked_at=Now())


def _refuse(*, import_id: int, problem: str) -> None:
    with transaction.atomic():
        row = Import.objects.select_for_update(no_key=True).get(pk=import_id)
        if row.state != states.CHECKING:
            return
        row.state, row.problem = states.REFUSED, problem[:500]
        row.save(update_fields=["state", "problem"])
        ImportLine.objects.filter(imported=row).delete()
    operations.forget_file(row=row)


def _check_some(*, import_id: int, lines: Sequence[RawLine]) -> bool:
    """Check a batch and keep its lines; return whether the import is still being checked."""
    with transaction.atomic():
        row = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("merchant").get(pk=import_id)
        if row.state != states.CHECKING:
            return False
        # Another worker may have been here meanwhile.
        lines = [line for line in lines if line.number > row.position]
        if not lines:
            return True
        if row.lines + len(lines) > reading.MAX_LINES:
            raise UnreadableFile(
                _("The file has more than %(most)s lines: divide it into several.") % {"most": f"{reading.MAX_LINES:,}"}
            )
        checked = kind_of(code=row.kind).check(imported=row, lines=[(line, by_field(row, line)) for line in lines])
        _tell_twins(row=row, checked=checked)
        rows.insert(rows=[_line(row=row, checked=line) for line in checked])
        counts = {verdict: sum(line.verdict == verdict for line in checked) for verdict in (NEW, CHANGED, UNCHANGED)}
        Import.objects.filter(pk=row.pk).update(
            position=lines[-1].number,
            lines=F("lines") + len(checked),
            fresh=F("fresh") + counts[NEW],
            changed=F("changed") + counts[CHANGED],
            unchanged=F("unchanged") + counts[UNCHANGED],
            faulty=F("faulty") + len(checked) - sum(counts.values()),
            worked_at=Now(),
        )
    return True


def by_field(row: Import, line: RawLine) -> dict[str, str]:
    """Return a line's cells by field; a fixed text may name other columns of the line."""
    text = bool(row.separator)
    cells = {
        name: _unmarked(line.cells[column].strip(), text=text) if column < len(line.cells) else ""
        for name, column in row.columns.items()
    }
    if not row.fixed:
        # Faults are told in the order of the file.
        return dict(sorted(cells.items(), key=lambda cell: row.columns[cell[0]]))
    named = dict(zip(row.headings, line.cells, strict=False))
    for name, text in row.fixed.items():
        if not cells.get(name):
            cells[name] = _PLACE.sub(lambda found: _placed(named.get(found.group(1), ""), found.group(2)), text)
    return dict(sorted(cells.items(), key=lambda cell: row.columns.get(cell[0], len(line.cells))))


def _unmarked(cell: str, *, text: bool) -> str:
    """Take off the apostrophe that keeps spreadsheets from reading a text file's cell as a formula."""
    return cell[1:] if text and cell.startswith("'") and bank.is_formula(cell.lstrip("'")) else cell


def _placed(cell: str, how: str | None) -> str:
    cell = cell.strip()
    if how == "T":
        return " ".join(word.capitalize() for word in cell.split())
    return cell[: int(how)] if how else cell


def _tell_twins(*, row: Import, checked: Sequence[Checked]) -> None:
    """A key counts once in a file: the later line is faulty, and told where the first stands."""
    first = dict(
        ImportLine.objects.filter(imported=row, key__in=[line.key for line in checked if line.key])
        .exclude(verdict=FAULTY)
        .values_list("key", "number")
    )
    label = next((field.label for field in kind_of(code=row.kind).fields() if field.key), "")
    for line in checked:
        if not line.key or line.problems:
            continue
        if line.key in first:
            what = _("“%(key)s” stands in line %(number)d already.") % {"key": line.key, "number": first[line.key]}
            line.problems.append(Problem(label, what, _("Keep one of the two lines.")))
        else:
            first[line.key] = line.number


def _line(*, row: Import, checked: Checked) -> ImportLine:
    return ImportLine(
        imported=row,
        number=checked.number,
        key=checked.key[:128],
        verdict=checked.verdict,
        cells=list(checked.cells),
        values=checked.values,
        before=checked.before,
        after=checked.after,
        problems=[problem.as_list() for problem in checked.problems],
    )


def _begin(*, row: Import) -> bool:
    """Begin to apply or undo if it is this import's turn: one merchant's are done one after another."""
    undoing = row.state == states.UNDO_QUEUED
    target = states.UNDOING if undoing else states.APPLYING
    mine = Import.objects.filter(merchant_id=row.merchant_id, kind__in=_lane(row=row))
    waiting = mine.filter(state__in=(states.QUEUED, states.UNDO_QUEUED)).exclude(pk=row.pk)
    since = row.undone_at if undoing else row.confirmed_at
    for other in waiting:
        if ((other.undone_at if other.state == states.UNDO_QUEUED else other.confirmed_at), other.pk) < (since, row.pk):
            return False
    try:
        with transaction.atomic():
            return bool(
                Import.objects.filter(pk=row.pk, state=row.state).update(state=target, worked_at=Now())
                or Import.objects.filter(pk=row.pk).exclude(state=row.state).exists()
            )
    except IntegrityError:
        # Another one of this merchant's is under way; it wakes the next when it is done.
        return False


def _lane(*, row: Import) -> Sequence[str]:
    return [kind for kind, _name in Import.KINDS] if row.merchant_id else [row.kind]


def _through(*, import_id: int, at: datetime, step: Callable[..., bool]) -> None:
    while step(import_id=import_id, at=at):
        pass


def _apply_some(*, import_id: int, at: datetime) -> bool:
    """Apply a batch of lines; return whether there may be more."""
    with transaction.atomic():
        row = _under_way(import_id=import_id, state=states.APPLYING)
        if row is None:
            return False
        kind = kind_of(code=row.kind)
        waiting = ImportLine.objects.filter(imported=row, verdict__in=(NEW, CHANGED), outcome=WAITING)
        lines = list(waiting.order_by("number")[: kind.at_once])
        if not lines:
            _end(row=row, state=states.DONE, at=at)
            return False
        outcomes = _each(act=kind.apply, row=row, lines=lines, at=at)
        done = sum(outcome.done for outcome in outcomes)
        _write(lines=lines, outcomes=outcomes, well=APPLIED, ill=FAILED)
        Import.objects.filter(pk=row.pk).update(
            applied=F("applied") + done, failed=F("failed") + len(lines) - done, worked_at=Now()
        )
    return True


def _undo_some(*, import_id: int, at: datetime) -> bool:
    """Undo a batch of lines, the last first; return whether there may be more."""
    with transaction.atomic():
        row = _under_way(import_id=import_id, state=states.UNDOING)
        if row is None:
            return False
        kind = kind_of(code=row.kind)
        lines = list(ImportLine.objects.filter(imported=row, outcome=APPLIED).order_by("-number")[: kind.at_once])
        if not lines:
            _end(row=row, state=states.UNDONE, at=at)
            return False
        outcomes = _each(act=kind.undo, row=row, lines=lines, at=at)
        done = sum(outcome.done for outcome in outcomes)
        _write(lines=lines, outcomes=outcomes, well=UNDONE, ill=KEPT)
        Import.objects.filter(pk=row.pk).update(
            undone=F("undone") + done, kept=F("kept") + len(lines) - done, worked_at=Now()
        )
    return True


def _under_way(*, import_id: int, state: str) -> Import | None:
    found = Import.objects.select_for_update(no_key=True, of=("self",)).select_related("merchant")
    return found.filter(pk=import_id, state=state).first()


def _end(*, row: Import, state: str, at: datetime) -> None:
    row.state = state
    row.finished_at = row.finished_at or at
    row.save(update_fields=["state", "finished_at"])
    transaction.on_commit(lambda: operations.forget_file(row=row))
    following = Import.objects.filter(merchant_id=row.merchant_id, state__in=(states.QUEUED, states.UNDO_QUEUED))
    for import_id in following.order_by("confirmed_at", "pk").values_list("pk", flat=True)[:2]:
        operations.kick(import_id=import_id)


def _each(
    *, act: Callable[..., list[Outcome]], row: Import, lines: Sequence[ImportLine], at: datetime
) -> list[Outcome]:
    """Act on the lines together; should the database refuse one of them, each by itself, so that the rest go on."""
    try:
        with transaction.atomic():
            return act(imported=row, lines=lines, at=at)
    except DatabaseError:
        logger.exception("A batch of import %s failed; its lines are done one by one", row.pk)
    outcomes: list[Outcome] = []
    for line in lines:
        try:
            with transaction.atomic():
                outcomes += act(imported=row, lines=[line], at=at)
        except DatabaseError:
            logger.exception("Line %s of import %s failed", line.number, row.pk)
            what = _("The market could not write this line; its people are told.")
            outcomes.append(Outcome({}, {}, [Problem("", what, _("Try the line again later."))], done=False))
    return outcomes


def _write(*, lines: Sequence[ImportLine], outcomes: Sequence[Outcome], well: str, ill: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE imports_importline l
            SET outcome = done.outcome, before = done.before, after = done.after, problems = done.problems
            FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::jsonb[], %s::jsonb[])
                AS done (id, outcome, before, after, problems)
            WHERE l.id = done.id
            """,
            [
                [line.pk for line in lines],
                [well if outcome.done else ill for outcome in outcomes],
                [json.dumps(dict(outcome.before)) for outcome in outcomes],
                [json.dumps(dict(outcome.after)) for outcome in outcomes],
                [json.dumps([problem.as_list() for problem in outcome.problems]) for outcome in outcomes],
            ],
        )
