"""How fast payments go through Python: processes that pay at once, and the ledger alone as the yardstick."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from payments import operations
from payments.benchmarks.figures import Figure, p95
from payments.benchmarks.payer import AMOUNT, MERCHANTS, STEPS
from payments.ledger import operations as ledger
from payments.ledger.journal import Journal, Transfer
from payments.reconciliation import checks

ROUNDS = 3
PROCESSES = 4


class UnableToMeasure(Exception):
    """A process of the measurement ended early; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where and how long to measure; the address is of a throwaway database, ``folder`` the project's."""

    url: str
    folder: Path
    at: datetime
    seconds: float
    say: Callable[[str], object] = print


def run(*, setting: Setting) -> list[Figure]:
    """Measure and return the figures; the book and the payments' rows are compared at the end."""
    operations.open_house_accounts(currency="EUR", at=setting.at)
    _open_merchants(at=setting.at)
    alone, four, floor = [], [], []
    spent: dict[str, list[float]] = {step: [] for step in STEPS}
    for number in range(ROUNDS):
        setting.say(f"Round {number + 1} of {ROUNDS} …")
        floor.append(_ledger_alone(setting=setting, number=number))
        told = _paying(setting=setting, names=[f"{number}0"])
        alone.append(_rate(told))
        for step in STEPS:
            spent[step] += told[0]["steps"][step]
        four.append(_rate(_paying(setting=setting, names=[f"{number}{one}" for one in range(1, PROCESSES + 1)])))
    problems = [*checks.check_parts(), *checks.check_tenders(), *checks.check_nothing_half_done()]
    return [
        Figure(
            name="record, authorise, capture, release: 1 process",
            value=round(median(alone), 1),
            unit="payments/s",
            yardstick="the same three journals posted by the ledger alone",
            ratio=round(median(alone) / median(floor), 3),
        ),
        Figure(
            name=f"record, authorise, capture, release: {PROCESSES} processes",
            value=round(median(four), 1),
            unit="payments/s",
            yardstick="1 process",
            ratio=round(median(four) / median(alone), 3),
        ),
        *(Figure(name=f"{step}, p95", value=round(p95(spent[step]), 1), unit="ms") for step in STEPS),
        Figure(name="what does not hold afterwards", value=len(problems), unit="problems", target=0, at_most=True),
    ]


def _open_merchants(*, at: datetime) -> None:
    holders = [f"merchant:{number}" for number in range(1, MERCHANTS + 1)]
    opened = operations.open_customer_accounts(
        requests=[operations.OpenAccount(holder=holder, currency="EUR", at=at) for holder in holders]
    )
    for holder, account in zip(holders, opened, strict=True):
        operations.one(
            operations.open_merchant_terms(
                requests=[
                    operations.OpenMerchantTerms(
                        merchant=holder,
                        currency="EUR",
                        commission_bps=800,
                        commission_vat_bps=2_100,
                        reserve_bps=500,
                        settle_days=2,
                        payout_account_number=account.number,
                        at=at,
                    )
                ]
            )
        )


def _ledger_alone(*, setting: Setting, number: int) -> float:
    """Post a payment's three journals one by one, as the operations do; return payments a second."""
    accounts = ("suspense:refunds", "suspense:transfers")
    first, start = 0, time.perf_counter()
    while (now := time.perf_counter()) < start + setting.seconds:
        for step in ("authorise", "capture", "release"):
            ledger.post(
                journal=Journal(
                    key=f"alone:{number}:{first}:{step}",
                    event="measured",
                    reference=f"alone:{number}:{first}",
                    happened_at=setting.at,
                    currency="EUR",
                    transfers=(Transfer(*accounts, AMOUNT),) * (3 if step == "release" else 1),
                )
            )
        first += 1
    return first / (now - start)


def _paying(*, setting: Setting, names: Sequence[str]) -> list[dict]:
    """Let processes pay at once, all begun when all are ready; return what each tells."""
    command = [sys.executable, "-m", "payments.benchmarks.payer"]
    started = [
        subprocess.Popen(  # noqa: S603
            [*command, name, str(setting.seconds), setting.at.isoformat()],
            cwd=setting.folder,
            env=os.environ | {"DATABASE_URL": setting.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    try:
        for process in started:
            if process.stdout.readline().strip() != "ready":
                raise UnableToMeasure(f"A process that pays did not start: {process.stderr.read()[-500:].strip()}")
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        return [_told(process) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _told(process: subprocess.Popen) -> dict:
    line = process.stdout.readline()
    if not line:
        raise UnableToMeasure(f"A process that pays ended early: {process.stderr.read()[-500:].strip()}")
    return json.loads(line)


def _rate(told: Sequence[dict]) -> float:
    return sum(one["payments"] for one in told) / max(one["seconds"] for one in told)
