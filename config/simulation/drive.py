"""Live a history through the real operations, window by window, delivering the outbox as it goes.

Nothing here writes a table of the mall, the bank or the lenders: everything goes through the operations' batch
forms, keyed, so that a window cut short is simply lived again. The order of things within a window (money in,
orders, payments, sending, arriving, settling, closing) is the order in which they depend on each other, and what
depends on balances happens at sittings, where windows begin: so long windows leave the rows that single days leave.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta

from django.conf import settings
from django.db import connection

from config.simulation import acts as what
from config.simulation import roles
from config.simulation.acts import Act, Calendar, Coming, chunks, windows
from config.simulation.founding import Known
from config.simulation.history import History, MoneyIn
from config.simulation.models import Run
from config.simulation.progress import Progress
from config.simulation.roles import Credit, NoCredit, Share, Tally, Whose
from config.simulation.trading import AT_ONCE, Trade, deliver_events, must
from payments import operations as bank
from payments import settlement
from payments.operations import publishing


class Driver:
    """Lives ``history`` from where ``run`` stands, in windows of ``window_days``."""

    def __init__(
        self,
        *,
        history: History,
        run: Run,
        known: Known,
        window_days: int,
        credit: Credit | None = None,
        progress: Progress,
        rhythm_days: int = what.RHYTHM_DAYS,
        share: Share | None = None,
        lived: Callable[[date], None] = lambda day: None,
    ) -> None:
        """``rhythm_days``: how often reserves mature and what else is available is paid out; ``share``: the helper;
        ``lived`` is told of the last day of each window.
        """
        self.history, self.run, self.known = history, run, known
        self.window_days, self.progress, self.rhythm_days = window_days, progress, rhythm_days
        self.credit = credit or NoCredit()
        self.trade = Trade(history=history, known=known, credit=self.credit)
        self.timings: Counter[str] = Counter()
        self.share, self._lived = share, lived
        self._merchants = [f"merchant:{merchant}" for merchant in known.merchants.values()]
        self._policy = settings.RIALTO_POLICY

    # --- the course of time

    def live(self, *, until: date | None = None) -> Tally:
        """Live every window through ``until`` (the history's last day) that was not lived before."""
        last = min(until or self.history.last_day, self.history.last_day)
        calendar = self.calendar()
        coming, arriving = Coming(self.history.purchases()), Coming(self.history.money_in())
        days = (last - self.history.first_day).days + 1
        self.progress.start("living the history", days)
        with publishing.held():
            # A life that was killed had events in hand; they come first, or what follows would overtake them.
            publishing.take_back()
            write_behind()
            for start, end in windows(self.history.first_day, last, self.window_days, by_month=self.credit.by_month):
                for purchase in coming.until(end):
                    calendar.add(purchase, only=self._is_mine if self.share else None)
                savings = list(arriving.until(end))
                if self.run.lived_until is None or end > self.run.lived_until:
                    self._live_window(start, end, calendar.take(start, end), savings)
                self.progress.advance((end - start).days + 1, f"{end:%d %b %Y}")
        self.progress.finish()
        return self.trade.tally

    def calendar(self) -> Calendar:
        """Return an empty calendar that leaves out what was lived before."""
        return Calendar(
            lived_until=self.run.lived_until,
            unpaid_after=self._policy.PAYMENT_EXPIRES_AFTER,
            silence=timedelta(days=self._policy.RELEASE_AFTER_DAYS),
        )

    def _live_window(self, first: date, last: date, acts: dict[str, list[Act]], savings: Sequence[MoneyIn]) -> None:
        short = [act for act in acts[what.PLACE] if act.purchase.short]
        tries = [act for act in acts[what.AUTHORISE] if act.purchase.short]
        self._timed("pay", self.trade.pay, short, tries)
        self._timed("refund", self.trade.refund, acts[what.REFUND])
        with self._helped(roles.BRING, first, last):
            whose = self._deals_with if self.share else _everybody
            self._timed("money", self.bring, first, last, savings, whose)
        deliver_events()
        with self._helped(roles.TRADE, first, last):
            self.live_share(acts)
        with self._helped(roles.CLOSE, first, last):
            self._timed("settle", self._settle, last)
        closed, self.trade.tally.plans_closed = self.trade.tally.plans_closed, 0
        self._timed("credit", lambda: self.credit.after(first, last, closed=closed))
        self._timed("outbox", deliver_events)
        self.run.lived_until = last
        self.run.save(update_fields=["lived_until"])
        self._lived(last)

    @contextmanager
    def _helped(self, step: str, first: date, last: date) -> Iterator[None]:
        """Have the helper do its share of a step while this process does its own, and wait for it."""
        if self.share is None:
            yield
            return
        self.share.start(step, first, last)
        yield
        self._timed("waiting for the helper", lambda: self.trade.tally.add(self.share.join()))

    def bring(self, first: date, last: date, savings: Sequence[MoneyIn], whose: Whose) -> None:
        """Bring in pay and instalments, and send away what leaves, for those ``whose`` says."""
        self._save([arrival for arrival in savings if whose(arrival.shopper)])
        self.credit.before(first, last, whose=whose)

    def live_share(self, acts: dict[str, list[Act]]) -> None:
        """Live what has nothing to do with other merchants' purchases, delivering its own events."""
        with publishing.lane():
            self._live_share(acts)

    def _live_share(self, acts: dict[str, list[Act]]) -> None:
        trade = self.trade
        others = [act for act in acts[what.PLACE] if not act.purchase.short]
        self._timed("money", trade.receive, acts[what.AUTHORISE])
        self._timed("pay", trade.pay, others, [act for act in acts[what.AUTHORISE] if not act.purchase.short])
        self._timed("give up", trade.give_up, acts[what.UNPAID])
        self._timed("dispatch", trade.dispatch, acts[what.DISPATCH])
        self._timed("cancel", trade.cancel, acts[what.CANCEL])
        self._timed("deliver", trade.deliver, acts[what.DELIVER])
        self._timed("deliver", trade.time_out, acts[what.SILENCE])
        self._timed("review", trade.review, acts[what.REVIEW])

    def _deals_with(self, who: str) -> bool:
        return not self.share.deals_with(who)

    def _is_mine(self, act: Act) -> bool:
        """Tell whether this process does an act: its own merchants', and whatever depends on balances."""
        return act.kind == what.REFUND or act.purchase.short or not self.share.is_theirs(act.purchase)

    def _timed(self, name: str, function: Callable[..., object], *arguments: object) -> None:
        began = time.monotonic()
        function(*arguments)
        self.timings[name] += time.monotonic() - began

    def _save(self, savings: Sequence[MoneyIn]) -> None:
        requests = [
            bank.Deposit(
                account_number=self.known.accounts[arrival.shopper],
                amount=arrival.amount,
                key=f"{self.history.name}:{arrival.key}",
                reference="standing order",
                at=arrival.at,
            )
            for arrival in savings
        ]
        for batch in chunks(requests, AT_ONCE):
            must(bank.receive_money(requests=batch))

    # --- the bank's evening

    def _settle(self, last: date) -> None:
        settlement.settle_due(until=last)
        settlement.pay_out_due(until=last)
        if last.toordinal() % self.rhythm_days == 0:
            settlement.mature_reserves(until=last)
            settlement.pay_out_due(until=last, merchants=self._merchants)


def _everybody(who: str) -> bool:
    return True


def write_behind() -> None:
    """Let commits of this connection return before they are on disk.

    What a crash of the machine could lose is the latest windows as a whole, and those are lived again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
