"""Books made up for tests of the exporter: a few subjects a day, over forty days."""

from datetime import UTC, datetime, timedelta

FIRST = datetime(2025, 3, 1, tzinfo=UTC)
DAYS = 40
PER_DAY = 3


def first_known_at() -> datetime:
    return FIRST + timedelta(hours=5)


def rows(*, since: datetime, until: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return the subjects and consents of a span, in an order of their own."""
    subjects, consents = [], []
    for day in range(DAYS):
        for number in range(PER_DAY):
            at = FIRST + timedelta(days=day, hours=23 - 9 * number)
            if since <= at < until:
                name = f"user:{day * PER_DAY + number}"
                subjects.append(("consumer", name, "EUR", at, "ES-M", at))
                consents.append((name, "credit", True, at))
    return {"subjects": subjects, "consents": consents}


def broken(*, since: datetime, until: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return rows that lack a column."""
    return {"consents": [("user:1", "credit", since)]}


def unknown(*, since: datetime, until: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return a fact nobody knows."""
    return {"gossip": [("user:1", since)]}


def mistyped(*, since: datetime, until: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return text where a flag belongs."""
    return {"consents": [("user:1", "credit", "perhaps", since)]}
