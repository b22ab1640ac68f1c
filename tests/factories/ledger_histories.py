"""Random histories of the ledger, each step done to the book and to the model.

`python -m tests.factories.ledger_histories DATABASE FOLDER HISTORIES STEPS` runs some in a process of its own
and prints as JSON what they did.
"""

import json
import os
import sys
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import django
import hypothesis
from django.conf import settings
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()

from payments.ledger import errors, operations, queries
from payments.ledger.journal import AccountSpec, Journal, Posted, Transfer
from tests import databases
from tests.factories.ledger import AT, make_journal
from tests.factories.ledger_model import Model, Outcome, outcome
from tests.factories.ledger_strategies import ALL, CHANGES, DAY, DAYS, EUROS, JOURNALS, KEYS, LATER, LIKELY, SPECS


class Books:
    """Databases for histories, some hundreds to each: an account's code names its history. Counts what was done."""

    def __init__(self, *, name: str, folder: Path, first: int = 0, size: int = 250) -> None:
        self.name, self.folder, self.number, self.size = name, folder, first, size
        self.current: str | None = None
        self.within = 0
        self.sound = True  # until something is found wrong; what follows is only the search for a shorter history
        self.did: Counter[str] = Counter()

    def begin_history(self) -> str:
        if self.current is None or self.within == self.size:
            self.end()
            connection.close()
            self.number += 1
            self.current = f"{self.name}{self.number:05}"
            databases.create(name=self.current)
            connection.settings_dict["NAME"] = self.current
            heads = self.folder / f"{self.current}.log"
            heads.unlink(missing_ok=True)
            settings.RIALTO_SEAL_FILE = str(heads)
            self.did["books"] += 1
        self.within += 1
        return f"h{self.within}"

    def end(self) -> None:
        """Verify the whole book, and drop it."""
        if self.current is not None:
            if self.sound and (problems := operations.verify().problems):
                raise AssertionError(f"The book of {self.within} histories does not verify: {problems}")
            self.drop()

    def drop(self) -> None:
        if self.current is not None:
            connection.close()
            databases.drop(name=self.current)
            self.current, self.within = None, 0


class History(RuleBasedStateMachine):
    """One history in a book of many."""

    def __init__(self, books: Books) -> None:
        super().__init__()
        self.books, self.did = books, books.did
        self.broken = False
        self.prefix = books.begin_history() + ":"
        self.model = Model()
        self.remembered: list[tuple[datetime, dict[str, int]]] = []
        specs = [self.named(spec) for spec in SPECS]
        operations.open_accounts(specs=specs, at=AT)
        self.model.open(specs)
        self.post_batch(self.model, [make_journal(f"key {n}", ("hot:in", code, 30)) for n, code in enumerate("ab")])

    def teardown(self) -> None:
        if self.broken:
            return
        self.the_reports_agree(None)
        self.every_statement_agrees()
        for instant, balances in self.remembered:
            self.same(queries.balances(codes=balances, at=instant, as_recorded=True), balances)
        self.did["histories"] += 1

    # Names of this history alone.

    def named(self, spec: AccountSpec) -> AccountSpec:
        return replace(spec, code=self.prefix + spec.code)

    def ours(self, said: Journal) -> Journal:
        moved = tuple(Transfer(self.prefix + t.debit, self.prefix + t.credit, t.amount) for t in said.transfers)
        return replace(
            said, key=self.prefix + said.key, reference=f"{self.prefix}{len(said.transfers)}", transfers=moved
        )

    # What is compared.

    def fail(self, text: str) -> None:
        self.broken, self.books.sound = True, False
        raise AssertionError(text)

    def same(self, found: object, expected: object) -> None:
        if found != expected:
            self.fail(f"The book says {found}, the model {expected}")

    def compare(self, model: Model, said: Journal, result: Posted | errors.LedgerError, reverses: int | None) -> None:
        found, expected = outcome(result), model.answers(said, reverses)
        if found not in expected:
            self.fail(f"The book answers {found} to {said}, the model {expected}")
        self.did[f"{found[0]}"] += 1
        hypothesis.event(str(found[0]))
        if isinstance(result, Posted):
            self.same(result.key, said.key)
            if not result.replayed:
                model.post(said, result.journal_id, reverses)

    def attempt(self, act: object, **arguments: object) -> Posted | errors.LedgerError:
        try:
            return act(**arguments)
        except errors.LedgerError as refusal:
            return refusal

    # The steps.

    @rule(said=JOURNALS)
    def post(self, said: Journal) -> None:
        said = self.ours(said)
        self.compare(self.model, said, self.attempt(operations.post, journal=said), None)

    @rule(batch=st.lists(JOURNALS, min_size=3, max_size=12))
    def post_many(self, batch: list[Journal]) -> None:
        self.post_batch(self.model, batch)

    @rule(batch=st.lists(LIKELY, min_size=4, max_size=8))
    def post_a_likely_day(self, batch: list[Journal]) -> None:
        self.post_batch(self.model, batch)

    @rule(batch=st.lists(JOURNALS, min_size=1, max_size=4))
    def post_and_roll_back(self, batch: list[Journal]) -> None:
        with transaction.atomic():
            self.post_batch(self.model.copy(), batch)
            transaction.set_rollback(True)
        self.did["rolled back"] += 1

    def post_batch(self, model: Model, batch: list[Journal]) -> None:
        batch = [self.ours(said) for said in batch]
        for said, result in zip(batch, operations.post_many(journals=batch), strict=True):
            self.compare(model, said, result, None)

    @rule(which=st.integers(0, 999), change=st.sampled_from([*CHANGES, "nothing", "nothing"]))
    def repeat_a_key(self, which: int, change: str) -> None:
        if self.model.entries:
            entry = list(self.model.entries.values())[which % len(self.model.entries)]
            said = CHANGES[change](entry.said)
            self.compare(self.model, said, self.attempt(operations.post, journal=said), None)

    @rule(which=st.integers(0, 999), key=KEYS, days=DAYS, again=st.sampled_from([None, None, "same key", "other key"]))
    def reverse(self, which: int, key: str, days: int, again: str | None) -> None:
        if not self.model.entries:
            return
        entries = {entry.journal_id: entry for entry in self.model.entries.values()}
        reversals = [entry for entry in entries.values() if entry.reverses is not None]
        wrong = list(entries.values())[which % len(entries)]
        key, at = self.prefix + key, AT + days * DAY
        if again and reversals:
            before = reversals[which % len(reversals)]
            wrong = entries[before.reverses]
            key, at = (before.said.key, before.said.happened_at) if again == "same key" else (key, at)
        journal_id = wrong.journal_id
        mirror = Journal(
            key=key,
            event="reversal",
            reference=wrong.said.reference,
            happened_at=at,
            currency=wrong.said.currency,
            transfers=tuple(Transfer(each.credit, each.debit, each.amount) for each in wrong.said.transfers),
            metadata={"reverses": journal_id, "reason": "wrong"},
        )
        result = self.attempt(operations.reverse, journal_id=journal_id, key=key, reason="wrong", at=at)
        self.compare(self.model, mirror, result, journal_id)
        self.did["reversed"] += isinstance(result, Posted) and not result.replayed

    @rule(specs=st.lists(st.sampled_from(LATER), min_size=1, max_size=3))
    def open(self, specs: list[AccountSpec]) -> None:
        named = [self.named(spec) for spec in specs]
        result = self.attempt(operations.open_accounts, specs=named, at=AT)
        model = self.model.copy()
        expected = model.open(named)
        if expected[0] == "AccountExists":
            if not isinstance(result, errors.AccountExists) or result.account not in expected[1:]:
                self.fail(f"Opening {named} answers {result!r}, the model {expected}")
            self.did["AccountExists"] += 1
        else:
            self.same(result, None)
            self.model = model
            self.did["opened"] += 1

    @rule(code=st.sampled_from(["brief", "b", "late", "late hot", "hot:out", "unknown"]))
    def close(self, code: str) -> None:
        result = self.attempt(operations.close_account, code=self.prefix + code, at=AT)
        found: Outcome = ("closed",) if result is None else outcome(result)
        self.same(found, self.model.close(self.prefix + code))
        self.did[str(found[0])] += 1

    @rule(codes=st.lists(st.sampled_from(ALL), min_size=1, max_size=4))
    def lock(self, codes: list[str]) -> None:
        codes = [self.prefix + code for code in codes]
        with transaction.atomic():
            result = self.attempt(operations.lock, codes=codes)
        wrong = {("UnknownAccount", code) for code in codes if code not in self.model.specs}
        wrong |= {("AccountNotHeld", code) for code in codes if code in self.model.specs and self.model.specs[code].hot}
        if wrong:
            if outcome(result) not in wrong:
                self.fail(f"Locking {codes} answers {result!r}, the model {wrong}")
        else:
            self.same(result, {code: self.model.balance(code) for code in codes})

    @rule(days=DAYS, minimum=st.sampled_from([1, 1, 3, 100]))
    def seal_and_close_the_day(self, days: int, minimum: int) -> None:
        operations.seal()
        operations.write_closings(at=AT + days * DAY, minimum=minimum)
        self.did["closings"] += 1

    @rule(batch=st.lists(LIKELY, min_size=1, max_size=3), days=DAYS, minimum=st.sampled_from([1, 3]))
    def date_back_after_the_day_was_closed(self, batch: list[Journal], days: int, minimum: int) -> None:
        at = AT + days * DAY
        self.seal_and_close_the_day(days, minimum)
        self.post_batch(self.model, [replace(said, happened_at=at) for said in batch])
        self.same(queries.balances(codes=self.model.specs, at=at), self.model.balances_at(at))
        self.seal_and_close_the_day(days + 1, minimum)
        self.same(queries.balances(codes=self.model.specs, at=at), self.model.balances_at(at))

    # Looking.

    @rule()
    def remember_the_hour(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            [instant] = cursor.fetchone()
        self.remembered.append((instant, self.model.balances()))

    @rule(days=DAYS, moment=st.sampled_from([timedelta(0), timedelta(microseconds=-1)]))
    def look_back(self, days: int, moment: timedelta) -> None:
        at = AT + days * DAY + moment
        self.same(queries.balances(codes=self.model.specs, at=at), self.model.balances_at(at))
        self.the_reports_agree(at)

    @rule(
        code=st.sampled_from(EUROS),
        since=st.none() | DAYS,
        until=st.none() | DAYS,
        limit=st.none() | st.integers(1, 4),
        before=st.none() | st.integers(0, 5),
    )
    def read_a_statement(
        self, code: str, since: int | None, until: int | None, limit: int | None, before: int | None
    ) -> None:
        code = self.prefix + code
        first, last = (None if days is None else AT + days * DAY for days in (since, until))
        lines = [((line.entry.said.happened_at, line.entry.journal_id, line.position), line)
                 for line in self.model.lines(code)]  # fmt: skip
        edge = lines[-1 - before % len(lines)][0] if lines and before is not None else None
        statement = queries.statement(code=code, since=first, until=last, limit=limit, before=edge)
        upto = [(place, line) for place, line in lines if (last is None or place[0] < last)]
        upto = [(place, line) for place, line in upto if edge is None or place < edge]
        shown = [line for place, line in upto if first is None or place[0] >= first]
        shown = shown[-limit:] if limit else shown
        self.same_lines(statement.lines, shown)
        closing = upto[-1][1].balance if upto else 0
        self.same(statement.closing, closing)
        self.same(statement.opening, shown[0].balance - shown[0].amount if shown else closing)

    def same_lines(self, found: tuple[queries.StatementLine, ...], expected: list) -> None:
        self.same(
            [
                (line.journal_id, line.happened_at, line.event, line.reference, line.counter_account, line.amount,
                 line.balance, line.metadata)
                for line in found
            ],
            [
                (line.entry.journal_id, line.entry.said.happened_at, line.entry.said.event, line.entry.said.reference,
                 line.counter, line.amount, line.balance, dict(line.entry.said.metadata))
                for line in expected
            ],
        )  # fmt: skip

    @invariant()
    def balances_agree(self) -> None:
        self.did["steps"] += 1
        self.same(queries.balances(codes=self.model.specs), self.model.balances())

    def every_statement_agrees(self) -> None:
        for code in self.model.specs:
            self.same_lines(queries.statement(code=code).lines, self.model.lines(code))

    def the_reports_agree(self, at: datetime | None) -> None:
        """Compare trial balance, balance sheet, and profit and loss; and see that the whole book balances."""
        totals: dict[str, int] = {}
        lines = queries.trial_balance(at=at)
        for line in lines:
            totals[line.currency] = totals.get(line.currency, 0) + line.debits - line.credits
        self.same([currency for currency, total in totals.items() if total], [])
        sums = {code: both for code, both in self.model.sums_at(at).items() if any(both)}
        self.same({line.code: (line.debits, line.credits) for line in lines if self.is_ours(line.code)}, sums)
        sheet = {line.code: line.amount for line in queries.balance_sheet(at=at) if self.is_ours(line.code)}
        result = {code for code in sums if self.model.specs[code].account_class in ("income", "expense")}
        expected = {code: self.model.side(code) * (sums[code][0] - sums[code][1]) for code in sums.keys() - result}
        self.same(sheet, expected)
        if at is not None:
            found = queries.profit_and_loss(since=AT - 30 * DAY, until=at + timedelta(microseconds=1))
            earned = {code: self.model.side(code) * (sums[code][0] - sums[code][1]) for code in result}
            self.same({line.code: line.amount for line in found if self.is_ours(line.code)}, earned)

    def is_ours(self, code: str) -> bool:
        return code.startswith(self.prefix)


def run(books: Books, *, histories: int, steps: int) -> Counter[str]:
    """Run histories until so many have gone to their end; return what they did."""
    try:
        run_state_machine_as_test(
            lambda: History(books),
            settings=hypothesis.settings(
                max_examples=histories,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                print_blob=True,
                suppress_health_check=list(hypothesis.HealthCheck),
                phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
            ),
        )
        books.end()
    finally:
        books.drop()
    return books.did


if __name__ == "__main__":
    _name, _folder, _histories, _steps = sys.argv[1:]
    settings.RIALTO_CHECKS = []
    _did = run(Books(name=_name, folder=Path(_folder)), histories=int(_histories), steps=int(_steps))
    print(json.dumps(_did))
