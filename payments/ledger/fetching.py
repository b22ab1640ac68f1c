"""One way to ask the database."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

_NUMERIC = 1700  # PostgreSQL's own number for the type


def rows(query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple]:
    """Run a query and return its rows, none where it has none; sums, numeric in SQL, come as whole numbers."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        if cursor.description is None:
            return []
        sums = {place for place, column in enumerate(cursor.description) if column.type_code == _NUMERIC}
        found = cursor.fetchall()
    if not sums:
        return found
    return [
        tuple(int(value) if place in sums and value is not None else value for place, value in enumerate(row))
        for row in found
    ]
