"""Random histories give the same answers and balances as a ledger written in a page of plain Python."""

from dataclasses import dataclass, field
from datetime import timedelta

import hypothesis
import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from payments.ledger import errors, operations, queries
from payments.ledger.journal import AccountSpec, Journal, Posted
from tests.factories.ledger import AT, make_journal

SPECS = (
    AccountSpec("hot:in", "asset", "EUR", "debit", hot=True),
    AccountSpec("hot:out", "income", "EUR", "credit", hot=True),
    AccountSpec("free", "equity", "EUR", "credit"),
    AccountSpec("a", "liability", "EUR", "credit", floor=0),
    AccountSpec("b", "liability", "EUR", "credit", floor=0),
    AccountSpec("overdraft", "liability", "EUR", "credit", floor=-20),
    AccountSpec("claim", "asset", "EUR", "debit", floor=0),
    AccountSpec("dollars", "liability", "USD", "credit", floor=0),
    AccountSpec("brief", "liability", "EUR", "credit", floor=0),
)
EUROS = [spec.code for spec in SPECS if spec.currency == "EUR"]
CODES = st.sampled_from([*EUROS * 4, "dollars", "unknown"])
KEYS = st.integers(0, 99).map("key {}".format)
AMOUNTS = st.sampled_from([1, 1, 1, 2, 2, 3, 5, 8, 20, 21] * 3 + [0, -1])  # small, so that floors are met exactly
TRANSFERS = st.lists(st.tuples(CODES, CODES, AMOUNTS).filter(lambda each: each[0] != each[1]), min_size=1, max_size=3)
JOURNALS = st.builds(
    lambda key, transfers, day, currency: make_journal(key, *transfers, at=AT + timedelta(days=day), currency=currency),
    KEYS,
    TRANSFERS,
    st.integers(-2, 2),
    st.sampled_from(["EUR"] * 9 + ["USD"]),
)


@dataclass
class Model:
    """The same ledger, without a database."""

    specs: dict[str, AccountSpec] = field(default_factory=lambda: {spec.code: spec for spec in SPECS})
    balances: dict[str, int] = field(default_factory=lambda: {spec.code: 0 for spec in SPECS})
    posted: list[Journal] = field(default_factory=list)
    keys: dict[str, tuple[Journal, int | None]] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    reversed: set[int] = field(default_factory=set)

    def post(self, said: Journal, reverses: int | None = None) -> str:
        if any(transfer.amount <= 0 for transfer in said.transfers):
            return "InvalidAmount"
        if said.key in self.keys:
            return "replayed" if self.keys[said.key] == (said, reverses) else "KeyReused"
        if reverses in self.reversed:
            return "AlreadyReversed"
        after = dict(self.balances)
        lowered = set()
        for transfer in said.transfers:
            for code, sign in ((transfer.debit, 1), (transfer.credit, -1)):
                spec = self.specs.get(code)
                if spec is None:
                    return "UnknownAccount"
                if spec.currency != said.currency:
                    return "CurrencyMismatch"
                if code in self.closed:
                    return "AccountClosed"
                change = transfer.amount * (sign if spec.normal_side == "debit" else -sign)
                after[code] += change
                if change < 0:
                    lowered.add(code)
        floors = {code: self.specs[code].floor for code in lowered}
        if any(floor is not None and after[code] < floor for code, floor in floors.items()):
            return "InsufficientFunds"
        self.balances = after
        self.keys[said.key] = (said, reverses)
        self.posted.append(said)
        if reverses is not None:
            self.reversed.add(reverses)
        return "posted"


def outcome(result: Posted | errors.LedgerError) -> str:
    if isinstance(result, Posted):
        return "replayed" if result.replayed else "posted"
    return type(result).__name__


class History(RuleBasedStateMachine):
    """Every step is done to the book and to the model."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        operations.open_accounts(specs=SPECS, at=AT)
        self.model = Model()
        self.ids: dict[str, int] = {}

    def teardown(self) -> None:
        try:
            assert operations.verify().problems == []
        finally:
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def compare(self, said: Journal, result: Posted | errors.LedgerError, reverses: int | None = None) -> None:
        before = dict(self.model.balances)
        expected = self.model.post(said, reverses)
        hypothesis.event(expected)
        assert outcome(result) == expected
        if isinstance(result, Posted):
            assert self.ids.setdefault(said.key, result.journal_id) == result.journal_id
        if isinstance(result, errors.InsufficientFunds):
            spec = self.model.specs[result.account]
            assert result.available == before[result.account] - spec.floor
            assert result.needed > result.available

    @rule(journals=st.lists(JOURNALS, min_size=1, max_size=12))
    def post_many(self, journals: list[Journal]) -> None:
        for said, result in zip(journals, operations.post_many(journals=journals), strict=True):
            self.compare(said, result)

    @rule(said=JOURNALS)
    def post(self, said: Journal) -> None:
        try:
            result = operations.post(journal=said)
        except errors.LedgerError as refusal:
            result = refusal
        self.compare(said, result)

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        if self.model.posted:
            said = data.draw(st.sampled_from(self.model.posted))
            reverses = self.model.keys[said.key][1]
            if reverses is None:
                self.compare(said, operations.post_many(journals=[said])[0])

    @rule(data=st.data(), key=KEYS)
    def reverse(self, data: st.DataObject, key: str) -> None:
        if not self.model.posted:
            return
        wrong = data.draw(st.sampled_from(self.model.posted))
        journal_id = self.ids[wrong.key]
        mirror = make_journal(
            key,
            *((each.credit, each.debit, each.amount) for each in wrong.transfers),
            event="reversal",
            currency=wrong.currency,
            metadata={"reverses": journal_id, "reason": "wrong"},
        )
        try:
            result = operations.reverse(journal_id=journal_id, key=key, reason="wrong", at=AT)
        except errors.LedgerError as refusal:
            result = refusal
        self.compare(mirror, result, journal_id)

    @rule(code=st.sampled_from(["brief", "b", "unknown"]))
    def close(self, code: str) -> None:
        try:
            operations.close_account(code=code, at=AT)
            result = "closed"
        except errors.LedgerError as refusal:
            result = type(refusal).__name__
        if code not in self.model.specs:
            assert result == "UnknownAccount"
        elif self.model.balances[code]:
            assert result == "AccountNotEmpty"
        else:
            assert result == "closed"
            self.model.closed.add(code)

    @rule(data=st.data(), days=st.integers(-3, 3))
    def look_back(self, data: st.DataObject, days: int) -> None:
        code = data.draw(st.sampled_from(sorted(self.model.specs)))
        at = AT + timedelta(days=days)
        sign = 1 if self.model.specs[code].normal_side == "debit" else -1
        expected = sum(
            sign * ((each.debit == code) - (each.credit == code)) * each.amount
            for said in self.model.posted
            if said.happened_at <= at
            for each in said.transfers
        )
        assert queries.balance(code=code, at=at) == expected

    @invariant()
    def balances_agree(self) -> None:
        assert queries.balances(codes=self.model.balances) == self.model.balances

    @invariant()
    def the_book_balances(self) -> None:
        totals: dict[str, int] = {}
        for line in queries.trial_balance():
            totals[line.currency] = totals.get(line.currency, 0) + line.debits - line.credits
        assert not any(totals.values())


@pytest.mark.django_db
def test_random_histories_agree_with_the_model(request: pytest.FixtureRequest, settings: object) -> None:
    settings.RIALTO_CHECKS = []
    long = request.config.getoption("-m") == "long"
    run_state_machine_as_test(
        History,
        settings=hypothesis.settings(
            max_examples=400 if long else 60,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
