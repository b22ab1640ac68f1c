"""Many rows in one statement: the same rows as Django would write."""

from datetime import timedelta

import pytest
from django.db import DataError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mall.customer.models import Consent, User
from payments import rows
from payments.models import OutboxEvent, Settlement
from tests.factories.mall import AT

pytestmark = pytest.mark.django_db


def make_user(number: int, **changes: object) -> User:
    return User(**{"email": f"row{number}@mail.example", "password": "x", "date_joined": AT} | changes)


def make_settlement(number: int, **changes: object) -> Settlement:
    amounts = dict.fromkeys(("released", "refunded", "to_receivable", "to_reserve", "to_available"), 0)
    day = AT.date() + timedelta(days=number)
    given = {"merchant": "merchant:1", "day": day, "currency": "EUR", "matures_on": day}
    return Settlement(**given | amounts | changes)


def test_rows_get_their_own_keys_in_order_by_one_statement():
    users = [make_user(number, last_name="Weber" if number % 2 else "") for number in range(50)]

    with CaptureQueriesContext(connection) as queries:
        written = rows.insert(rows=users)

    assert len(queries) == 1
    assert [User.objects.get(pk=user.pk).email for user in written] == [user.email for user in users]
    again = User.objects.get(pk=written[7].pk)
    assert (again.last_name, again.last_login, again.date_joined, again.is_active) == ("Weber", None, AT, True)
    written[7].first_name = "Ada"
    written[7].save()
    assert User.objects.count() == 50


def test_a_single_row_and_none_at_all_are_written_too():
    assert rows.insert(rows=[]) == []
    [user] = rows.insert(rows=[make_user(1)])
    assert User.objects.get().pk == user.pk


def test_what_is_there_already_stays_when_conflicts_are_ignored():
    rows.insert(rows=[make_user(1, last_name="First")])

    rows.insert(rows=[make_user(1, last_name="Second"), make_user(2, last_name="Third")], ignore_conflicts=True)

    assert sorted(User.objects.values_list("last_name", flat=True)) == ["First", "Third"]


def test_a_text_that_is_too_long_is_refused_and_not_cut():
    with pytest.raises(DataError), transaction.atomic():
        rows.insert(rows=[Consent(subject="u" * 65, purpose="credit", text_version="1", granted_at=AT)] * 2)


def test_documents_and_the_databases_own_columns_are_kept():
    events = [
        OutboxEvent(name="test", key=f"k{number}", payload={"n": [number, "ü", None]}, at=AT) for number in range(3)
    ]

    rows.insert(rows=events)

    assert [row.payload["n"] for row in OutboxEvent.objects.order_by("key")] == [[n, "ü", None] for n in range(3)]
    assert all(row.recorded_at and row.available_at for row in OutboxEvent.objects.all())


def test_a_value_given_to_a_column_the_database_could_fill_is_kept():
    made = [make_settlement(number, reserve_tier="low" if number else "") for number in range(2)]

    rows.insert(rows=made)

    assert list(Settlement.objects.order_by("day").values_list("reserve_tier", flat=True)) == ["", "low"]
