"""Who took a consent back."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection


def refusing(*, purpose: str, subjects: Collection[str]) -> frozenset[str]:
    """Return those of the subjects who once consented to `purpose` and do so no more."""
    if not subjects:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT subject FROM customer_consent WHERE purpose = %s AND subject = ANY (%s) "
            "GROUP BY subject HAVING bool_and(withdrawn_at IS NOT NULL)",
            [purpose, list(subjects)],
        )
        return frozenset(subject for (subject,) in cursor.fetchall())
