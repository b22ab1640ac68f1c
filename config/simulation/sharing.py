"""Processes beside the first: one lives half of the merchants' trade, one writes facts to the lake.

Only what has nothing to do with the other half is shared: orders, payments, parcels and reviews. Refunds, settlements
and lending stay with the first process, which waits for the second at the end of every window.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections import Counter
from collections.abc import Callable
from datetime import date
from multiprocessing.connection import Connection
from zlib import crc32

from django.db import connection

from config.simulation import acts as what
from config.simulation.acts import Act, Coming
from config.simulation.drive import Driver, write_behind
from config.simulation.founding import Known
from config.simulation.garbage import few_collections
from config.simulation.history import History, Purchase
from config.simulation.models import Run
from config.simulation.progress import Progress
from config.simulation.roles import BRING, TRADE, Credit, Tally
from financing.features.export import export_facts
from financing.scoring import operations as scoring
from payments.operations import publishing

logger = logging.getLogger(__name__)


class HelperFailed(Exception):
    """The helper could not live its share; the message says why."""


class Helper:
    """Lives the purchases of half of the shops. Make it before anything is asked of the database."""

    def __init__(self, *, history: History, credit_for: Callable[[Known], Credit]) -> None:
        self._history = history
        self._theirs = _half(history)
        # Two processes must not speak through one connection.
        connection.close()
        context = multiprocessing.get_context("fork")
        self._pipe, far = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(far, self._pipe, history, self._theirs, credit_for), daemon=True
        )
        self._process.start()
        far.close()

    def is_theirs(self, purchase: Purchase) -> bool:
        """Tell whether the helper lives a purchase."""
        return purchase.parcels[0].shop in self._theirs

    def introduce(self, *, known: Known, run: Run) -> None:
        """Tell the helper what the keys of the history became, and how far it was lived."""
        self._pipe.send((known, run.pk))

    def deals_with(self, who: str) -> bool:
        """Tell whether the helper brings in and sends away the money of a person, a shop or an account."""
        return _deals_with(who)

    def start(self, step: str, first: date, last: date) -> None:
        """Have the helper do its share of a step in these days."""
        self._pipe.send((step, first, last))

    def join(self) -> Tally:
        """Wait for the helper and return what it did.

        :raises HelperFailed: it met an error.
        """
        try:
            outcome = self._pipe.recv()
        except EOFError:
            raise HelperFailed("The second process was ended; run the command again to go on.") from None
        if isinstance(outcome, str):
            raise HelperFailed(outcome)
        return outcome

    def close(self) -> None:
        """Let the helper go."""
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _half(history: History) -> frozenset[str]:
    """Return shops with about half of the purchases."""
    sold: Counter[str] = Counter(purchase.parcels[0].shop for purchase in history.purchases())
    halves: tuple[list[str], list[str]] = ([], [])
    weight = [0, 0]
    for shop, count in sorted(sold.items(), key=lambda pair: (-pair[1], pair[0])):
        side = 0 if weight[0] <= weight[1] else 1
        halves[side].append(shop)
        weight[side] += count
    return frozenset(halves[1])


def _serve(
    pipe: Connection,
    near: Connection,
    history: History,
    theirs: frozenset[str],
    credit_for: Callable[[Known], Credit],
) -> None:
    near.close()
    try:
        known, run_id = pipe.recv()
        _live(pipe, history, theirs, known, Run.objects.get(pk=run_id), credit_for(known))
    except (EOFError, KeyboardInterrupt, BrokenPipeError):
        # The first process is gone, or is going.
        return
    except Exception as problem:
        logger.exception("The helper failed.")
        pipe.send(f"The second process failed ({type(problem).__name__}: {problem}); run the command again to go on.")


def _live(pipe: Connection, history: History, theirs: frozenset[str], known: Known, run: Run, credit: Credit) -> None:
    driver = Driver(history=history, run=run, known=known, window_days=1, credit=credit, progress=Progress(quiet=True))
    calendar = driver.calendar()
    coming, arriving = Coming(history.purchases()), Coming(history.money_in())
    with publishing.held(), few_collections():
        write_behind()
        while True:
            step, first, last = pipe.recv()
            driver.trade.tally = Tally()
            if step == BRING:
                savings = [arrival for arrival in arriving.until(last) if arrival.at.date() >= first]
                driver.bring(first, last, savings, _deals_with)
            elif step == TRADE:
                credit.refresh()
                for purchase in coming.until(last):
                    if purchase.parcels[0].shop in theirs and not purchase.short:
                        calendar.add(purchase, only=_is_shared)
                driver.live_share(calendar.take(first, last))
            else:
                driver.trade.tally.plans_closed = credit.close_plans(last)
            pipe.send(driver.trade.tally)


def _deals_with(who: str) -> bool:
    return crc32(who.encode()) % 2 == 1


def _is_shared(act: Act) -> bool:
    return act.kind != what.REFUND


class Analyst:
    """A process that works on the lake while later days are still being lived: it writes facts, and fits a scorecard.

    A fact is known on the day it happens, so the days of a window are complete when the window has been lived. Writing
    them is waiting for the disk, which costs the others nothing. Make it before anything is asked of the database.
    """

    def __init__(self) -> None:
        connection.close()
        context = multiprocessing.get_context("fork")
        self._pipe, far = context.Pipe()
        self._process = context.Process(target=_analyse, args=(far, self._pipe), daemon=True)
        self._process.start()
        far.close()
        self._asked = 0

    def prepare(self, *, kind: str) -> None:
        """Have it import and compile what fitting a scorecard needs."""
        self._ask(scoring.prepare_fitting, kind=kind)

    def export(self, *, until: date, again_from: date | None = None) -> None:
        """Have every day before ``until`` written that is not there, and those from ``again_from`` on anew."""
        self._ask(export_facts, until=until, again_from=again_from)

    def fit(self, *, kind: str, until: date, seed: int) -> None:
        """Have a scorecard fitted, which :meth:`finish` returns."""
        self._ask(scoring.fit_scorecard, kind=kind, until=until, seed=seed)

    def finish(self) -> object:
        """Wait until all that was asked is done, and return what the last gave.

        :raises UnableToTrain: the facts cannot carry a scorecard.
        :raises HelperFailed: it met an error.
        """
        answer = None
        for _ in range(self._asked):
            try:
                answer, problem = self._pipe.recv()
            except EOFError:
                raise HelperFailed("The analysing process was ended; run the command again to go on.") from None
            self._asked -= 1
            if problem is not None:
                raise problem
        return answer

    def _ask(self, what: Callable[..., object], **given: object) -> None:
        self._pipe.send((what, given))
        self._asked += 1

    def close(self) -> None:
        """Let it go."""
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()


def _analyse(pipe: Connection, near: Connection) -> None:
    near.close()
    while True:
        try:
            what, given = pipe.recv()
            pipe.send(_answer(what, given))
        except (EOFError, KeyboardInterrupt, BrokenPipeError):
            return


def _answer(what: Callable[..., object], given: dict[str, object]) -> tuple[object, Exception | None]:
    try:
        return what(**given), None
    except scoring.UnableToTrain as problem:
        return None, problem
    except Exception as problem:
        logger.exception("The analysis failed.")
        reason = f"{type(problem).__name__}: {problem}"
        return None, HelperFailed(f"The facts could not be worked on ({reason}); run the command again.")
