"""Books made up for tests of a whole night: who buys with a salary, who sells, and a day too young to count."""

from datetime import UTC, datetime, timedelta

from financing.features.schema import FACTS
from tests.factories import facts

FIRST = datetime(2025, 9, 1, tzinfo=UTC)
# The night in which the tests look: everything before this midnight is known.
MIDNIGHT = FIRST + timedelta(days=181)
DAY = timedelta(days=1)


def first_known_at() -> datetime:
    return FIRST


def rows(*, since: datetime, until: datetime) -> dict[str, list[tuple[object, ...]]]:
    """Return what became known in a span."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for fact, row in story():
        if since <= row["known_at"] < until:
            found.setdefault(fact, []).append(tuple(row[name] for name in FACTS[fact].names))
    return found


def story() -> facts.Facts:
    """Return a shopper with twelve orders and six salaries, a merchant with sixty buyers, and one order of today."""
    told = facts.person("user:1", at=FIRST) + facts.person("merchant:1", kind="merchant", at=FIRST)
    for number in range(12):
        at = MIDNIGHT - (5 + 13 * number) * DAY
        told += facts.purchase(f"mine-{number}", at, consumer_id="user:1", merchant_id="merchant:2", amount=30_000)
    for month in range(6):
        moved = {"account": "1", "subject_id": "user:1", "currency": "EUR", "amount": 250_000, "sequence": month}
        at = MIDNIGHT - (20 + 30 * month) * DAY
        told.append(facts.fact("account_movements", at, **moved, balance_after=250_000, event="received"))
    for number in range(60):
        at = MIDNIGHT - (1 + 2 * number) * DAY
        told += facts.purchase(f"o-{number}", at, consumer_id=f"user:{100 + number}", amount=200_000)
    return told + facts.purchase("today", MIDNIGHT + timedelta(minutes=30), consumer_id="user:1", amount=900_000)
