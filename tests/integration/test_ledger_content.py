"""The hash of what a journal says never changes: what stands in books depends on it."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db

SAID: dict[str, Any] = {
    "event": "pay",
    "reference": "order:É",
    "happened": datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC),
    "currency": "EUR",
    "metadata": '{"z": [1, null, true], "a": {"n": "x"}}',
    "reverses": None,
    "transfers": "1>2=5,2>3=7,",
}


def content(**changes: object) -> str:
    values = SAID | changes
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT encode(ledger_content(%s, %s, %s, %s, %s::jsonb, %s, %s), 'hex')",
            [values[name] for name in SAID],
        )
        return cursor.fetchone()[0]


def test_the_hash_of_a_journal_is_of_a_text_that_anybody_can_write_down() -> None:
    said = '3|7|1772443800123456|EUR|0|pay|order:É|1>2=5,2>3=7,|{"a": {"n": "x"}, "z": [1, null, true]}'
    assert content() == sha256(said.encode()).hexdigest()


def test_the_hash_does_not_depend_on_the_name_of_the_time_zone_or_the_order_of_metadata() -> None:
    elsewhere = SAID["happened"].astimezone(timezone(timedelta(hours=5)))
    assert content(happened=elsewhere, metadata='{"a":{"n":"x"},"z":[1,null,true]}') == content()


def test_the_hash_tells_everything_apart_that_a_journal_says() -> None:
    hashes = {
        content(),
        content(reverses=1),
        content(event="pa", reference="yorder:É"),
        content(event="pay|order:", reference="É"),
        content(transfers="2>3=7,1>2=5,"),
        content(transfers="1>2=5,"),
        content(transfers="1>2=12,"),
        content(happened=SAID["happened"] + timedelta(microseconds=1)),
        content(metadata='{"z": [1, null, 1], "a": {"n": "x"}}'),
        content(currency="USD"),
    }
    assert len(hashes) == 10
