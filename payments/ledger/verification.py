"""Recompute every hash, sum and floor of the book, and name what was changed behind the application's back."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from payments.ledger import seals
from payments.ledger.journal import microseconds
from payments.ledger.seals import JournalRow, SealRow

CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, and each row or sum for which it does not."""

    name: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` went through and found."""

    journals: int
    transfers: int
    seals: int
    checks: tuple[Check, ...]

    @property
    def problems(self) -> list[str]:
        return [problem for check in self.checks for problem in check.problems]


def verify(*, from_seal: int = 0, progress: Callable[[int, int], None] = lambda done, total: None) -> Verification:
    """Check the whole book, or what came after a trusted seal, then run the checks of ``RIALTO_CHECKS``.

    Reads one snapshot as a stream. From a seal, balances are trusted as they stood there and closings are not
    recomputed, so months detached before it are not needed. ``progress`` is told journals done and in all.
    """
    filed = seals.read_heads(seals.seal_file())  # before the snapshot, so the book has all of these
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        book = _Book(from_seal)
        book.read_journals(progress)
        checks = [
            Check("Every journal is as it was posted", tuple(book.changed)),
            Check("No account ever fell below its floor", tuple(book.broken_floors)),
            Check("Every balance is the sum of its transfers", tuple(book.check_balances())),
            Check("Assets and expenses equal liabilities, equity and income", tuple(book.check_currencies())),
            Check("Closings sum up what they closed", tuple(book.check_closings())),
            Check("Every seal holds, in the book and in its file", tuple(book.check_seals(filed))),
        ]
    for path in getattr(settings, "RIALTO_CHECKS", ()):
        function = import_string(path)
        name = (function.__doc__ or path).strip().splitlines()[0].rstrip(".")
        checks.append(Check(name, tuple(function())))
    return Verification(book.journals, book.transfers, len(book.seals), tuple(checks))


@dataclass
class _Account:
    row: seals.AccountRow
    sign: int
    debits: int = 0
    credits: int = 0
    moves: int = 0

    @property
    def balance(self) -> int:
        return self.sign * (self.debits - self.credits)


@dataclass
class _Sealed:
    """The digests of a seal's rows, gathered while they stream by."""

    seal: SealRow
    accounts: object = field(default_factory=sha256)
    journals: object = field(default_factory=sha256)


class _Book:
    """One pass over the book and what it adds up to."""

    def __init__(self, from_seal: int) -> None:
        self.journals = self.transfers = 0
        self.changed: list[str] = []
        self.broken_floors: list[str] = []
        self.full = from_seal == 0
        every = list(seals.seal_rows("ORDER BY sequence"))
        trusted = [row for row in every if row.sequence <= from_seal]
        if from_seal and (not trusted or trusted[-1].sequence != from_seal):
            raise ValueError(f"There is no seal {from_seal} to start from.")
        self.base = trusted[-1] if trusted else None
        self.seals = [_Sealed(row) for row in every[len(trusted) :]]
        self.ends = [sealed.seal.to_xid for sealed in self.seals]
        self.after = (self.base.settled_id, self.base.to_xid) if self.base else (0, 0)
        self.accounts: dict[int, _Account] = {}
        for row in seals.account_rows():
            self.accounts[row.id] = _Account(row, 1 if row.normal_side == "debit" else -1)
            if (sealed := self._covering(row.xid)) is not None:
                sealed.accounts.update(row.leaf())
        self.codes = {account_id: account.row.code for account_id, account in self.accounts.items()}
        self._read_closings()
        if self.base:
            self._trust_balances()

    def _covering(self, xid: int) -> _Sealed | None:
        """Return the seal that covers a transaction; None before the trusted seal and after the newest."""
        index = bisect_right(self.ends, xid)
        return self.seals[index] if index < len(self.seals) and xid >= self.after[1] else None

    def _read_closings(self) -> None:
        self.closings: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        if self.full:
            for account_id, instant, *rest in _rows(
                "SELECT account_id, instant, through_seal, debits, credits FROM ledger_closing"
            ):
                self.closings[account_id].append((microseconds(instant), *rest))
        self.instants = {account_id: sorted({row[0] for row in rows}) for account_id, rows in self.closings.items()}
        self.moved: dict[int, dict[tuple[int, int], list[int]]] = defaultdict(lambda: defaultdict(lambda: [0, 0]))

    def _trust_balances(self) -> None:
        """Start the accounts from today's balances less what moved after the trusted seal."""
        for account_id, debits, credits, moves in _rows(
            """SELECT account_id, debits, credits, version FROM ledger_balance UNION ALL
               SELECT side.* FROM ledger_transfer t
               JOIN ledger_journal j ON j.id = t.journal_id AND j.recorded_at = t.recorded_at,
               LATERAL (VALUES (t.debit_id, -t.amount, 0, -1), (t.credit_id, 0, -t.amount, -1)) AS side
               WHERE t.journal_id > %s AND j.xid >= %s""",
            self.after,
        ):
            if (account := self.accounts.get(account_id)) and not account.row.hot:
                account.debits += debits
                account.credits += credits
                account.moves += moves

    def read_journals(self, progress: Callable[[int, int], None]) -> None:
        """Stream the journals in the order of their ids: posting order for every account."""
        [[total]] = _rows("SELECT count(*) FROM ledger_journal WHERE id > %s AND xid >= %s", self.after)
        last_id = self.after[0]
        while True:
            chunk = list(
                seals.journal_rows(
                    "WHERE j.id > %s AND j.xid >= %s ORDER BY j.id LIMIT %s", [last_id, self.after[1], CHUNK]
                )
            )
            for row in chunk:
                self._read_journal(row)
            progress(self.journals, total)
            if len(chunk) < CHUNK:
                break
            last_id = chunk[-1].id
        for [journal_id] in _rows(
            """SELECT k.journal_id FROM ledger_key k LEFT JOIN ledger_journal j ON j.id = k.journal_id
               WHERE j.id IS NULL AND k.journal_id > %s ORDER BY 1""",
            [self.after[0]],
        ):
            self.changed.append(f"journal {journal_id} was removed: only its key is left")
        for journal_id, position in _rows(
            """SELECT t.journal_id, t.position FROM ledger_transfer t LEFT JOIN ledger_journal j
               ON j.id = t.journal_id AND j.recorded_at = t.recorded_at
               WHERE j.id IS NULL AND t.journal_id > %s ORDER BY 1, 2""",
            [self.after[0]],
        ):
            self.changed.append(f"transfer {position} of journal {journal_id} belongs to no journal")

    def _read_journal(self, row: JournalRow) -> None:
        self.journals += 1
        self.transfers += len(row.transfers)
        content = row.content(self.codes)
        if (sealed := self._covering(row.xid)) is not None:
            sealed.journals.update(row.leaf(content))
        if row.input_hash is None:
            self.changed.append(f"journal {row.id} was added, or its key removed: it has no key")
        elif bytes(row.input_hash) != content or not all(same for *_, same in row.transfers):
            self.changed.append(f"journal {row.id} ({row.event} {row.reference}) or its transfers were changed")
        lowered = set()
        for debit_id, credit_id, amount, _, _ in row.transfers:
            debit, credit = self.accounts.get(debit_id), self.accounts.get(credit_id)
            if debit is None or credit is None:
                self.changed.append(f"journal {row.id} moves money of an account that was removed")
                continue
            if not row.currency == debit.row.currency == credit.row.currency:
                self.changed.append(f"journal {row.id} mixes currencies")
            debit.debits += amount
            credit.credits += amount
            debit.moves += 1
            credit.moves += 1
            if debit.sign < 0:
                lowered.add(debit_id)
            if credit.sign > 0:
                lowered.add(credit_id)
            for account, side in ((debit, 0), (credit, 1)):
                if account.row.id in self.closings:
                    self._remember(account.row.id, row, side, amount)
        for account in (self.accounts[account_id] for account_id in lowered):
            if account.row.floor is not None and account.balance < account.row.floor:
                self.broken_floors.append(f"{account.row.code} is at {account.balance} after journal {row.id}")

    def _remember(self, account_id: int, row: JournalRow, side: int, amount: int) -> None:
        """Add a transfer to the first instant and the first seal that include it."""
        instant = bisect_left(self.instants[account_id], microseconds(row.happened_at))
        sequence = bisect_right(self.ends, row.xid) + 1
        self.moved[account_id][instant, sequence][side] += amount

    def check_balances(self) -> Iterator[str]:
        """Compare the balance rows with the sums."""
        missing = {account_id for account_id, account in self.accounts.items() if not account.row.hot}
        for account_id, *shown in _rows("SELECT account_id, debits, credits, version FROM ledger_balance"):
            missing.discard(account_id)
            account = self.accounts.get(account_id)
            if account is None:
                yield f"balance row {account_id} belongs to no account"
            elif shown != [account.debits, account.credits, account.moves]:
                yield (
                    f"{account.row.code} shows debits {shown[0]} and credits {shown[1]} of {shown[2]} transfers; "
                    f"there are {account.moves} and they sum to {account.debits} and {account.credits}"
                )
        yield from (f"{self.codes[account_id]} has lost its balance row" for account_id in sorted(missing))
        for account_id in (row[0] for row in _rows("SELECT id FROM ledger_account WHERE closed_at IS NOT NULL")):
            if self.full and self.accounts[account_id].balance:
                yield f"{self.codes[account_id]} is closed and not at zero"

    def check_currencies(self) -> Iterator[str]:
        """Compare what the bank has and spent with what it owes, is worth and earned."""
        sides: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for account in self.accounts.values():
            right = account.row.account_class not in ("asset", "expense")
            difference = account.debits - account.credits
            sides[account.row.currency][right] += -difference if right else difference
        for currency, (left, right) in sorted(sides.items()):
            if self.full and left != right:
                yield f"in {currency} assets and expenses are {left}, liabilities, equity and income {right}"

    def check_closings(self) -> Iterator[str]:
        """Recompute every closing from the transfers."""
        for account_id, rows in self.closings.items():
            for instant, through, debits, credits in rows:
                index = bisect_left(self.instants[account_id], instant)
                inside = [
                    sums
                    for (at, sequence), sums in self.moved[account_id].items()
                    if at <= index and sequence <= through
                ]
                if (debits, credits) != (sum(s[0] for s in inside), sum(s[1] for s in inside)):
                    code = self.codes.get(account_id, f"account {account_id}")
                    yield f"the closing of {code} at {instant} µs through seal {through} is not their sum"

    def check_seals(self, filed: list[list[str]]) -> Iterator[str]:
        """Compare the chain with its rows and with the signed heads outside the database."""
        previous, sequence = (self.base.hash, self.base.sequence) if self.base else (bytes(32), 0)
        for sealed in self.seals:
            row = sealed.seal
            sequence += 1
            if row.sequence != sequence:
                yield f"seal {sequence} was removed"
                sequence = row.sequence
            elif row.previous != previous:
                yield f"seal {row.sequence} does not continue the seal before it"
            previous = row.hash
            if row.expected(sealed.accounts.digest(), sealed.journals.digest()) != row.hash:
                yield from self._name_difference(row)
        yield from self._check_file(filed)

    def _name_difference(self, seal: SealRow) -> Iterator[str]:
        """Say which rows are not what the seal remembers."""
        index = bisect_right(self.ends, seal.to_xid - 1)
        span = [self.ends[index - 1] if index else self.after[1], seal.to_xid]
        kept = dict(zip(*[iter(_pieces(seal.leaves))] * 2, strict=True))
        found = {}
        for row in seals.account_rows("WHERE xid >= %s AND xid < %s", span):
            found[row.id] = (f"account {row.code}", row.leaf())
        for row in seals.journal_rows("WHERE j.xid >= %s AND j.xid < %s ORDER BY j.id", span):
            found[row.id] = (f"journal {row.id}", row.leaf(row.content(self.codes)))
        named = False
        for row_id in sorted(kept.keys() | found.keys()):
            if row_id not in found:
                named = True
                yield f"seal {seal.sequence}: account or journal {row_id} was removed"
            elif row_id not in kept:
                named = True
                yield f"seal {seal.sequence}: {found[row_id][0]} was added"
            elif found[row_id][1][:8] != kept[row_id]:
                named = True
                yield f"seal {seal.sequence}: {found[row_id][0]} was changed"
        if not named:
            yield f"seal {seal.sequence} itself was changed"

    def _check_file(self, filed: list[list[str]]) -> Iterator[str]:
        heads = {sealed.seal.sequence: sealed.seal.hash.hex() for sealed in self.seals}
        if self.base:
            heads[self.base.sequence] = self.base.hash.hex()
        newest, path = max(heads, default=0), seals.seal_file()
        for number, line in enumerate(filed, 1):
            if len(line) != 3 or not line[0].isdigit() or line[2] != seals.signature(int(line[0]), line[1]):
                yield f"line {number} of the seal file {path} does not carry our signature"
            elif int(line[0]) > newest:
                yield f"seal {line[0]} was removed: only the seal file {path} has it"
            elif heads.get(int(line[0]), line[1]) != line[1]:
                yield f"seal {line[0]} is another in the seal file {path}: the chain was recomputed"
        known = {line[0] for line in seals.read_heads(path)}
        if missing := [sequence for sequence in heads if str(sequence) not in known]:
            yield f"the seal file {path} lacks seal {missing[0]}: restore it, or verify where the sealer runs"


def _pieces(leaves: bytes) -> Iterator[int | bytes]:
    for start in range(0, len(leaves), 16):
        yield int.from_bytes(leaves[start : start + 8], "big")
        yield leaves[start + 8 : start + 16]


def _rows(query: str, parameters: tuple | list = ()) -> Iterator[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows
