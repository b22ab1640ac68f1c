"""Many rows written by one statement."""

from collections.abc import Sequence

from django.db import connection
from psycopg2.extras import execute_values

_PAGE = 5_000


def update_rows(*, table: str, columns: Sequence[tuple[str, str]], rows: Sequence[tuple]) -> None:
    """Set ``columns`` (name, SQL type) of ``table`` from ``rows``, whose first value is the row's id."""
    if not rows:
        return
    names = [name for name, _ in columns]
    changes = ", ".join(f"{name} = given.{name}" for name in names)
    template = "(%s, " + ", ".join(f"%s::{kind}" for _, kind in columns) + ")"
    given = f"(VALUES %s) AS given(id, {', '.join(names)})"
    statement = f"UPDATE {table} SET {changes} FROM {given} WHERE {table}.id = given.id"  # noqa: S608 - own names
    with connection.cursor() as cursor:
        execute_values(cursor, statement, rows, template=template, page_size=_PAGE)


def insert_rows(*, table: str, columns: Sequence[str], rows: Sequence[tuple]) -> None:
    """Insert ``rows`` of ``columns``; much quicker than model instances where there are tens of thousands."""
    if not rows:
        return
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES %s"  # noqa: S608 - own names
    with connection.cursor() as cursor:
        execute_values(cursor, statement, rows, page_size=_PAGE)
