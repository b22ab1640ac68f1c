"""Facts made up for a test: rows by name, written to the lake by the day they became known."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from financing.features import lake
from financing.features.schema import FACTS

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_EMPTY = {pa.string(): "", pa.int64(): 0, pa.bool_(): False}


def fact(name: str, known_at: datetime, **values: Any) -> tuple[str, dict[str, Any]]:
    """Return one row of a fact; columns not named are empty, zero, false or nothing."""
    schema = FACTS[name]
    unknown = set(values) - set(schema.names)
    if unknown:
        raise ValueError(f"{name} has no column {sorted(unknown)}")
    row = {column.name: _EMPTY.get(column.type) for column in schema}
    return name, row | values | {"known_at": known_at}


def table(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows as the lake's table of a fact."""
    naive = [{key: _naive(value) for key, value in row.items()} for row in rows]
    return pa.Table.from_pylist(naive, schema=FACTS[name])


def write(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Write rows to the lake of the settings, replacing the days they fall on."""
    days: dict[tuple[str, date], list[Mapping[str, Any]]] = defaultdict(list)
    for name, row in rows:
        days[name, row["known_at"].astimezone(UTC).date()].append(row)
    for (name, day), of_day in days.items():
        lake.write_day(fact=name, day=day, rows=table(name, of_day))


Facts = list[tuple[str, dict[str, Any]]]


def person(
    subject_id: str, *, kind: str = "consumer", at: datetime = EPOCH, consent: bool = True, currency: str = "EUR"
) -> Facts:
    """Return the facts of a subject that opened an account and said yes or no to credit use."""
    return [
        fact("subjects", at, kind=kind, subject_id=subject_id, currency=currency, opened_at=at),
        fact("consents", at, subject_id=subject_id, purpose="credit", granted=consent),
    ]


def purchase(
    order: str,
    at: datetime,
    *,
    consumer_id: str = "user:1",
    merchant_id: str = "merchant:1",
    amount: int = 10_000,
    related: bool = False,
    **values: Any,
) -> Facts:
    """Return the facts of one confirmed order with one line."""
    common = {
        "order": order,
        "consignment": f"{order}-1",
        "consumer_id": consumer_id,
        "merchant_id": merchant_id,
        "amount": amount,
        "currency": values.pop("currency", "EUR"),
        "related": related,
    }
    paid_by = values.pop("tender", "bank_account")
    line = {"product_id": "product:1", "category": "books", "quantity": 1, "device": "d1"}
    tender = {"order": order, "consumer_id": consumer_id, "amount": amount, "currency": common["currency"]}
    return [
        fact("order_lines", at, **common, **(line | values)),
        fact("consignment_events", at, event="confirmed", **common),
        fact("tenders", at, method=paid_by, outcome="authorised", **tender),
    ]


def _naive(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
