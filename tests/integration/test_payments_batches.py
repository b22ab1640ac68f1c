"""Operations cost the same few statements for one part and for many, and say the same of both."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from payments import models, operations
from payments.operations import errors
from tests.factories.payments import AT, make_merchant, make_request, make_shopper

pytestmark = pytest.mark.django_db


def statements(act: Callable[[], list]) -> tuple[int, list]:
    """Return how many statements an act takes, savepoints left out, and its results."""
    with CaptureQueriesContext(connection) as queries:
        results = act()
    return sum("SAVEPOINT" not in query["sql"] for query in queries), results


@pytest.fixture
def requests() -> list[operations.PaymentRequest]:
    account = make_shopper(money=10_000_000)
    merchants = [make_merchant(merchant=number) for number in (1, 2, 3)]
    return [
        make_request(
            key=f"o{number}",
            tenders=[("bank_account", account, 5_000)],
            parts=[(merchants[number % 3], 3_000), (merchants[(number + 1) % 3], 2_000)],
        )
        for number in range(40)
    ]


def acts(requests: list[operations.PaymentRequest]) -> list[Callable[[], list]]:
    parts = [part.reference for request in requests for part in request.parts]

    def authorise() -> list:
        ids = models.Payment.objects.filter(key__in=[request.key for request in requests]).values_list("pk", flat=True)
        return operations.authorise_payments(
            requests=[operations.Authorise(payment_id=identifier, at=AT) for identifier in ids]
        )

    def of_parts(operation: Callable, kind: type, **arguments: object) -> Callable[[], list]:
        return lambda: operation(
            requests=[kind(part_reference=part, key=f"{kind.__name__}{part}", at=AT, **arguments) for part in parts]
        )

    return [
        lambda: operations.record_payments(requests=requests),
        authorise,
        of_parts(operations.capture_parts, operations.CapturePart, amount=1_000),
        of_parts(operations.cancel_parts, operations.CancelPart),
        of_parts(operations.refund_parts, operations.RefundPart, amount=100, reason="test"),
        of_parts(operations.release_parts, operations.ReleasePart),
    ]


def test_a_batch_takes_the_statements_of_one(requests: list[operations.PaymentRequest]) -> None:
    single = [statements(act) for act in acts(requests[:1])]
    many = [statements(act) for act in acts(requests[1:])]
    assert [count for count, _ in many] == [count for count, _ in single]
    # A return that is open keeps what it asks back: whoever releases or refunds looks for one.
    assert all(count <= 9 for count, _ in single)
    for _, results in (*single, *many):
        assert not [result for result in results if isinstance(result, errors.PaymentError)]


def test_a_batch_in_which_some_fail_does_the_rest_and_keeps_the_order(
    requests: list[operations.PaymentRequest],
) -> None:
    record, authorise, *_ = acts(requests[:2])
    record()
    authorise()
    results = operations.capture_parts(
        requests=[
            operations.CapturePart(part_reference="o1-1", key="a", at=AT),
            operations.CapturePart(part_reference="nobody", key="b", at=AT),
            operations.CapturePart(part_reference="o0-1", key="c", at=AT, amount=3_001),
            operations.CapturePart(part_reference="o0-2", key="d", at=AT),
            operations.CapturePart(part_reference="o0-1", key="d", at=AT),
            operations.CapturePart(part_reference="o1-1", key="e", at=AT),
        ]
    )
    assert [type(result) for result in results] == [
        operations.Captured,
        errors.UnknownPayment,
        errors.UnableToCapture,
        operations.Captured,
        errors.KeyReused,
        errors.UnableToCapture,
    ]
    assert models.Capture.objects.count() == 2
