"""Fill the mall with a synthetic economy: found it, live it, train scorecards on it, make offers, leave cases open."""

from __future__ import annotations

import os
import time as stopwatch
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from django.contrib.auth.hashers import make_password
from django.db import connection

from config.simulation import aftersales, credit, files, newcomers, offering, people, stalls
from config.simulation.acts import end_of
from config.simulation.drive import Driver, write_behind
from config.simulation.economy.generate import Economy
from config.simulation.founding import found
from config.simulation.garbage import few_collections
from config.simulation.models import Run
from config.simulation.pilot import Pilot
from config.simulation.progress import Progress
from config.simulation.sharing import Analyst, Helper
from financing.features import engine
from financing.lending import queries
from financing.scoring import operations as scoring
from financing.servicing import advances
from financing.underwriting import operations as underwriting
from financing.underwriting.errors import UnableToReview
from financing.underwriting.models import Application, Offer, PolicyVersion
from mall.customer.models import User
from mall.health import operations as health
from mall.merchants.models import Merchant
from mall.offers import operations as offers
from mall.search import operations as search
from payments.operations import publishing

WINDOW_DAYS = 14
KINDS = ("consumer", "merchant")
# Cases that are left for the officers, and advances the machine grants on the last day.
_REFERRED, _GRANTED = 6, 4
_BUILDER, _APPROVER = "bank:models", "bank:risk"


class UnableToFill(Exception):
    """The economy cannot be made; the message names the reason and the remedy."""


@dataclass(slots=True)
class Filled:
    """What was done; nothing when it had been done before."""

    before: bool
    seconds: dict[str, float] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


def fill(*, size: dict[str, int], seed: int, yesterday: date, window_days: int, progress: Progress) -> Filled:
    """Fill the database once; cut short, the next call goes on where it stopped, with the same size and days.

    :raises UnableToFill: another fill is under way.
    """
    run, _ = Run.objects.get_or_create(
        name=f"economy:{seed}", defaults={"parameters": {**size, "last_day": yesterday.isoformat()}}
    )
    if run.finished_at is not None:
        return Filled(before=True)
    economy = _economy(run, seed)
    analysts = {kind: Analyst() for kind in KINDS}
    helper = None
    if (os.cpu_count() or 1) > 1 and len(economy.shops) > 3:
        helper = Helper(history=economy, credit_for=lambda known: Pilot(history=economy, known=known))
    try:
        with _alone(), publishing.held(), few_collections():
            write_behind()
            return _Filling(run, economy, helper, analysts, window_days, progress).go_on()
    finally:
        for analyst in analysts.values():
            analyst.close()
        if helper:
            helper.close()


def _economy(run: Run, seed: int) -> Economy:
    size = dict(run.parameters)
    hashed = make_password(people.PASSWORD)
    known = {"shopper:0": (people.SHOPPER, hashed), "owner:0": (people.OWNER, hashed)}
    return Economy(seed=seed, last_day=date.fromisoformat(size.pop("last_day")), known=known, **size)


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('rialto.fill', 0))")
        if not cursor.fetchone()[0]:
            raise UnableToFill("Another fill is under way in this database: wait for it to end.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('rialto.fill', 0))")


class _Filling:
    def __init__(
        self,
        run: Run,
        economy: Economy,
        helper: Helper | None,
        analysts: dict[str, Analyst],
        window_days: int,
        progress: Progress,
    ) -> None:
        self.run, self.economy, self.helper, self.analysts = run, economy, helper, analysts
        self._fresh = run.lived_until is None
        self.progress, self.window_days = progress, window_days
        self.begin = datetime.combine(economy.first_day, time(), tzinfo=UTC)
        # Offers are made in the night after the last day, so that its facts are complete.
        self.end = end_of(economy.last_day) + timedelta(seconds=1)
        self.filled = Filled(before=False)
        self._exporter = analysts["consumer"]

    def go_on(self) -> Filled:
        """Do what is still to be done."""
        for kind, analyst in self.analysts.items():
            analyst.prepare(kind=kind)
        self._step("people", self._found)
        self._step("life", self._live)
        self._step("search", self._count)
        self._step("facts", self._export)
        self._step("scorecards", self._train)
        self._step("offers", self._offer)
        self._step("files", lambda: files.leave(at=self.end))
        self._step("promotions", lambda: offering.offer(merchants=self.known.merchants, at=self.end))
        self._step("desks", self._leave_at_desks)
        self.run.finished_at = self.end
        self.run.stage = "finished"
        self.run.save(update_fields=["finished_at", "stage"])
        return self.filled

    def _step(self, name: str, act) -> None:
        began = stopwatch.monotonic()
        self.run.stage = name
        self.run.save(update_fields=["stage"])
        act()
        publishing.deliver()
        self.filled.seconds[name] = round(stopwatch.monotonic() - began, 1)

    def _found(self) -> None:
        economy = self.economy
        people.employ(currency=economy.currency, at=self.begin)
        self.known = found(
            source=economy.name, currency=economy.currency, people=economy.founding(), progress=self.progress
        )
        people.open_the_store(currency=economy.currency, at=self.begin + timedelta(days=1))
        credit.prepare(currency=economy.currency, at=self.begin)

    def _live(self) -> None:
        pilot = Pilot(history=self.economy, known=self.known)
        driver = Driver(
            history=self.economy,
            run=self.run,
            known=self.known,
            window_days=self.window_days,
            credit=pilot,
            progress=self.progress,
            share=self.helper,
            lived=self._lived,
        )
        if self.helper:
            self.helper.introduce(known=self.known, run=self.run)
        tally = driver.live()
        self.filled.counts.update(tally.done)
        self.filled.counts.update(pilot.counts)
        self.filled.seconds.update({f"life: {name}": round(spent, 1) for name, spent in driver.timings.items()})

    def _count(self) -> None:
        """Count what a night's work would have counted: for search, and how well merchants do."""
        stalls.fill(currency=self.economy.currency, at=self.end)
        newcomers.fill(currency=self.economy.currency, at=self.end)
        # What was known a month ago gives the trend.
        health.count(at=self.end - timedelta(days=30))
        health.count(at=self.end)
        health.warn(at=self.end)
        offers.count_standings(at=self.end)
        for _last in offers.rank_anew():
            pass
        search.count_up(at=self.end)

    def _export(self) -> None:
        """Wait for the facts, which were written while the days were lived."""
        self._exporter.export(until=self.economy.last_day + timedelta(days=1))
        self._exporter.finish()

    def _lived(self, day: date) -> None:
        # Another economy may have had these days exported before: a fresh life has them written anew.
        fresh, self._fresh = self._fresh, False
        self._exporter.export(until=day + timedelta(days=1), again_from=self.economy.first_day if fresh else None)

    def _train(self) -> None:
        self.progress.start("scorecards", 2)
        for kind, analyst in self.analysts.items():
            analyst.fit(kind=kind, until=self.economy.last_day + timedelta(days=1), seed=self.economy.seed)
        for kind in KINDS:
            # The offers need these features here.
            engine.prepare(kind=kind)
        for kind, analyst in self.analysts.items():
            self._put_to_work(kind, analyst)
            self.progress.advance(1, kind)
        self.progress.finish()

    def _put_to_work(self, kind: str, analyst: Analyst) -> None:
        try:
            fitted = analyst.finish()
        except scoring.UnableToTrain as problem:
            self.filled.notes.append(f"No {kind} scorecard of its own ({problem}); the starter stays at work.")
            return
        model = scoring.record_scorecard(fitted=fitted, built_by=_BUILDER, at=self.end)
        scoring.approve_scorecard(model_id=model.pk, approved_by=_APPROVER, at=self.end)
        scoring.activate_scorecard(model_id=model.pk, at=self.end)

    def _offer(self) -> None:
        self.progress.start("offers", 3)
        currency = self.economy.currency
        owed = queries.exposures()
        for kind in KINDS:
            report = underwriting.make_offers(
                kind=kind,
                as_of=self.end,
                products=queries.terms_for(kind=kind, currencies=[currency]),
                exposures=owed,
                at=self.end,
            )
            self.filled.counts[f"{kind} offers"] = report.offers
            self.progress.advance(1, kind)
        self._leave_cases()
        self.progress.finish()

    def _leave_at_desks(self) -> None:
        """Have buyers ask for returns and write to stores, so that the demo's desks are not empty."""
        self.filled.counts.update(aftersales.leave(name=self.economy.name, at=self.end))

    def _leave_cases(self) -> None:
        """Have merchants ask for advances: small ones the machine grants, large ones wait for the officers."""
        policy = PolicyVersion.objects.get(state=PolicyVersion.State.ACTIVE)
        machine = policy.data["merchant"]["machine_authority"]
        owners = dict(Merchant.objects.values_list("pk", "owner_id"))
        # The demo's owner finds the offer untouched.
        kept = set(Merchant.objects.filter(owner__email=people.OWNER).values_list("pk", flat=True))
        offers = [
            (offer, int(offer.subject_id.removeprefix("merchant:")))
            for offer in Offer.objects.filter(
                kind="merchant", state=Offer.State.LIVE, currency=self.economy.currency
            ).order_by("-limit", "pk")
        ]
        offers = [(offer, merchant) for offer, merchant in offers if merchant not in kept]
        large = [pair for pair in offers if pair[0].limit > machine][:_REFERRED]
        small = [pair for pair in offers if pair not in large][:_GRANTED]
        asked = [(offer, merchant, offer.limit) for offer, merchant in large]
        asked += [(offer, merchant, min(offer.limit, machine)) for offer, merchant in small]
        if not asked:
            return
        applications = advances.ask_for_advances(
            requests=[
                advances.AskAdvance(
                    key=f"{self.economy.name}:{offer.pk}",
                    merchant=offer.subject_id,
                    currency=offer.currency,
                    amount=amount,
                    offer_id=offer.pk,
                    applied_by=f"user:{owners[merchant]}",
                    at=self.end,
                )
                for offer, merchant, amount in asked
            ]
        )
        made = [one for one in applications if isinstance(one, Application)]
        approved = [one for one in made if one.state == Application.State.APPROVED]
        advances.sign_advances(
            requests=[
                advances.SignAdvance(
                    application_id=one.pk, signer=one.applied_by, signature=one.applied_by, at=self.end
                )
                for one in approved
            ]
        )
        self._support([one for one in made if one.state == Application.State.REFERRED])
        for one in made:
            self.filled.counts[f"applications {one.state}"] += 1

    def _support(self, referred: list[Application]) -> None:
        """Have the officer agree to the largest case, so that one waits for the second pair of eyes."""
        if len(referred) < 2:
            return
        officer = f"user:{User.objects.get(email='officer@rialto.example').pk}"
        largest = max(referred, key=lambda one: (one.amount, -one.pk))
        try:
            underwriting.claim(application_id=largest.pk, officer=officer, at=self.end)
            underwriting.approve(
                application_id=largest.pk, officer=officer, at=self.end, note="Steady sales, few returns."
            )
        except UnableToReview as problem:
            self.filled.notes.append(f"No case waits for a second officer ({problem}).")
