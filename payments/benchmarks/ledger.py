"""The ledger's speed: every figure three times, interleaved with its yardsticks, in a database of its own.

Yardsticks are pgbench's TPC-B-like script, and the floor: one prepared statement that inserts a bare row and updates
two balances of random accounts out of 100,000, alone and set-based for a thousand.
"""

from __future__ import annotations

import random
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import psycopg2
from django.db import connection

from payments.benchmarks.figures import Figure, against
from payments.ledger import operations, queries
from payments.ledger.journal import AccountSpec, Journal, Transfer

ACCOUNTS = 1_000
FLOOR_ACCOUNTS = 100_000  # as many as pgbench has for each step of its scale
CLIENTS = 8
BATCH = 1_000
ROUNDS = 3
DAYS = 30
PORTIONS = 48  # of a day, each sealed and closed over all time
SQL = Path(__file__).parent / "sql"
_LARGE = 10**13


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and how much to measure. Addresses are of one throwaway database: the application's and the owner's."""

    url: str
    owner_url: str
    pgbench: Path
    at: datetime
    seconds: float
    transfers: int
    peer: Path | None = None
    say: Callable[[str], object] = print


def run(*, setting: Setting) -> list[Figure]:
    """Measure and return the figures, in the order of the design's table."""
    bench = _Bench(setting)
    bench.prepare()
    bench.rounds("empty", _EVERYTHING)
    figures = [*bench.rates(), *bench.weights(), *bench.peer()]
    bench.load()
    bench.rounds("full", ("post, 8 clients", "post_many"))
    return [*figures, *bench.growth(), *bench.reading()]


_EVERYTHING = (
    "TPC-B, 8 clients", "post, 8 clients", "floor, 8 clients", "post to one hot account, 8 clients",
    "4-transfer journals, 8 clients", "TPC-B, 1 client", "post from Python", "post_many", "floor, 1,000 a statement",
)  # fmt: skip


class _Bench:
    def __init__(self, setting: Setting) -> None:
        self.setting, self.say = setting, setting.say
        self.measured: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.random = random.Random(11)  # noqa: S311 - which accounts, nothing secret
        self.keys = 0
        self.ways: dict[str, Callable[[], float]] = {
            "TPC-B, 8 clients": lambda: self._pgbench(owner=True),
            "TPC-B, 1 client": lambda: self._pgbench(owner=True, clients=1),
            "floor, 8 clients": lambda: self._pgbench("floor.sql", owner=True),
            "post, 8 clients": lambda: self._pgbench("post.sql"),
            "post to one hot account, 8 clients": lambda: self._pgbench("post_hot.sql"),
            "4-transfer journals, 8 clients": lambda: self._pgbench("post_order.sql"),
            "post from Python": self._post,
            "post_many": self._post_many,
            "floor, 1,000 a statement": self._floor_many,
        }

    def prepare(self) -> None:
        """Open accounts, make the yardsticks' tables."""
        self.say("Preparing a throwaway database ...")
        operations.open_accounts(
            specs=[
                *(AccountSpec(f"a:{n}", "liability", "EUR", "credit", floor=-_LARGE) for n in range(1, ACCOUNTS + 1)),
                AccountSpec("hot:1", "income", "EUR", "credit", hot=True),
            ],
            at=self.setting.at,
        )
        operations.ensure_partitions()
        self._run_pgbench("--initialize", "--quiet", "--scale=10", owner=True)
        with psycopg2.connect(self.setting.owner_url) as owner, owner.cursor() as cursor:
            cursor.execute((SQL / "floor_tables.sql").read_text(), {"accounts": FLOOR_ACCOUNTS})
        owner.close()

    # --- rates, per second

    def rounds(self, book: str, names: Sequence[str]) -> None:
        """Measure each of ``names`` in turn, three times over."""
        for number in range(ROUNDS):
            for name in names:
                rate = self.ways[name]()
                self.measured[book, name].append(rate)
                self.say(f"  {book} book, round {number + 1}: {name}: {rate:,.0f}/s")

    def _pgbench(self, script: str = "", *, owner: bool = False, clients: int = CLIENTS) -> float:
        what = ["--file", str(SQL / script)] if script else []
        accounts = FLOOR_ACCOUNTS if script == "floor.sql" else ACCOUNTS
        said = self._run_pgbench(
            *what, "--client", str(clients), "--jobs", str(min(2, clients)), "--protocol", "prepared", "--no-vacuum",
            "--time", str(max(1, round(self.setting.seconds))), "--define", f"accounts={accounts}", owner=owner,
        )  # fmt: skip
        [line] = [line for line in said.splitlines() if line.startswith("tps")]
        return float(line.split()[2])

    def _run_pgbench(self, *arguments: str, owner: bool) -> str:
        done = subprocess.run(  # noqa: S603
            [str(self.setting.pgbench), *arguments, self.setting.owner_url if owner else self.setting.url],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"pgbench failed: {done.stderr.strip()}")
        return done.stdout

    def _journals(self, count: int) -> list[Journal]:
        self.keys += count
        return [
            Journal(
                key=f"bench:{number}",
                event="payment_captured",
                reference=f"payment:{number}",
                happened_at=self.setting.at,
                currency="EUR",
                transfers=(Transfer(*(f"a:{n}" for n in self.random.sample(range(1, ACCOUNTS + 1), 2)), 100),),
            )
            for number in range(self.keys - count, self.keys)
        ]

    def _repeat(self, act: Callable[[list[Journal]], object], size: int) -> float:
        """Return journals per second of ``act``; making them is not counted."""
        spent, done = 0.0, 0
        while spent < self.setting.seconds:
            journals = self._journals(size)
            began = time.perf_counter()
            act(journals)
            spent += time.perf_counter() - began
            done += size
        return done / spent

    def _post(self) -> float:
        return self._repeat(lambda journals: operations.post(journal=journals[0]), 1)

    def _post_many(self) -> float:
        return self._repeat(lambda journals: operations.post_many(journals=journals), BATCH)

    def _floor_many(self) -> float:
        owner = psycopg2.connect(self.setting.owner_url)
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute((SQL / "floor_many.sql").read_text())

            def act(journals: list[Journal]) -> None:
                debits = self.random.sample(range(1, FLOOR_ACCOUNTS + 1), len(journals))
                credits = [1 + account % FLOOR_ACCOUNTS for account in debits]
                # Lists as the driver passes them, which is how a batch is usually handed over.
                cursor.execute("EXECUTE floor_many (%s, %s)", [debits, credits])

            rate = self._repeat(act, BATCH)
        owner.close()
        return rate

    def rates(self) -> Iterator[Figure]:
        """Return the rates on an empty book."""
        for name, yardstick, target in (
            ("post, 8 clients", "TPC-B, 8 clients", 1.0),
            ("post to one hot account, 8 clients", "post, 8 clients", 0.9),
            ("4-transfer journals, 8 clients", "TPC-B, 8 clients", 0.6),
            ("post_many", "floor, 1,000 a statement", 0.4),
            ("post from Python", "TPC-B, 1 client", 0.35),
        ):
            yield against(
                name=name, values=self.measured["empty", name], unit="journals/s", yardstick=yardstick,
                by=self.measured["empty", yardstick], target=target,
            )  # fmt: skip
        for name in ("TPC-B, 8 clients", "TPC-B, 1 client", "floor, 8 clients", "floor, 1,000 a statement"):
            yield Figure(name=name, value=round(median(self.measured["empty", name]), 1), unit="/s")

    # --- bytes

    def weights(self) -> Iterator[Figure]:
        """Return bytes on disk and of write-ahead log per transfer, in journals of one transfer and of four."""
        for size, target in ((4, 300), (1, 500)):
            count = 100 if self.setting.transfers < 100_000 else 1_000
            before, wal = self._bytes()
            for _ in range(25):
                operations.post_many(journals=[self._wide(journal, size) for journal in self._journals(count)])
            after, wal_after = self._bytes()
            moved = 25 * count * size
            kind = f"in {size}-transfer journals" if size > 1 else "in 1-transfer journals"
            yield Figure(
                name=f"disk a transfer, {kind}", value=round((after - before) / moved, 1), unit="bytes", target=target,
                at_most=True,
            )  # fmt: skip
            logged = round((wal_after - wal) / moved, 1)
            yield Figure(name=f"WAL a transfer, {kind}, in batches", value=logged, unit="bytes")

    def _wide(self, journal: Journal, size: int) -> Journal:
        codes = [f"a:{n}" for n in self.random.sample(range(1, ACCOUNTS + 1), size + 1)]
        moved = tuple(Transfer(codes[n], codes[n + 1], 100) for n in range(size))
        return Journal(
            key=journal.key, event=journal.event, reference=journal.reference, happened_at=journal.happened_at,
            currency="EUR", transfers=moved,
        )  # fmt: skip

    def _bytes(self) -> tuple[int, int]:
        """Return what keys, journals and transfers take, with their indexes, and how much was ever logged."""
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT sum(pg_table_size(oid) + pg_indexes_size(oid)), pg_current_wal_lsn() - '0/0'::pg_lsn
                   FROM pg_class WHERE relkind = 'r' AND relname ~ '^ledger_(key|journal|transfer)'"""
            )
            disk, wal = cursor.fetchone()
        return int(disk), int(wal)

    # --- a peer

    def peer(self) -> Iterator[Figure]:
        """Return the rate of pgledger, through its published functions, where its SQL file was named."""
        if self.setting.peer is None:
            return
        with psycopg2.connect(self.setting.owner_url) as owner, owner.cursor() as cursor:
            cursor.execute(self.setting.peer.read_text())
            cursor.execute((SQL / "peer_accounts.sql").read_text(), {"accounts": ACCOUNTS})
        owner.close()
        rates = [self._pgbench("peer.sql", owner=True) for _ in range(ROUNDS)]
        by = median(self.measured["empty", "TPC-B, 8 clients"])
        yield Figure(
            name=f"peer: {self.setting.peer.stem}, 8 clients", value=round(median(rates), 1), unit="transfers/s",
            yardstick="TPC-B, 8 clients", ratio=round(median(rates) / by, 3),
        )  # fmt: skip

    # --- a large book

    def load(self) -> None:
        """Post transfers until there are as many as asked for, a month's worth, closing each day."""
        portion = self.setting.transfers // (DAYS * PORTIONS)
        for day in range(DAYS):
            happened = self.setting.at - timedelta(days=DAYS - day)
            for part in range(PORTIONS):
                moment = happened + timedelta(hours=18 * part / PORTIONS)
                with ThreadPoolExecutor(2) as halves:
                    work = [
                        halves.submit(_load, self.setting.url, f"{day}:{part}:{half}", moment, portion // 2)
                        for half in range(2)
                    ]
                for half in work:
                    half.result()
                operations.seal()
                operations.write_closings(at=None)
            operations.write_closings(at=happened + timedelta(hours=20))
            self.say(f"  loaded, sealed and closed {(day + 1) * PORTIONS * portion:,} transfers")

    def growth(self) -> Iterator[Figure]:
        """Return the rates on the large book against those on the empty one."""
        for name in ("post, 8 clients", "post_many"):
            yield against(
                name=f"{name}, {self.setting.transfers:,} transfers stored", values=self.measured["full", name],
                unit="journals/s", yardstick=f"{name}, empty book", by=self.measured["empty", name], target=0.9,
            )  # fmt: skip

    def reading(self) -> Iterator[Figure]:
        """Return how long reads take on the large book, closings kept as the scheduler keeps them."""
        operations.seal()
        operations.write_closings(at=None)
        operations.post_many(journals=self._journals(2 * BATCH))
        past = self.setting.at - timedelta(days=DAYS // 2, hours=5)
        with connection.cursor() as cursor:
            middle = DAYS * PORTIONS // 2
            cursor.execute("SELECT sealed_at FROM ledger_seal ORDER BY sequence OFFSET %s LIMIT 1", [middle])
            sealed = cursor.fetchone()[0]

        def any_account() -> str:
            return f"a:{self.random.randint(1, ACCOUNTS)}"

        def hot_as_recorded(at: datetime) -> int:
            return queries.balance(code="hot:1", at=at, as_recorded=True)

        for name, read in (
            ("balance now", lambda: queries.balance(code=any_account())),
            ("balance of a hot account now", lambda: queries.balance(code="hot:1")),
            ("balance at a past instant", lambda: queries.balance(code=any_account(), at=past)),
            ("balance of a hot account at a past instant", lambda: queries.balance(code="hot:1", at=past)),
            ("balance as recorded", lambda: queries.balance(code=any_account(), at=sealed, as_recorded=True)),
            ("balance of a hot account as recorded", lambda: hot_as_recorded(sealed)),
        ):
            yield Figure(name=f"{name}, p99", value=_p99(read, 400), unit="ms", target=5, at_most=True)
        for name, read in (
            ("statement page of 50", lambda: queries.statement(code=any_account(), limit=50)),
            ("statement page of 50, hot account", lambda: queries.statement(code="hot:1", limit=50)),
            ("statement page of 50, hot account, past", lambda: queries.statement(code="hot:1", limit=50, until=past)),
        ):
            yield Figure(name=f"{name}, p99", value=_p99(read, 200), unit="ms", target=20, at_most=True)
        for name, read in (
            ("trial balance now", queries.trial_balance),
            ("trial balance at a past instant", lambda: queries.trial_balance(at=past)),
        ):
            yield Figure(name=name, value=_p99(read, 3), unit="ms", target=1_000, at_most=True)
        self.say("  verifying the large book ...")
        began = time.perf_counter()
        found = operations.verify()
        if found.problems:
            raise RuntimeError(f"The measured book does not hold: {found.problems[:3]}")
        yield Figure(name="verify, the whole book", value=round(time.perf_counter() - began, 1), unit="s")
        yield Figure(name="verify", value=round(found.transfers / (time.perf_counter() - began)), unit="transfers/s")


def _p99(read: Callable[[], object], times: int) -> float:
    """Return the 99th percentile in milliseconds, after a few reads that do not count."""
    for _ in range(3):
        read()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        read()
        taken.append(time.perf_counter() - began)
    return round(sorted(taken)[int(times * 0.99) if times > 99 else -1] * 1_000, 2)


def _load(url: str, prefix: str, happened: datetime, count: int) -> None:
    """Post ``count`` transfers by the same function, from within the database: one in four to the hot account."""
    with psycopg2.connect(url) as own, own.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        for start in range(0, count, BATCH):
            size = min(BATCH, count - start)
            cursor.execute(
                (SQL / "load.sql").read_text(),
                {"prefix": f"{prefix}:{start}", "happened": happened, "size": size, "accounts": ACCOUNTS},
            )
            own.commit()
    own.close()
