"""What servicing knows, as rows for the lake of facts: loans opened, due, paid, overdue, withheld, lost."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from django.db import connection

Rows = Sequence[tuple[object, ...]]

_INSTALLMENTS = """
SELECT loan.id::text, loan.borrower, loan.kind || ':' || product.code, happened.event, happened.due_on,
    happened.amount, happened.days_late::bigint, happened.known_at
FROM financing_loanevent happened
JOIN financing_loan loan ON loan.id = happened.loan_id
JOIN financing_product product ON product.id = loan.product_id
WHERE happened.known_at >= %s AND happened.known_at < %s
ORDER BY happened.known_at, happened.id
"""


def rows(*, since: datetime, until: datetime) -> Mapping[str, Rows]:
    """Return every fact about loans known from ``since`` up to, not including, ``until``."""
    with connection.cursor() as cursor:
        cursor.execute(_INSTALLMENTS, [since.astimezone(UTC), until.astimezone(UTC)])
        return {"installments": cursor.fetchall()}


def first_known_at() -> datetime | None:
    """Return the moment of the first fact, nothing when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(known_at) FROM financing_loanevent")
        return cursor.fetchone()[0]
