"""Which entries of two sides are the same money, and what the others are. Pure: entries in, findings out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import NamedTuple

OURS, THEIRS = "ours", "theirs"
REFERENCE, SUM, AMOUNT_AND_DATE, PERSON = "reference", "sum", "amount_and_date", "person"
# Pairs of one amount above which none of them is certain.
SO_MANY_ALIKE = 100_000
MISSING, UNKNOWN, WRONG_AMOUNT, DOUBLED = "missing", "unknown", "wrong_amount", "doubled"


class Entry(NamedTuple):
    """One side's line; ``amount`` is minor units, below zero where money left."""

    id: int
    side: str
    reference: str
    amount: int
    currency: str
    day: date


@dataclass(frozen=True, slots=True)
class Match:
    """Entries of both sides, by id, that are the same money."""

    how: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Entries, by id, that do not agree; the first is the one a case is named after.

    - ``missing``: we have it, they do not; ``unknown``: they have it, we do not.
    - ``wrong_amount``: one reference, different sums; ``difference`` is theirs less ours.
    - ``doubled``: an entry like it, by reference and amount, has its match already.
    """

    kind: str
    ids: tuple[int, ...]
    difference: int


def match(
    *, entries: Sequence[Entry], days: int, references_bind: bool = True, known: Collection[str] = ()
) -> list[Match]:
    """Return which open entries belong together: one to one by reference, by a reference's sum, by amount and date.

    By amount and date (at most ``days`` apart) only where each is the other's one candidate. Where
    ``references_bind`` both sides draw references from one register, and two that differ are two things; else only
    a reference that both sides have speaks against it. ``known`` are references with a match already: one more entry
    of theirs is a double, whatever its amount would go with.
    """
    found: list[Match] = []
    left = {entry.id: entry for entry in sorted(entries, key=lambda entry: (entry.day, entry.id))}
    taken: set[str] = set()
    for how, pairs in ((REFERENCE, _by_reference), (SUM, _by_sum)):
        for ids in pairs(left.values()):
            found.append(Match(how, ids))
            taken |= {left.pop(identifier).reference for identifier in ids}
    rest = [entry for entry in left.values() if entry.reference not in taken and entry.reference not in known]
    if not references_bind:
        shared = _references(rest, OURS) & _references(rest, THEIRS)
        rest = [entry._replace(reference="") for entry in rest if entry.reference not in shared]
    return [*found, *(Match(AMOUNT_AND_DATE, ids) for ids in _by_amount_and_date(rest, days))]


def _by_reference(entries: Iterable[Entry]) -> list[tuple[int, ...]]:
    sides = _grouped(entries, lambda entry: (entry.reference, entry.amount, entry.currency))
    return [
        (mine.id, other.id)
        for (reference, _amount, _currency), (ours, theirs) in sides.items()
        if reference
        for mine, other in zip(ours, theirs, strict=False)
    ]


def _by_sum(entries: Iterable[Entry]) -> list[tuple[int, ...]]:
    sides = _grouped(entries, lambda entry: (entry.reference, entry.currency))
    return [
        tuple(entry.id for entry in (*ours, *theirs))
        for (reference, _currency), (ours, theirs) in sides.items()
        if reference and ours and theirs and _total(ours) == _total(theirs)
    ]


def _by_amount_and_date(entries: Iterable[Entry], days: int) -> list[tuple[int, ...]]:
    """Return pairs each of which is the other's only candidate."""
    pairs = []
    for ours, theirs in _grouped(entries, lambda entry: (entry.amount, entry.currency)).values():
        if not ours or not theirs or len(ours) * len(theirs) > SO_MANY_ALIKE:
            continue
        near: dict[int, list[int]] = defaultdict(list)
        for mine, other in _near(ours, theirs, days):
            near[mine.id].append(other.id)
            near[other.id].append(mine.id)
        pairs += [
            (mine.id, near[mine.id][0]) for mine in ours if len(near[mine.id]) == 1 and len(near[near[mine.id][0]]) == 1
        ]
    return pairs


def _near(ours: Sequence[Entry], theirs: Sequence[Entry], days: int) -> Iterable[tuple[Entry, Entry]]:
    """Yield entries not far apart, both sorted by day; only neighbors in time are looked at."""
    start = 0
    for mine in ours:
        while start < len(theirs) and (mine.day - theirs[start].day).days > days:
            start += 1
        for other in islice(theirs, start, None):
            if (other.day - mine.day).days > days:
                break
            if not (mine.reference and other.reference and mine.reference != other.reference):
                yield mine, other


def findings(*, entries: Sequence[Entry], matched: Collection[tuple[str, str, int, str]]) -> list[Finding]:
    """Return what the entries without a match are; ``matched`` is (side, reference, amount, currency) of others."""
    found: list[Finding] = []
    rest: list[Entry] = []
    for entry in entries:
        if entry.reference and (entry.side, entry.reference, entry.amount, entry.currency) in matched:
            found.append(Finding(DOUBLED, (entry.id,), entry.amount if entry.side == THEIRS else -entry.amount))
        else:
            rest.append(entry)
    for (reference, _currency), (ours, theirs) in _grouped(rest, lambda each: (each.reference, each.currency)).items():
        if reference and ours and theirs:
            ids = tuple(entry.id for entry in (*ours, *theirs))
            found.append(Finding(WRONG_AMOUNT, ids, _total(theirs) - _total(ours)))
        else:
            found += [Finding(MISSING, (entry.id,), -entry.amount) for entry in ours]
            found += [Finding(UNKNOWN, (entry.id,), entry.amount) for entry in theirs]
    return found


def likely(*, entry: Entry, others: Iterable[Entry], days: int = 10, most: int = 3) -> list[Entry]:
    """Return the other side's entries that a person might match with this one, the likeliest first."""
    candidates = [
        other
        for other in others
        if other.side != entry.side
        and other.currency == entry.currency
        and (
            (entry.reference and other.reference == entry.reference)
            or (other.amount == entry.amount and abs((other.day - entry.day).days) <= days)
        )
    ]
    candidates.sort(
        key=lambda other: (
            other.reference != entry.reference or not entry.reference,
            abs(other.amount - entry.amount),
            abs((other.day - entry.day).days),
            other.id,
        )
    )
    return candidates[:most]


def _grouped(entries: Iterable[Entry], name) -> dict[tuple, tuple[list[Entry], list[Entry]]]:
    groups: dict[tuple, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    for entry in entries:
        groups[name(entry)][entry.side == THEIRS].append(entry)
    return groups


def _references(entries: Iterable[Entry], side: str) -> set[str]:
    return {entry.reference for entry in entries if entry.side == side and entry.reference}


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.amount for entry in entries)
