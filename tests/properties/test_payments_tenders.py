"""Several tenders of one order: used in their order, given back in the reverse, to the cent, whatever the pieces."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments import models, operations
from payments.reconciliation import checks
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

amounts = st.integers(min_value=1, max_value=4_000)
pieces = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 1_500)), max_size=12)


def issue(code: str) -> None:
    until = AT + timedelta(days=90)
    operations.issue_vouchers(
        requests=[
            operations.IssueVoucher(
                code=code, label=code, currency="EUR", budget=50_000, valid_from=AT, valid_until=until
            )
        ]
    )


def shares_of(part: str) -> list[models.Share]:
    return list(models.Share.objects.filter(part__reference=part).order_by("tender__position"))


def assert_used_in_order(part: str) -> None:
    """Nothing is taken from a tender before the one in front of it has given all it has for this part."""
    shares = shares_of(part)
    for earlier, later in pairwise(shares):
        assert later.captured == 0 or earlier.captured == earlier.amount


def assert_given_back_in_reverse(part: str) -> None:
    """Nothing goes back to a tender before the one behind it has everything back."""
    shares = shares_of(part)
    for earlier, later in pairwise(shares):
        assert earlier.refunded == 0 or later.refunded == later.captured
    assert all(0 <= share.refunded <= share.captured <= share.amount for share in shares)


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    given_by=st.lists(amounts, min_size=3, max_size=3),
    cut=st.tuples(st.integers(1, 99), st.integers(1, 99)),
    captured=pieces,
    released=st.lists(st.booleans(), min_size=3, max_size=3),
    refunded=pieces,
    returned_bps=st.sampled_from([0, 1, 3_333, 5_000, 9_999, 10_000]),
)
def test_tenders_are_used_in_order_and_given_back_in_reverse(
    given_by: list[int],
    cut: tuple[int, int],
    captured: list[tuple[int, int]],
    released: list[bool],
    refunded: list[tuple[int, int]],
    returned_bps: int,
) -> None:
    with transaction.atomic():
        account, merchant = make_shopper(money=20_000), make_merchant()
        issue("V")
        issue("W")
        models.MerchantTerms.objects.update(commission_returned_bps=returned_bps)
        total = sum(given_by)
        first = max(1, total * cut[0] // 200)
        second = max(1, total * cut[1] // 200)
        sizes = [size for size in (first, second, total - first - second) if size > 0]
        if sum(sizes) != total:
            sizes = [total]
        payment = record(
            tenders=[
                ("voucher", "V", given_by[0]),
                ("voucher", "W", given_by[1]),
                ("bank_account", account, given_by[2]),
            ],
            parts=[(merchant, size) for size in sizes],
            key="o",
        )
        assert authorise(payment).state == "authorised"
        parts = [f"o-{number}" for number in range(1, len(sizes) + 1)]
        for number, (which, amount) in enumerate(captured):
            capture(parts[which % len(parts)], amount, key=f"c{number}")
            assert_used_in_order(parts[which % len(parts)])
        for part in parts:
            capture(part, key=f"rest:{part}")
        for part, wanted in zip(parts, released, strict=False):
            if wanted:
                release(part)
        for number, (which, amount) in enumerate(refunded):
            refund(parts[which % len(parts)], amount, key=f"r{number}")
            assert_given_back_in_reverse(parts[which % len(parts)])
        for tender in models.Tender.objects.all():
            assert tender.refunded <= tender.captured == tender.amount
        back = models.Tender.objects.get(method="bank_account").refunded
        assert balance(f"deposit:{account}") == 20_000 - given_by[2] + back
        assert checks.check_parts() == []
        assert checks.check_tenders() == []
        transaction.set_rollback(True)
