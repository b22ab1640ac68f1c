"""Imports: taken in, their columns named, confirmed, undone, discarded. What takes long is for `working`."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import celery
import kombu.exceptions
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mall import actors
from mall.customer.models import User
from mall.imports import reading, states
from mall.imports.from_file import FILES
from mall.imports.headings import plain, recognise
from mall.imports.kinds import kind_of
from mall.imports.models import BULK, MERCHANTS, Import, ImportLine, KnownHeading
from mall.imports.shape import Field
from mall.imports.text_files import UnreadableFile
from mall.merchants.applications import is_operations

logger = logging.getLogger(__name__)


UNDO_WITHIN = timedelta(days=30)
WORK_TASK = "mall.imports.tasks.work"


class UnableToImport(Exception):
    """The import stays as it is, or there is none; the text is one sentence with the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as somebody uploaded it; `merchant_id` is empty for a file of merchants."""

    kind: str
    merchant_id: int | None
    name: str
    content: bytes
    by: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """An import, and whether it was here before with this very file."""

    import_id: int
    known: bool


def receive(*, file: File) -> Received:
    """Take in a file; it is checked at once when its columns are recognised.

    The same file is not taken twice while the first has not come to an end.

    :raises UnableToImport: it cannot be read; the text says what to do.
    """
    name = re.sub(r"[\x00-\x1f]", "", Path(file.name).name)[:255] or _("file")
    try:
        opened = reading.open_file(content=file.content, name=name)
    except UnreadableFile as problem:
        raise UnableToImport(str(problem)) from None
    digest = hashlib.sha256(file.content).hexdigest()
    there = _open(file=file, digest=digest)
    if there is not None:
        return Received(there, known=True)
    columns, fixed = _recognised(file=file, headings=opened.headings)
    state = states.CHECKING if _complete(code=file.kind, columns=columns, fixed=fixed) else states.MAPPING
    kept = FILES.keep(content=file.content)
    try:
        with transaction.atomic():
            row = Import.objects.create(
                kind=file.kind,
                merchant_id=file.merchant_id,
                state=state,
                name=name,
                size=kept.size,
                digest=digest,
                stored_as=kept.stored_as,
                encoding=opened.encoding,
                separator=opened.separator,
                headings=list(opened.headings),
                columns=columns,
                fixed=fixed,
                made_by_id=file.by,
                made_at=file.at,
            )
            if state == states.CHECKING:
                kick(import_id=row.pk)
    except IntegrityError:
        # Two clicks at once: the other one has it.
        FILES.remove(stored_as=kept.stored_as)
        there = _open(file=file, digest=digest)
        if there is None:
            raise
        return Received(there, known=True)
    return Received(row.pk, known=False)


def prepare_bulk(*, merchant_id: int, choice: Mapping[str, object], by: int, at: datetime) -> Received:
    """Begin a bulk change: `choice` names offers (`ids` or `filter`) and what becomes of price, stock, days and state.

    The same change of the same offers is not begun twice while the first waits.

    :raises UnableToImport: nothing is to be changed.
    """
    if not any(choice.get(name) is not None for name in ("price", "stock", "days", "state")):
        raise UnableToImport(_("Say what to change: the price, the stock, the handling days or the state."))
    if choice.get("ids") is not None and not choice["ids"]:
        raise UnableToImport(_("No offer is chosen: tick some, or take all that the filter finds."))
    digest = hashlib.sha256(json.dumps(choice, sort_keys=True, default=str).encode()).hexdigest()
    there = Import.objects.filter(kind=BULK, merchant_id=merchant_id, digest=digest, state__in=states.OPEN)
    try:
        with transaction.atomic():
            row = Import.objects.create(
                kind=BULK,
                merchant_id=merchant_id,
                state=states.CHECKING,
                name="",
                digest=digest,
                choice=dict(choice),
                made_by_id=by,
                made_at=at,
            )
            kick(import_id=row.pk)
    except IntegrityError:
        if (found := there.values_list("pk", flat=True).first()) is None:
            raise
        return Received(found, known=True)
    return Received(row.pk, known=False)


def _open(*, file: File, digest: str) -> int | None:
    found = Import.objects.filter(
        kind=file.kind, merchant_id=file.merchant_id, digest=digest, state__in=states.OPEN
    ).values_list("pk", flat=True)
    return found.first()


def _recognised(*, file: File, headings: tuple[str, ...]) -> tuple[dict[str, int], dict[str, str]]:
    known = dict(
        KnownHeading.objects.filter(
            kind=file.kind, merchant_id=file.merchant_id, heading__in=[plain(heading)[:200] for heading in headings]
        ).values_list("heading", "field")
    )
    kind = kind_of(code=file.kind)
    columns = recognise(headings=headings, fields=kind.fields(), known=known)
    return columns, kind.suggestions(headings=headings, columns=columns)


def _complete(*, code: str, columns: Mapping[str, int], fixed: Mapping[str, str]) -> bool:
    """Tell whether a file can be checked without a word from anybody."""
    fields = kind_of(code=code).fields()
    needed = [field.code for field in fields if field.key]
    others = [field.code for field in fields if not field.key]
    return not fixed and all(name in columns for name in needed) and any(name in columns for name in others)


def fields_of(*, kind: str) -> list[Field]:
    """Return the columns of a kind's format."""
    return list(kind_of(code=kind).fields())


def rename_columns(*, import_id: int, merchant_id: int | None) -> None:
    """Go back from the dry run to the naming of columns.

    :raises UnableToImport: it is past the dry run.
    """
    with transaction.atomic():
        row = locked(import_id=import_id, merchant_id=merchant_id)
        _require(row=row, event="columns named anew")
        if not row.stored_as:
            raise UnableToImport(_("This change has no file: discard it and begin another."))
        row.state = states.MAPPING
        row.save(update_fields=["state"])


def name_columns(
    *, import_id: int, merchant_id: int | None, columns: Mapping[str, int], fixed: Mapping[str, str]
) -> None:
    """Say which column each field is read from, or which text it gets; what was said is remembered for later files.

    :raises UnableToImport: a needed field has neither, or the import is past this.
    """
    with transaction.atomic():
        row = locked(import_id=import_id, merchant_id=merchant_id)
        _require(row=row, event="columns known")
        columns = {name: column for name, column in columns.items() if 0 <= column < len(row.headings)}
        if len(set(columns.values())) < len(columns):
            raise UnableToImport(_("Two fields are read from one column: give each its own."))
        for field in kind_of(code=row.kind).fields():
            if field.key and field.code not in columns and not fixed.get(field.code):
                raise UnableToImport(
                    _("Say which column is “%(field)s”: without it no line can be told from another.")
                    % {"field": field.label}
                )
        _remember(row=row, columns=columns)
        _begin_check(row=row, columns=dict(columns), fixed={name: text for name, text in fixed.items() if text})
        kick(import_id=row.pk)


def _begin_check(*, row: Import, columns: dict[str, int], fixed: dict[str, str]) -> None:
    ImportLine.objects.filter(imported=row).delete()
    row.columns, row.fixed = columns, fixed
    row.state = states.CHECKING
    row.position = row.lines = row.fresh = row.changed = row.unchanged = row.faulty = 0
    row.save(
        update_fields=["columns", "fixed", "state", "position", "lines", "fresh", "changed", "unchanged", "faulty"]
    )


def _remember(*, row: Import, columns: Mapping[str, int]) -> None:
    fields = {column: name for name, column in columns.items()}
    for column, heading in enumerate(row.headings):
        if plain(heading):
            KnownHeading.objects.update_or_create(
                merchant_id=row.merchant_id,
                kind=row.kind,
                heading=plain(heading)[:200],
                defaults={"field": fields.get(column, "")},
            )


def confirm(*, import_id: int, merchant_id: int | None, by: int, at: datetime) -> None:
    """Agree to what the dry run showed: the lines are applied, after those of an import that is under way.

    :raises UnableToImport: there is nothing to apply, it is past this, or of a file of merchants the same person
        uploaded it.
    """
    with transaction.atomic():
        row = locked(import_id=import_id, merchant_id=merchant_id)
        if row.state in (states.QUEUED, states.APPLYING, states.DONE):
            return
        _require(row=row, event="confirm")
        check_person(kind=row.kind, merchant_id=row.merchant_id, by=by)
        if row.kind == MERCHANTS and row.made_by_id == by:
            raise UnableToImport(_("You uploaded this file: a second person has to confirm it."))
        if not row.to_apply:
            raise UnableToImport(
                _("No line would change anything: put the faulty ones right and upload the file again.")
            )
        row.state = states.QUEUED
        row.confirmed_by_id, row.confirmed_at = by, at
        row.save(update_fields=["state", "confirmed_by", "confirmed_at"])
        kick(import_id=row.pk)


def undo(*, import_id: int, merchant_id: int | None, by: int, at: datetime) -> None:
    """Ask that everything an import changed is put back, as far as nobody changed it since.

    :raises UnableToImport: it cannot be undone, or not any more.
    """
    with transaction.atomic():
        row = locked(import_id=import_id, merchant_id=merchant_id)
        if row.state in (states.UNDO_QUEUED, states.UNDOING, states.UNDONE):
            return
        check_person(kind=row.kind, merchant_id=row.merchant_id, by=by)
        if problem := why_not_undone(row=row, at=at):
            raise UnableToImport(problem)
        row.state = states.move(state=row.state, event="undo")
        row.undone_by_id, row.undone_at = by, at
        row.save(update_fields=["state", "undone_by", "undone_at"])
        kick(import_id=row.pk)


def why_not_undone(*, row: Import, at: datetime) -> str:
    """Return why an import cannot be undone, empty when it can."""
    if not kind_of(code=row.kind).can_be_undone:
        return _("What this file did cannot be taken back.")
    if row.state != states.DONE or not row.applied:
        return _("There is nothing to undo.")
    if row.lines_forgotten or (row.finished_at and at - row.finished_at > UNDO_WITHIN):
        return _("An import can be undone for %(days)d days.") % {"days": UNDO_WITHIN.days}
    return ""


def discard(*, import_id: int, merchant_id: int | None) -> None:
    """Give up an import before anything was changed.

    :raises UnableToImport: it is past this: undo it.
    """
    with transaction.atomic():
        row = locked(import_id=import_id, merchant_id=merchant_id)
        if row.state == states.DISCARDED:
            return
        _require(row=row, event="discard")
        row.state = states.DISCARDED
        row.save(update_fields=["state"])
        ImportLine.objects.filter(imported=row).delete()
    forget_file(row=row)


def check_person(*, kind: str, merchant_id: int | None, by: int) -> None:
    """Check that a person may do this now, whatever his page said when it was opened.

    :raises UnableToImport: he may not.
    """
    permission = kind_of(code=kind).permission
    if merchant_id is None:
        allowed = is_operations(user=User.objects.get(pk=by))
    else:
        person = actors.Actor(actors.MERCHANT, user_id=by, merchant_id=merchant_id)
        allowed = not actors.without_permission(actors={person}, permission=permission)
    if not allowed:
        raise UnableToImport(_("Your role does not allow this any more: ask an owner of the store."))


def locked(*, import_id: int, merchant_id: int | None) -> Import:
    """Return an import of that merchant, its row locked; another's is as unknown as one that does not exist.

    :raises UnableToImport: there is none.
    """
    found = Import.objects.select_for_update(no_key=True, of=("self",)).filter(pk=import_id, merchant_id=merchant_id)
    row = found.select_related("merchant").first()
    if row is None:
        raise UnableToImport(_("There is no such import of yours."))
    return row


def _require(*, row: Import, event: str) -> None:
    try:
        states.move(state=row.state, event=event)
    except states.ForbiddenMove:
        raise UnableToImport(_("This import is past that: open it again to see where it stands.")) from None


def forget_file(*, row: Import) -> None:
    """Take the uploaded file away; its lines are kept apart."""
    if row.stored_as:
        FILES.remove(stored_as=row.stored_as)


def kick(*, import_id: int) -> None:
    """Wake a worker for an import once this is committed; one that is not reached finds it by itself."""

    def send() -> None:
        if not settings.RIALTO_OUTBOX_KICK:
            return
        try:
            celery.current_app.send_task(WORK_TASK, args=[import_id], retry=False)
        except (kombu.exceptions.OperationalError, OSError):
            logger.warning("The queue did not answer; the import waits for the sweeper.")

    transaction.on_commit(send)
