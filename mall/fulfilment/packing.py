"""Packing: a consignment is packed and waits for its carrier, or is unpacked again. No money moves."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from mall import actors
from mall.fulfilment import _rows, states
from mall.fulfilment._rows import LockedConsignment
from mall.fulfilment.requests import (
    MovedConsignment,
    Pack,
    UnableToMoveConsignment,
    UnableToPack,
    UnknownConsignment,
)


def pack_consignments(*, requests: Sequence[Pack]) -> list[MovedConsignment | UnableToMoveConsignment]:
    """Say that consignments are packed; one that is stays so.

    :returns: for each request, in order, the consignment or why it is not packed.
    """
    return _set(requests=requests, packed=True)


def unpack_consignments(*, requests: Sequence[Pack]) -> list[MovedConsignment | UnableToMoveConsignment]:
    """Say that consignments are not packed after all; one that is not stays so.

    :returns: for each request, in order, the consignment or why it stays packed.
    """
    return _set(requests=requests, packed=False)


def _set(*, requests: Sequence[Pack], packed: bool) -> list[MovedConsignment | UnableToMoveConsignment]:
    status = states.PACKED if packed else states.UNPACKED
    with transaction.atomic():
        rows = _rows.lock(numbers=[request.number for request in requests])
        former = _rows.former_staff(requests=requests)
        moving: dict[str, tuple[LockedConsignment, Pack]] = {}
        results: list[MovedConsignment | UnableToMoveConsignment] = []
        for request in requests:
            try:
                row = _check(request=request, row=rows.get(request.number), former=former)
            except UnableToMoveConsignment as problem:
                results.append(problem)
                continue
            replayed = row.number in moving or (row.packed_at is not None) == packed
            if not replayed:
                moving[row.number] = (row, request)
            results.append(MovedConsignment(row.number, status, replayed=replayed))
        if moving:
            _write(moving=list(moving.values()), packed=packed, status=status)
    return results


def _check(*, request: Pack, row: LockedConsignment | None, former: set[actors.Actor]) -> LockedConsignment:
    row = _rows.check_actor(row=row, by=request.by, former=former, number=request.number)
    if request.by.kind == actors.BUYER:
        raise UnknownConsignment(f"There is no consignment {request.number} for you to pack.")
    if row.status != states.CONFIRMED:
        raise UnableToPack(f"Consignment {row.number} is {row.status.replace('_', ' ')}: it cannot be packed.")
    return row


def _write(*, moving: Sequence[tuple[LockedConsignment, Pack]], packed: bool, status: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fulfilment_consignment c SET packed_at = moved.at "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS moved (id, at) WHERE c.id = moved.id",
            [[row.id for row, _request in moving], [request.at if packed else None for _row, request in moving]],
        )
    _rows.write_history(
        entries=[(row, status, request.at, str(request.by), "") for row, request in moving],
        again=True,
    )
