"""How quickly a large day is settled: beside a bare set-based update of as many rows, in a database of its own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from statistics import median

import psycopg2
from django.db import connection

from payments import chart, operations, settlement
from payments.benchmarks.figures import Figure
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal, Transfer

SQL = Path(__file__).parent / "sql"
AT_ONCE = 1_000
ROUNDS = 3
SECONDS = 120  # for 100,000 consignments of 5,000 merchants; others in proportion
MEMORY = 200


class UnableToSettleAll(Exception):
    """After the run something is left unsettled, or the money does not add up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How much to settle, and the owner's address of a throwaway database."""

    owner_url: str
    consignments: int
    merchants: int
    at: datetime
    say: Callable[[str], object] = print


def run(*, setting: Setting) -> list[Figure]:
    """Measure and return the figures."""
    setting.say(f"Preparing {setting.consignments:,} consignments of {setting.merchants:,} merchants ...")
    day = setting.at.date()
    _open(setting=setting)
    _load(setting=setting, day=day)
    floor = _bare(setting=setting)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    settled = _timed(lambda: settlement.settle_due(until=day), setting=setting, name="settled")
    paid = _timed(lambda: settlement.pay_out_due(until=day), setting=setting, name="paid out")
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    _check(setting=setting)
    return list(_figures(setting=setting, settled=settled, paid=paid, floor=floor, memory=memory))


def _open(*, setting: Setting) -> None:
    for start in range(1, setting.merchants + 1, AT_ONCE):
        names = [f"merchant:{n}" for n in range(start, min(start + AT_ONCE, setting.merchants + 1))]
        accounts = operations.open_customer_accounts(
            requests=[operations.OpenAccount(holder=name, currency="EUR", at=setting.at) for name in names]
        )
        operations.open_merchant_terms(
            requests=[
                operations.OpenMerchantTerms(
                    merchant=name,
                    currency="EUR",
                    commission_bps=1_000,
                    commission_vat_bps=2_000,
                    reserve_bps=500,
                    settle_days=2,
                    payout_account_number=account.number,
                    at=setting.at,
                )
                for name, account in zip(names, accounts, strict=True)
            ]
        )


def _load(*, setting: Setting, day: date) -> None:
    values = {"at": setting.at, "day": day, "consignments": setting.consignments, "merchants": setting.merchants}
    with psycopg2.connect(setting.owner_url) as owner, owner.cursor() as cursor:
        cursor.execute((SQL / "settlement_load.sql").read_text(), values)
    owner.close()
    with closing(psycopg2.connect(setting.owner_url)) as owner:
        owner.autocommit = True
        with owner.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT merchant, sum(unsettled_released - unsettled_refunded)::bigint FROM payments_part GROUP BY merchant"
        )
        pending = cursor.fetchall()
    nostro = chart.nostro("main", "EUR").code
    for start in range(0, len(pending), AT_ONCE):
        ledger.post_many(
            journals=[
                Journal(
                    key=f"bench:{merchant}",
                    event="part_released",
                    reference=merchant,
                    happened_at=setting.at,
                    currency="EUR",
                    transfers=(Transfer(nostro, f"{merchant}:pending", amount),),
                )
                for merchant, amount in pending[start : start + AT_ONCE]
            ]
        )


def _bare(*, setting: Setting) -> float:
    """Return the seconds of the yardstick: one statement that updates as many bare rows."""
    spent = []
    with psycopg2.connect(setting.owner_url) as owner, owner.cursor() as cursor:
        for _ in range(ROUNDS):
            began = time.perf_counter()
            cursor.execute("UPDATE bench_bare SET amount = 0, state = 'settled'")
            owner.commit()
            spent.append(time.perf_counter() - began)
    owner.close()
    return median(spent)


def _timed(act: Callable[[], object], *, setting: Setting, name: str) -> float:
    began = time.perf_counter()
    act()
    spent = time.perf_counter() - began
    setting.say(f"  {name} in {spent:.1f} s")
    return spent


def _check(*, setting: Setting) -> None:
    """See that all was settled and the lines of each settlement sum to it.

    :raises UnableToSettleAll: it was not, or they do not.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT count(*) FROM payments_part WHERE unsettled_released > 0 OR state <> 'settled'),
                      (SELECT count(*) FROM payments_settlementline WHERE kind = 'release'),
                      (SELECT count(*) FROM payments_settlement s WHERE s.to_available - s.withheld <>
                          (SELECT sum(amount) FROM payments_settlementline WHERE settlement_id = s.id))"""
        )
        left, lines, wrong = cursor.fetchone()
    if left or wrong or lines != setting.consignments:
        raise UnableToSettleAll(f"{left} consignments are left, {lines} have a line, {wrong} settlements are wrong.")


def _figures(*, setting: Setting, settled: float, paid: float, floor: float, memory: float) -> Iterator[Figure]:
    bare = f"a bare update of {setting.consignments:,} rows"
    allowed = round(SECONDS * setting.consignments / 100_000, 1)
    yield Figure(
        name=f"settle {setting.consignments:,} consignments of {setting.merchants:,} merchants",
        value=round(settled, 2), unit="s", target=allowed, at_most=True,
    )  # fmt: skip
    yield Figure(name="settle, to the bare update", value=round(settled, 2), unit="s", yardstick=bare,
                 ratio=round(settled / floor, 1))  # fmt: skip
    yield Figure(name="pay out", value=round(paid, 2), unit="s")
    yield Figure(name="bare update", value=round(floor, 3), unit="s")
    yield Figure(name="consignments settled", value=round(setting.consignments / settled, 1), unit="/s")
    yield Figure(name="memory it took", value=round(memory, 1), unit="MB", target=MEMORY, at_most=True)
