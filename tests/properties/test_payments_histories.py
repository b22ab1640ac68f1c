"""Random histories of payments: whatever is asked in whatever order, nothing is lost, doubled or out of place."""

import os
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from payments import models, operations, settlement
from payments.ledger import operations as ledger
from payments.operations import _remote, errors
from payments.reconciliation import card_checks, checks
from tests.factories import disputes
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    cancel,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

MONEY = 50_000

amounts = st.integers(min_value=1, max_value=9_999)
parts = st.integers(min_value=0, max_value=5)
acts = st.one_of(
    st.tuples(st.just("pay"), st.lists(amounts, min_size=1, max_size=3), st.integers(0, 12_000)),
    st.tuples(st.just("pay by card"), st.lists(amounts, min_size=1, max_size=3), st.integers(0, 3_000)),
    st.tuples(st.just("dispute"), parts, st.none() | amounts),
    st.tuples(st.just("decide"), parts, st.sampled_from(["won", "lost", "under_review", "money back"])),
    st.tuples(st.just("tell again"), parts, parts),
    st.tuples(st.just("capture"), parts, st.none() | amounts),
    st.tuples(st.just("release"), parts, st.none() | amounts),
    st.tuples(st.just("refund"), parts, amounts),
    st.tuples(st.just("cancel"), parts, st.none()),
    st.tuples(st.just("divide"), parts, amounts),
    st.tuples(st.just("void"), parts, st.none()),
    st.tuples(st.just("day"), st.integers(1, 40), st.booleans()),
    st.tuples(st.just("again"), parts, st.none()),
    # The next acts come from a machine whose clock is so many minutes off.
    st.tuples(st.just("skew"), st.integers(-180, 180), st.none()),
)


class History:
    """A shopper with an account, a card and a voucher, two merchants, and a clock that only goes forward."""

    def __init__(self) -> None:
        self.now, self.skew = AT, timedelta(0)
        self.account = make_shopper(money=MONEY)
        self.merchants = [make_merchant(merchant=1), make_merchant(merchant=2, reserve_bps=2_000, settle_days=1)]
        operations.issue_vouchers(
            requests=[
                operations.IssueVoucher(
                    code="V",
                    label="V",
                    currency="EUR",
                    budget=15_000,
                    valid_from=AT,
                    valid_until=AT + timedelta(days=9_999),
                )
            ]
        )
        self.parts: list[str] = []
        self.said: list[tuple] = []
        # Of each dispute all that its provider ever said of it, the newest last.
        self.told: list[list[dict]] = []
        self.did: Counter[str] = Counter()

    @property
    def at(self) -> datetime:
        """Return the time as the machine that acts next has it."""
        return self.now + self.skew

    def do(self, number: int, act: tuple) -> None:
        name, first, second = act
        key = f"k{number}"
        self.did[name] += 1
        if name == "pay":
            self.pay(number, first, second)
        elif name == "pay by card":
            self.pay(number, first, second, rest=("card", "pm_card_visa"))
        elif name == "dispute":
            self.dispute(self.parts[-1 - first % len(self.parts)], second)
        elif name in ("decide", "tell again"):
            self.hear(name, first, second)
        elif name == "day":
            self.live_on(first, second)
        elif name == "skew":
            self.skew = timedelta(minutes=first)
        elif name == "again" and self.said:
            before = self.totals()
            self.act(*self.said[first % len(self.said)])
            assert self.totals() == before
        elif name != "again":
            self.act(name, self.parts[-1 - first % len(self.parts)], second, key)

    def act(self, name: str, part: str, second: int | None, key: str) -> None:
        if name == "capture":
            result = capture(part, second, key=key, at=self.at)
        elif name == "release":
            result = release(part, second, key=key, at=self.at)
        elif name == "refund":
            result = refund(part, second, key=key, at=self.at)
        elif name == "cancel":
            result = cancel(part, key=key, at=self.at)
        elif name == "divide":
            result = self.divide(part, second, key)
        else:
            payment = models.Part.objects.get(reference=part).payment_id
            operations.void_payments(requests=[operations.VoidPayment(payment_id=payment, at=self.at)])
            return
        if not isinstance(result, errors.PaymentError):
            self.said.append((name, part, second, key))

    def divide(self, part: str, amount: int, key: str) -> object:
        [result] = operations.divide_parts(
            requests=[
                operations.DividePart(
                    part_reference=part,
                    new_reference=f"{part}/{key}",
                    goods=amount,
                    shipping=0,
                    key=key,
                    at=self.at,
                    given_up=amount % 2 == 0,
                )
            ]
        )
        if not isinstance(result, errors.PaymentError) and not result.replayed:
            self.parts.append(result.new_reference)
        return result

    def pay(self, number: int, shares: list[int], by_voucher: int, rest: tuple[str, str] | None = None) -> None:
        total = sum(shares)
        by_voucher = min(by_voucher, total)
        method, source = rest or ("bank_account", self.account)
        tenders = [("voucher", "V", by_voucher), (method, source, total - by_voucher)]
        payment = record(
            tenders=[tender for tender in tenders if tender[2]],
            parts=[(self.merchants[index % 2], amount) for index, amount in enumerate(shares)],
            key=f"o{number}",
            at=self.at,
        )
        authorise(payment, at=self.at)
        self.parts += [f"o{number}-{index}" for index in range(1, len(shares) + 1)]

    def dispute(self, part: str, wanted: int | None) -> None:
        """The card's holder questions a charge, in whole or in part; the provider takes the money."""
        share = models.Share.objects.filter(part__reference=part, tender__method="card", captured__gt=0).first()
        if share is None:
            return
        amount = min(wanted or share.captured, share.captured)
        number = len(self.told) + 1
        said = disputes.dispute(
            share,
            "needs_response",
            disputes.line(-amount, fee=1_500, days=self.day, identifier=f"txn_{number}"),
            amount=amount,
            identifier=f"dp_{number}",
        )
        self.told.append([said])
        disputes.note(said, days=self.day)

    def hear(self, name: str, which: int, what: object) -> None:
        """The provider says how a dispute went on, or says again what it said before."""
        if not self.told:
            return
        versions = self.told[which % len(self.told)]
        if name == "tell again":
            before = self.totals()
            told_before = disputes.note(versions[what % len(versions)], days=self.day)
            assert self.totals() == before and not told_before.changed
            return
        last = versions[-1]
        lines, status = last["balance_transactions"], what
        if what in ("won", "money back"):
            back = disputes.line(last["amount"], days=self.day, identifier=f"{lines[0]['id']}_back")
            lines = [*lines[:1], back]
            status = "won" if what == "won" else last["status"]
        versions.append({**last, "status": status, "balance_transactions": lines})
        disputes.note(versions[-1], days=self.day)

    @property
    def day(self) -> int:
        """Return how many days have gone by."""
        return (self.now - AT).days

    def live_on(self, days: int, pays_out: bool) -> None:
        self.now += timedelta(days=days)
        today = self.at.date()
        operations.expire_payments(at=self.at)
        settlement.settle_due(until=today)
        settlement.mature_reserves(until=today)
        if pays_out:
            settlement.pay_out_due(until=today, merchants=self.merchants)

    def totals(self) -> tuple[int, int, int]:
        moved = models.Capture.objects.count() + models.Refund.objects.count() + models.DisputeMovement.objects.count()
        moved += models.PartDivision.objects.count()
        return balance(f"deposit:{self.account}"), balance("card:stripe:available"), moved


def broken() -> list[str]:
    """Return what does not hold: between the rows of payments, between them and the book, and in the book."""
    return [
        *checks.check_parts(),
        *checks.check_tenders(),
        *checks.check_nothing_half_done(),
        *card_checks.check_disputes(),
        *_out_of_balance(),
    ]


def _out_of_balance() -> list[str]:
    """Return what the book itself says: it balances, and no account is below its floor or beside its transfers."""
    found = ledger.verify()
    return [problem for check in found.checks[:4] for problem in check.problems]


def live(history: list[tuple], did: Counter[str]) -> None:
    """Live a history in a transaction of its own; what must always hold is looked at after each step."""
    with transaction.atomic():
        world = History()
        for number, act in enumerate([("pay", [3_333, 1_667], 999), *history]):
            world.do(number, act)
            assert broken() == [], (act, history)
        did += world.did
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _willing_cards(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RIALTO_METHODS = disputes.METHODS
    # The provider of these cards answers in this process, so a history may be lived in one transaction.
    monkeypatch.setattr(_remote, "_refuse_inside_transaction", lambda: None)


unhurried = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.django_db
def test_every_history_leaves_books_that_balance_to_the_cent_after_each_step(tell: Callable[[str], None]) -> None:
    did: Counter[str] = Counter()

    @settings(max_examples=20, phases=[Phase.explicit, Phase.generate], deadline=None, suppress_health_check=unhurried)
    @given(history=st.lists(acts, min_size=5, max_size=20))
    def lived(history: list[tuple]) -> None:
        live(history, did)

    lived()
    tell(f"{did.total():,} steps: {dict(sorted(did.items()))}")


@pytest.mark.long
@pytest.mark.django_db
def test_a_thousand_long_histories_balance_after_each_step(tell: Callable[[str], None]) -> None:
    did: Counter[str] = Counter()

    @settings(
        max_examples=int(os.environ.get("RIALTO_LONG_HISTORIES", "1000")),
        deadline=None,
        suppress_health_check=unhurried,
    )
    @given(history=st.lists(acts, min_size=20, max_size=60))
    def lived(history: list[tuple]) -> None:
        live(history, did)

    lived()
    tell(f"{did.total():,} steps: {dict(sorted(did.items()))}")
