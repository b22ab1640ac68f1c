"""The ledger in two pages of plain Python: what every answer must be, refusals and their fields included."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from payments.ledger import errors
from payments.ledger.journal import MAX_AMOUNT, AccountSpec, Journal, Posted

Outcome = tuple[object, ...]  # a name, then the fields that matter


def outcome(result: Posted | errors.LedgerError) -> Outcome:
    """Return a result in the model's words."""
    if isinstance(result, Posted):
        return ("replayed", result.journal_id) if result.replayed else ("posted",)
    if isinstance(result, errors.InsufficientFunds):
        return ("InsufficientFunds", result.account, result.available, result.needed)
    if isinstance(result, errors.AccountRefused):
        return (type(result).__name__, result.account)
    return (type(result).__name__,)


@dataclass(frozen=True)
class Entry:
    """A journal that was posted."""

    said: Journal
    reverses: int | None
    journal_id: int


@dataclass(frozen=True)
class Line:
    """A transfer seen from one account; `amount` is positive where it raised the balance."""

    entry: Entry
    position: int
    counter: str
    amount: int
    balance: int


@dataclass
class Model:
    """Accounts, and journals in the order they were posted."""

    specs: dict[str, AccountSpec] = field(default_factory=dict)
    sums: dict[str, list[int]] = field(default_factory=dict)  # code: debits, credits
    closed: set[str] = field(default_factory=set)
    entries: dict[str, Entry] = field(default_factory=dict)  # by key, in posting order

    def copy(self) -> "Model":
        return Model(dict(self.specs), copy.deepcopy(self.sums), set(self.closed), dict(self.entries))

    def open(self, specs: list[AccountSpec]) -> Outcome:
        clashes = [spec.code for spec in specs if self.specs.get(spec.code, spec) != spec]
        for number, spec in enumerate(specs):
            if any(spec.code == other.code and spec != other for other in specs[:number]):
                clashes.append(spec.code)
        if clashes:
            return ("AccountExists", *clashes)
        for spec in specs:
            self.specs[spec.code] = spec
            self.sums.setdefault(spec.code, [0, 0])
        return ("opened",)

    def close(self, code: str) -> Outcome:
        if code not in self.specs:
            return ("UnknownAccount", code)
        if self.balance(code):
            return ("AccountNotEmpty", code)
        self.closed.add(code)
        return ("closed",)

    def balance(self, code: str) -> int:
        return self.side(code) * (self.sums[code][0] - self.sums[code][1])

    def balances(self) -> dict[str, int]:
        return {code: self.balance(code) for code in self.specs}

    def side(self, code: str) -> int:
        return 1 if self.specs[code].normal_side == "debit" else -1

    def answers(self, said: Journal, reverses: int | None = None) -> list[Outcome]:
        """Return every outcome that is true of a journal; several only where several things are wrong with it."""
        malformed = self._malformed(said)
        if malformed:
            return malformed
        if said.key in self.entries:
            entry = self.entries[said.key]
            same = (entry.said, entry.reverses) == (said, reverses)
            return [("replayed", entry.journal_id) if same else ("KeyReused",)]
        if reverses is not None and any(entry.reverses == reverses for entry in self.entries.values()):
            return [("AlreadyReversed",)]
        wrong: list[Outcome] = []
        change: dict[str, int] = {}
        for transfer in said.transfers:
            for code, sign in ((transfer.debit, 1), (transfer.credit, -1)):
                spec = self.specs.get(code)
                if spec is None:
                    wrong.append(("UnknownAccount", code))
                    continue
                if spec.currency != said.currency:
                    wrong.append(("CurrencyMismatch", code))
                if code in self.closed:
                    wrong.append(("AccountClosed", code))
                change[code] = change.get(code, 0) + sign * self.side(code) * transfer.amount
        return wrong or list(self._short(change)) or [("posted",)]

    def post(self, said: Journal, journal_id: int, reverses: int | None = None) -> None:
        """Take in a journal that was posted."""
        for transfer in said.transfers:
            self.sums[transfer.debit][0] += transfer.amount
            self.sums[transfer.credit][1] += transfer.amount
        self.entries[said.key] = Entry(said, reverses, journal_id)

    def sums_at(self, at: datetime | None) -> dict[str, tuple[int, int]]:
        """Return debits and credits of what had happened up to an instant."""
        sums = {code: [0, 0] for code in self.specs}
        for entry in self.entries.values():
            if at is None or entry.said.happened_at <= at:
                for transfer in entry.said.transfers:
                    sums[transfer.debit][0] += transfer.amount
                    sums[transfer.credit][1] += transfer.amount
        return {code: (debits, credits) for code, (debits, credits) in sums.items()}

    def balances_at(self, at: datetime) -> dict[str, int]:
        return {code: self.side(code) * (debits - credits) for code, (debits, credits) in self.sums_at(at).items()}

    def lines(self, code: str) -> list[Line]:
        """Return an account's whole statement, oldest first."""
        lines = []
        balance = 0
        for entry in sorted(self.entries.values(), key=lambda each: (each.said.happened_at, each.journal_id)):
            for position, transfer in enumerate(entry.said.transfers, 1):
                if code in (transfer.debit, transfer.credit):
                    raised = self.side(code) * (1 if code == transfer.debit else -1) * transfer.amount
                    balance += raised
                    counter = transfer.credit if code == transfer.debit else transfer.debit
                    lines.append(Line(entry, position, counter, raised, balance))
        return lines

    def _malformed(self, said: Journal) -> list[Outcome]:
        wrong: list[Outcome] = []
        if any(not 0 < transfer.amount <= MAX_AMOUNT for transfer in said.transfers):
            wrong.append(("InvalidAmount",))
        if any(transfer.debit == transfer.credit for transfer in said.transfers):
            wrong.append(("InvalidJournal",))
        return wrong

    def _short(self, change: dict[str, int]) -> Iterator[Outcome]:
        """Yield the accounts that a journal would lower below their floor."""
        for code, moved in change.items():
            floor = self.specs[code].floor
            if floor is not None and moved < 0 and self.balance(code) + moved < floor:
                yield ("InsufficientFunds", code, self.balance(code) - floor, -moved)
