"""Recompute every hash, sum and floor of the book, and name what was changed behind the application's back."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from payments.ledger import seals
from payments.ledger.fetching import rows

CHUNK = 100_000
_LAST_ID = 2**63 - 1


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
    """Check the whole book, archive included, or what came after a trusted seal; then run ``RIALTO_CHECKS``.

    Reads one snapshot in chunks of ids. From a seal, balances are trusted as they stood there and closings are not
    recomputed, so months before it need not be there. ``progress`` is told journals done and in all.
    """
    filed = seals.read_heads()  # before the snapshot, so the book has all of these
    with transaction.atomic():
        if not connection.savepoint_ids:
            rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        book = _Book(from_seal)
        book.read(progress)
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


@dataclass(slots=True)
class _Account:
    code: str
    account_class: str
    currency: str
    sign: int
    floor: int | None
    hot: bool
    closed: bool
    debits: int = 0
    credits: int = 0
    moves: int = 0

    @property
    def balance(self) -> int:
        return self.sign * (self.debits - self.credits)


class _Book:
    """One pass over the book and what it adds up to."""

    def __init__(self, from_seal: int) -> None:
        self.journals = self.transfers = 0
        self.changed: list[str] = []
        self.broken_floors: list[str] = []
        self.full = from_seal == 0
        every = rows("SELECT sequence, previous, hash, to_xid, settled_id FROM ledger_seal ORDER BY sequence")
        trusted = [row for row in every if row[0] <= from_seal]
        if from_seal and (not trusted or trusted[-1][0] != from_seal):
            raise ValueError(f"There is no seal {from_seal} to start from.")
        self.base = trusted[-1] if trusted else None
        self.seals = every[len(trusted) :]
        self.ends = [row[3] for row in self.seals]
        self.after_xid, self.after_id = (self.base[3], self.base[4]) if self.base else (0, -_LAST_ID)
        # By the number of a seal from here: the hashes of its accounts' and its journals' leaves.
        self.digests = defaultdict(lambda: (sha256(), sha256()))
        self.accounts: dict[int, _Account] = {}
        for account_id, xid, leaf, *definition in rows(
            """SELECT id, xid, leaf, code, account_class, currency, CASE normal_side WHEN 'debit' THEN 1 ELSE -1 END,
               floor, hot, closed_at IS NOT NULL FROM ledger_account JOIN ledger_account_evidence USING (id, xid)
               ORDER BY id"""
        ):
            self.accounts[account_id] = _Account(*definition)
            if xid >= self.after_xid:
                self.digests[bisect_right(self.ends, xid)][0].update(leaf)
        self.closings = self._closings() if self.full else []
        [[self.instants]] = rows("SELECT array_agg(DISTINCT instant ORDER BY instant)::text FROM ledger_closing")
        # By account: sums by the first instant closed and the first seal that include them.
        self.moved: dict[int, dict[tuple[int, int], tuple[int, int]]] = defaultdict(dict)
        if self.base:
            self._trust_balances()

    def _closings(self) -> list[tuple]:
        return rows(
            """SELECT account_id, dense_rank() OVER (ORDER BY instant) - 1, through_seal, debits, credits, instant::text
               FROM ledger_closing ORDER BY account_id, instant, through_seal"""
        )

    def _trust_balances(self) -> None:
        """Start the accounts from today's balances less what moved after the trusted seal."""
        held = rows("SELECT account_id, debits, credits, version FROM ledger_balance")
        later = rows("SELECT * FROM ledger_effects(%s, %s, %s)", [self.after_id + 1, _LAST_ID, self.after_xid])
        for account_id, debits, credits, moves, *_ in held + [(i, -d, -c, -m) for i, d, c, m, *_ in later]:
            if (account := self.accounts.get(account_id)) and not account.hot:
                account.debits += debits
                account.credits += credits
                account.moves += moves

    def read(self, progress: Callable[[int, int], None]) -> None:
        """Go through the journals in the order of their ids: posting order for every account."""
        [[last, total]] = rows(
            """SELECT (SELECT last_value FROM ledger_id_seq),
               (SELECT count(*) FROM ledger_all_journal WHERE id > %s AND xid >= %s)""",
            [self.after_id, self.after_xid],
        )
        low = self.after_id + 1
        for high in [*range(max(low, 0) + CHUNK, last, CHUNK), last, _LAST_ID]:
            if high >= low:
                self._read_journals(low, high)
                self._read_effects(low, high)
                progress(self.journals, total)
                low = high + 1

    def _read_journals(self, low: int, high: int) -> None:
        for seal, leaves, journals, transfers, problems in rows(
            """SELECT width_bucket(xid, %s::bigint[]), string_agg(leaf, '' ORDER BY id), count(*), sum(transfers),
               array_agg(format('journal %%s %%s', id, problem) ORDER BY id) FILTER (WHERE problem IS NOT NULL)
               FROM ledger_evidence(%s, %s) WHERE xid >= %s OR xid IS NULL GROUP BY 1""",
            [self.ends, low, high, self.after_xid],
        ):
            self.changed += problems or ()
            if seal is not None:
                self.journals += journals
                self.transfers += int(transfers)
                self.digests[seal][1].update(leaves)
        if self.closings:
            for account_id, instant, seal, debits, credits in rows(
                """SELECT side.id, width_bucket(t.happened_at - interval '1 microsecond', %s::timestamptz[]),
                   width_bucket(t.xid, %s::bigint[]), sum(side.debits), sum(side.credits)
                   FROM ledger_all_transfer t,
                   LATERAL (VALUES (t.debit_id, t.amount, 0), (t.credit_id, 0, t.amount)) AS side (id, debits, credits)
                   WHERE t.journal_id BETWEEN %s AND %s AND side.id = ANY (%s)
                   GROUP BY 1, 2, 3""",
                [self.instants, self.ends, low, high, list({row[0] for row in self.closings})],
            ):
                before = self.moved[account_id].get((instant, seal), (0, 0))
                self.moved[account_id][instant, seal] = (before[0] + int(debits), before[1] + int(credits))

    def _read_effects(self, low: int, high: int) -> None:
        for account_id, debits, credits, moves, lowest, highest, mixed in rows(
            "SELECT * FROM ledger_effects(%s, %s, %s)", [low, high, self.after_xid]
        ):
            account = self.accounts.get(account_id)
            if account is None:
                self.changed.append(f"account {account_id} was removed: journals move its money")
                continue
            if mixed:
                self.changed.append(f"{account.code} has transfers of another currency")
            start = account.debits - account.credits
            worst = start + lowest if account.sign > 0 else -start - highest
            if account.floor is not None and worst < account.floor:
                self.broken_floors += self._name_falls(account_id, account, low, high)
            account.debits += debits
            account.credits += credits
            account.moves += moves

    def _name_falls(self, account_id: int, account: _Account, low: int, high: int) -> Iterator[str]:
        for journal_id, change, running in rows(
            """SELECT journal_id, sum(change), sum(sum(change)) OVER (ORDER BY journal_id) FROM (
                   SELECT journal_id, CASE debit_id WHEN %s THEN amount ELSE -amount END * %s AS change
                   FROM ledger_all_transfer WHERE %s IN (debit_id, credit_id) AND journal_id BETWEEN %s AND %s
                       AND xid >= %s
               ) AS own GROUP BY journal_id""",
            [account_id, account.sign, account_id, low, high, self.after_xid],
        ):
            if change < 0 and account.balance + running < account.floor:
                yield f"{account.code} is at {account.balance + running} after journal {journal_id}"

    def check_balances(self) -> Iterator[str]:
        """Compare the balance rows with the sums."""
        missing = {account_id for account_id, account in self.accounts.items() if not account.hot}
        for account_id, *shown, closed in rows(
            "SELECT account_id, debits, credits, version, closed FROM ledger_balance"
        ):
            missing.discard(account_id)
            account = self.accounts.get(account_id)
            if account is None:
                yield f"balance row {account_id} belongs to no account"
            elif shown != [account.debits, account.credits, account.moves]:
                yield (
                    f"{account.code} shows debits {shown[0]} and credits {shown[1]} of {shown[2]} transfers; "
                    f"there are {account.moves} and they sum to {account.debits} and {account.credits}"
                )
            elif closed != account.closed:
                yield f"{account.code} is {'open' if closed else 'closed'} and its balance row says otherwise"
        yield from (f"{self.accounts[account_id].code} has lost its balance row" for account_id in sorted(missing))
        for account in self.accounts.values():
            if self.full and account.closed and account.balance:
                yield f"{account.code} is closed and not at zero"

    def check_currencies(self) -> Iterator[str]:
        """Compare what the bank has and spent with what it owes, is worth and earned."""
        sides: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for account in self.accounts.values():
            right = account.account_class not in ("asset", "expense")
            difference = account.debits - account.credits
            sides[account.currency][right] += -difference if right else difference
        for currency, (left, right) in sorted(sides.items()):
            if self.full and left != right:
                yield f"in {currency} assets and expenses are {left}, liabilities, equity and income {right}"

    def check_closings(self) -> Iterator[str]:
        """Recompute every closing from the transfers."""
        places = {row[0]: number for number, row in enumerate(self.seals)}
        for account_id, instant, through, debits, credits, when in self.closings:
            inside = [
                sums
                for (at, seal), sums in self.moved[account_id].items()
                if at <= instant and seal <= places.get(through, -1)
            ]
            if (debits, credits) != (sum(s[0] for s in inside), sum(s[1] for s in inside)):
                code = self.accounts[account_id].code
                yield f"the closing of {code} at {when} through seal {through} is not their sum"

    def check_seals(self, filed: list[list[str]]) -> Iterator[str]:
        """Compare the chain with its rows and with the signed heads outside the database."""
        digests = [[part.digest() for part in self.digests[number]] for number in range(len(self.seals))]
        holds = dict(
            rows(
                """SELECT s.sequence, s.hash = ledger_seal_hash(s, given.accounts, given.journals)
                   FROM unnest(%s::bigint[], %s::bytea[], %s::bytea[]) AS given (sequence, accounts, journals)
                   JOIN ledger_seal s USING (sequence)""",
                [[row[0] for row in self.seals], [pair[0] for pair in digests], [pair[1] for pair in digests]],
            )
        )
        previous, expected = (self.base[2], self.base[0]) if self.base else (bytes(32), 0)
        for number, (sequence, before, head, *_) in enumerate(self.seals):
            expected += 1
            if sequence != expected:
                yield f"seal {expected} was removed"
                expected = sequence
            elif bytes(before) != bytes(previous):
                yield f"seal {sequence} does not continue the seal before it"
            previous = head
            if not holds[sequence]:
                yield from self._name_difference(number)
        yield from self._check_file(filed)

    def _name_difference(self, number: int) -> Iterator[str]:
        """Say which rows are not what the seal remembers."""
        sequence, _, _, to_xid, _ = self.seals[number]
        span = [self.ends[number - 1] if number else self.after_xid, to_xid]
        [[leaves]] = rows("SELECT leaves FROM ledger_seal WHERE sequence = %s", [sequence])
        marks = [bytes(leaves[start : start + 16]) for start in range(0, len(leaves), 16)]
        kept = {int.from_bytes(mark[:8], "big"): mark[8:] for mark in marks}
        [[low, high]] = rows("SELECT min(id), max(id) FROM ledger_all_journal WHERE xid >= %s AND xid < %s", span)
        bounds = [min(kept, default=0), max(kept, default=0), *([low, high] if low is not None else [])]
        found = {
            row_id: (name, bytes(leaf)[:8])
            for row_id, name, leaf in rows(
                """SELECT id, 'account ' || code, leaf FROM ledger_account_evidence JOIN ledger_account USING (id, xid)
                   WHERE xid >= %s AND xid < %s UNION ALL
                   SELECT id, 'journal ' || id, leaf FROM ledger_evidence(%s, %s) WHERE xid >= %s AND xid < %s""",
                [*span, min(bounds), max(bounds), *span],
            )
        }
        named = False
        for row_id in sorted(kept.keys() | found.keys()):
            named = named or kept.get(row_id) != found.get(row_id, ("", None))[1]
            if row_id not in found:
                yield f"seal {sequence}: account or journal {row_id} was removed"
            elif row_id not in kept:
                yield f"seal {sequence}: {found[row_id][0]} was added"
            elif found[row_id][1] != kept[row_id]:
                yield f"seal {sequence}: {found[row_id][0]} was changed"
        if not named:
            yield f"seal {sequence} itself was changed"

    def _check_file(self, filed: list[list[str]]) -> Iterator[str]:
        heads = {row[0]: bytes(row[2]).hex() for row in [*([self.base] if self.base else []), *self.seals]}
        newest, path = max(heads, default=0), seals.seal_file()
        for number, line in enumerate(filed, 1):
            if len(line) != 3 or not line[0].isdigit() or line[2] != seals.signature(int(line[0]), line[1]):
                yield f"line {number} of the seal file {path} does not carry our signature"
            elif int(line[0]) > newest:
                yield f"seal {line[0]} was removed: only the seal file {path} has it"
            elif heads.get(int(line[0]), line[1]) != line[1]:
                yield f"seal {line[0]} is another in the seal file {path}: the chain was recomputed"
        known = {line[0] for line in seals.read_heads()}
        if missing := [sequence for sequence in heads if str(sequence) not in known]:
            yield f"the seal file {path} lacks seal {missing[0]}: restore it, or verify where the sealer runs"
