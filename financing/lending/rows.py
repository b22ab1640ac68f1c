"""Many rows written by one statement: columns travel as arrays, whatever the number of rows."""

from collections.abc import Sequence

from django.db import connection

Columns = Sequence[tuple[str, str]]


def update_rows(*, table: str, columns: Columns, rows: Sequence[tuple]) -> None:
    """Set ``columns`` (name, SQL type) of ``table`` from ``rows``, whose first value is the row's id."""
    if not rows:
        return
    names = [name for name, _ in columns]
    changes = ", ".join(f"{name} = given.{name}" for name in names)
    given = f"unnest({_arrays([('id', 'bigint'), *columns])}) AS given(id, {', '.join(names)})"
    statement = f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.id"  # noqa: S608 - own names
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def insert_rows(*, table: str, columns: Columns, rows: Sequence[tuple]) -> None:
    """Insert ``rows`` of ``columns`` (name, SQL type)."""
    if not rows:
        return
    names = ", ".join(name for name, _ in columns)
    statement = f"INSERT INTO {table} ({names}) SELECT * FROM unnest({_arrays(columns)})"  # noqa: S608 - own names
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])


def _arrays(columns: Columns) -> str:
    return ", ".join(f"%s::{kind}[]" for _, kind in columns)
