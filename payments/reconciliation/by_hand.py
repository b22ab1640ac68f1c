"""What a person decides of entries: that some are the same money, or that they are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from payments.models import ReconciliationEntry, ReconciliationMatch
from payments.reconciliation import matching, runs

MOST = 1_000


class UnableToMatch(Exception):
    """These entries cannot be matched, or a match cannot be undone; the text says why."""


def match_by_hand(*, source: str, entry_ids: Sequence[int], by: str, text: str, at: datetime) -> int:
    """Match entries of both sides that sum to the same; their cases are closed. Return the match's number.

    :raises UnableToMatch: an entry has a match, the sides differ, or no reason is given.
    """
    wanted = sorted(set(entry_ids))[: MOST + 1]
    _check(text)
    with transaction.atomic():
        runs.lock(source=source)
        rows = list(ReconciliationEntry.objects.filter(source=source, pk__in=wanted).select_related("match"))
        if not rows or len(rows) != len(wanted) or len(rows) > MOST:
            raise UnableToMatch(f"Choose entries of one source, at most {MOST:,} of them.")
        if all(row.match_id == rows[0].match_id and row.match_id for row in rows):
            return rows[0].match_id  # the same was asked twice
        _check_sides(rows)
        match = ReconciliationMatch.objects.create(source=source, how=matching.PERSON, by=by, text=text.strip(), at=at)
        ReconciliationEntry.objects.filter(pk__in=wanted).update(match=match)
        runs.close_answered(entries=wanted, at=at)
    return match.pk


def unmatch(*, match_id: int, by: str, text: str, at: datetime) -> None:
    """Take a match apart, whoever made it; from then on only a person matches its entries. Twice changes nothing.

    :raises UnableToMatch: there is no such match, or no reason is given.
    """
    _check(text)
    source = ReconciliationMatch.objects.filter(pk=match_id).values_list("source", flat=True).first()
    if source is None:
        raise UnableToMatch(f"There is no match {match_id}.")
    with transaction.atomic():
        runs.lock(source=source)
        match = ReconciliationMatch.objects.select_for_update().get(pk=match_id)
        if match.undone_at is not None:
            return
        match.undone_by, match.undone_text, match.undone_at = by, text.strip(), at
        match.save(update_fields=["undone_by", "undone_text", "undone_at"])
        # A case that was closed by the match is history; the next run opens a new one.
        ReconciliationEntry.objects.filter(match=match).update(match=None, by_hand=True, case=None)


def _check(text: str) -> None:
    if not 0 < len(text.strip()) <= 500:
        raise UnableToMatch("Say why in at most 500 characters: the auditors will want to know.")


def _check_sides(rows: Sequence[ReconciliationEntry]) -> None:
    taken = next((row for row in rows if row.match_id), None)
    if taken is not None:
        raise UnableToMatch(f"Entry {taken.key} has a match already: take that apart first.")
    if len({row.currency for row in rows}) != 1:
        raise UnableToMatch("The entries are in different currencies: match each currency by itself.")
    ours = sum(row.amount for row in rows if row.side == matching.OURS)
    theirs = sum(row.amount for row in rows if row.side == matching.THEIRS)
    sides = {row.side for row in rows}
    if len(sides) != 2 and ours + theirs != 0:
        raise UnableToMatch("Entries of one side match only where they cancel each other.")
    if len(sides) == 2 and ours != theirs:
        raise UnableToMatch(f"Ours sum to {ours} minor units and theirs to {theirs}: they must be the same.")
