"""Rows changed by one operation, written with one statement whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, models


class Changes:
    """Collects rows whose fields were set in memory while their payment was locked, and writes them together."""

    def __init__(self) -> None:
        self._rows: dict[type[models.Model], dict[int, models.Model]] = {}
        self._fields: dict[type[models.Model], dict[str, None]] = {}

    def add(self, row: models.Model, *fields: str) -> None:
        """Note that these fields of ``row`` are to be written as they will stand at :meth:`write`."""
        kind = type(row)
        self._rows.setdefault(kind, {})[row.pk] = row
        self._fields.setdefault(kind, {}).update(dict.fromkeys(fields))

    def write(self) -> None:
        """Write everything noted, in one statement."""
        clauses, parameters = [], []
        for number, (kind, rows) in enumerate(self._rows.items()):
            clause, values = _update(kind=kind, rows=list(rows.values()), fields=list(self._fields[kind]))
            clauses.append(f"change_{number} AS ({clause})")
            parameters += values
        if not clauses:
            return
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(clauses)} SELECT 1", parameters)
        self._rows.clear()
        self._fields.clear()


def _update(
    *, kind: type[models.Model], rows: Sequence[models.Model], fields: Sequence[str]
) -> tuple[str, list[list[Any]]]:
    columns = [kind._meta.get_field(name) for name in fields]
    assignments = ", ".join(f"{column.column} = new.{column.column}" for column in columns)
    arrays = ", ".join(f"%s::{_array_type(column)}" for column in columns)
    names = ", ".join(column.column for column in columns)
    table = kind._meta.db_table
    clause = (
        f"UPDATE {table} AS old SET {assignments} "  # noqa: S608 - names are our models'
        f"FROM unnest(%s::bigint[], {arrays}) AS new (row_id, {names}) WHERE old.id = new.row_id RETURNING 1"
    )
    values: list[list[Any]] = [[row.pk for row in rows]]
    values += [[getattr(row, column.attname) for row in rows] for column in columns]
    return clause, values


def _array_type(column: models.Field) -> str:
    kind = (column.rel_db_type(connection) if column.is_relation else column.db_type(connection)) or "text"
    return {"smallint": "integer"}.get(kind, kind).split("(")[0].replace("varchar", "text") + "[]"


def next_ids(*, model: type[models.Model], count: int) -> list[int]:
    """Draw ``count`` ids of a model's own sequence, for rows that must know theirs before they are written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]
