"""Cases for operations: opened and closed by the machine, taken, handed over, noted and closed by people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from payments.models import CaseNote, OperationsCase
from payments.operations.errors import PaymentError
from payments.states import CASE, move

MACHINE = "system"
LONGEST_TEXT = 2_000


class UnknownCase(PaymentError):
    """There is no such case."""


class UnableToHandle(PaymentError):
    """The case cannot be taken, handed over, noted or closed so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Something for a person to look at; ``kind`` and ``key`` name it, ``amount`` is minor units of ``currency``.

    ``names`` are what the book and its pages know it by: an order's number, a consignment's, ``payment:7``.
    """

    kind: str
    key: str
    subject: str
    at: datetime
    amount: int | None = None
    currency: str = ""
    names: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase:
    """What ``kind`` and ``key`` name is in order again by itself; ``reason`` says how."""

    kind: str
    key: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The case that stands for what was asked; ``replayed`` when it had been opened before."""

    case_id: int
    replayed: bool


def open_cases(*, requests: Sequence[OpenCase]) -> list[Opened]:
    """Open a case for each request, or return the one that is open by its name.

    What a closed case was about counts as told before, unless it happened after that case was closed. Joins the
    caller's transaction where there is one.
    """
    if not requests:
        return []
    with transaction.atomic():
        told = _newest(names={(request.kind, request.key) for request in requests})
        fresh: dict[tuple[str, str], OpenCase] = {}
        for request in requests:
            known = told.get((request.kind, request.key))
            if known is None or (known.closed_at is not None and known.closed_at < request.at):
                fresh.setdefault((request.kind, request.key), request)
        # In one order, so that two who open the same cases wait for each other and never in a circle.
        made = [_row(fresh[name]) for name in sorted(fresh)]
        before = {row.pk for row in told.values()}
        OperationsCase.objects.bulk_create(made, ignore_conflicts=True)
        told |= _newest(names=set(fresh))
        _note_opened(cases=told, requests=fresh)
    return [
        Opened(case_id=found.pk, replayed=found.pk in before or fresh[request.kind, request.key] is not request)
        for request in requests
        for found in [told[request.kind, request.key]]
    ]


def open_case(*, request: OpenCase) -> Opened:
    """Open one case; see :func:`open_cases`."""
    return open_cases(requests=[request])[0]


def close_settled_cases(*, requests: Sequence[CloseCase]) -> int:
    """Close the open cases of these names, whoever has them; return how many there were."""
    by_name = {(request.kind, request.key): request for request in requests}
    if not by_name:
        return 0
    with transaction.atomic():
        rows = _named(by_name).exclude(state="closed").order_by("pk").select_for_update()
        found = [row for row in rows if (row.kind, row.key) in by_name]
        for row in found:
            request = by_name[row.kind, row.key]
            row.state = move(machine=CASE, state=row.state, event="close")
            row.closed_at = max(request.at, row.opened_at)
        OperationsCase.objects.bulk_update(found, ["state", "closed_at"])
        CaseNote.objects.bulk_create(
            CaseNote(case=row, kind="closed", by=MACHINE, text=by_name[row.kind, row.key].reason, at=row.closed_at)
            for row in found
        )
    return len(found)


def take_case(*, case_id: int, by: str, at: datetime) -> None:
    """Put a case that is in nobody's hands into the hands of ``by``; to take what one has changes nothing.

    :raises UnknownCase: there is none of that number.
    :raises UnableToHandle: somebody else has it, or it is closed.
    """
    with transaction.atomic():
        case = _locked(case_id)
        if case.owner == by and case.state == "taken":
            return
        if case.owner:
            raise UnableToHandle("The case is in somebody else's hands: ask for it to be handed over.")
        _move(case=case, event="take", owner=by)
        _note(case=case, kind="taken", by=by, at=at)


def hand_over_case(*, case_id: int, by: str, to: str, text: str, at: datetime) -> None:
    """Give one's case into the hands of ``to``, or back to everybody when ``to`` is empty; ``text`` says why.

    :raises UnknownCase: there is none of that number.
    :raises UnableToHandle: the case is not in the hands of ``by``, or no reason is given.
    """
    with transaction.atomic():
        case = _held(case_id=case_id, by=by, text=text)
        if to == by:
            raise UnableToHandle("The case is in your hands already: choose somebody else.")
        _move(case=case, event="hand_over" if to else "give_back", owner=to)
        _note(case=case, kind="handed_over" if to else "given_back", by=by, to=to, text=text, at=at)


def note_case(*, case_id: int, by: str, text: str, at: datetime, key: str | None = None) -> None:
    """Write a note into a case's history; everybody may, also when it is closed. The same ``key`` writes it once.

    :raises UnknownCase: there is none of that number.
    :raises UnableToHandle: the note is empty.
    """
    with transaction.atomic():
        case = _locked(case_id)
        _check(text)
        if key is None or not CaseNote.objects.filter(key=key).exists():
            _note(case=case, kind="note", by=by, text=text, at=at, key=key)


def close_case(*, case_id: int, by: str, reason: str, at: datetime) -> None:
    """Close a case that is in the hands of ``by``.

    :raises UnknownCase: there is none of that number.
    :raises UnableToHandle: the case is not in the hands of ``by``, is closed, or no reason is given.
    """
    with transaction.atomic():
        case = _held(case_id=case_id, by=by, text=reason)
        case.closed_at = max(at, case.opened_at)
        _move(case=case, event="close", owner=case.owner)
        _note(case=case, kind="closed", by=by, text=reason, at=at)


def _named(names: Iterable[tuple[str, str]]):
    """Return the cases whose kind and key are among the names' kinds and keys; a little more than the names."""
    wanted = list(names)
    return OperationsCase.objects.filter(kind__in={kind for kind, _ in wanted}, key__in=[key for _, key in wanted])


def _newest(*, names: set[tuple[str, str]]) -> dict[tuple[str, str], OperationsCase]:
    found = {(row.kind, row.key): row for row in _named(names).order_by("pk")}
    return {name: found[name] for name in names if name in found}


def _row(request: OpenCase) -> OperationsCase:
    return OperationsCase(
        kind=request.kind,
        key=request.key,
        subject=request.subject[:200],
        amount=request.amount,
        currency=request.currency,
        names=list(request.names),
        opened_at=request.at,
    )


def _note_opened(*, cases: dict[tuple[str, str], OperationsCase], requests: dict[tuple[str, str], OpenCase]) -> None:
    """Begin the history of each new case; two who opened it at once begin it once."""
    CaseNote.objects.bulk_create(
        (
            CaseNote(
                case=cases[name],
                kind="opened",
                by=MACHINE,
                text=request.text[:LONGEST_TEXT],
                at=request.at,
                key=f"opened:{cases[name].pk}",
            )
            for name, request in sorted(requests.items())
        ),
        ignore_conflicts=True,
    )


def _locked(case_id: int) -> OperationsCase:
    case = OperationsCase.objects.select_for_update().filter(pk=case_id).first()
    if case is None:
        raise UnknownCase(f"There is no case {case_id}.")
    return case


def _held(*, case_id: int, by: str, text: str) -> OperationsCase:
    case = _locked(case_id)
    if case.state == "closed":
        raise UnableToHandle("The case is closed: write a note, or wait for a new one.")
    if case.owner != by:
        raise UnableToHandle("The case is not in your hands: take it first.")
    _check(text)
    return case


def _check(text: str) -> None:
    if not text.strip():
        raise UnableToHandle("Say why in a few words: the next to read the case will want to know.")
    if len(text) > LONGEST_TEXT:
        raise UnableToHandle(f"A note has at most {LONGEST_TEXT:,} characters, and this one has {len(text):,}.")


def _move(*, case: OperationsCase, event: str, owner: str) -> None:
    case.state = move(machine=CASE, state=case.state, event=event)
    case.owner = owner
    case.save(update_fields=["state", "owner", "closed_at"])


def _note(
    *, case: OperationsCase, kind: str, by: str, at: datetime, to: str = "", text: str = "", key: str | None = None
) -> None:
    CaseNote.objects.create(case=case, kind=kind, by=by, to=to, text=text.strip(), at=at, key=key)
