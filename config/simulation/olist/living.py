"""Import the recorded people, shops and articles; live the recorded orders again at their own dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path

from config.simulation import credit
from config.simulation.drive import Driver
from config.simulation.founding import Known, found
from config.simulation.history import PlainHistory
from config.simulation.models import Run
from config.simulation.olist.extract import Extract, load
from config.simulation.olist.history import SOURCE, Charged, build
from config.simulation.olist.reader import UnusableExtract
from config.simulation.progress import Progress
from config.simulation.roles import Tally
from mall.search import operations as search


@dataclass(slots=True)
class Prepared:
    """An extract that was read, joined and made a history; nothing is written yet."""

    extract: Extract
    history: PlainHistory
    charged: Charged
    cards: str = "account"


@dataclass(slots=True)
class Lived:
    """A history that was lived to its end."""

    prepared: Prepared
    known: Known
    tally: Tally
    nights: list[dict[str, object]]
    seconds_by_step: dict[str, float]


def prepare(*, folder: Path, cards: str = "account") -> Prepared:
    """Read an extract as a whole, before anything is written.

    :raises UnusableExtract: it cannot be used; the message names the file and the remedy.
    """
    extract = load(folder)
    if not extract.orders:
        raise UnusableExtract(f"{folder}: none of the orders can be used; see that the files belong together.")
    history, charged = build(extract=extract, cards=cards)
    return Prepared(extract, history, charged, cards)


def import_people(*, prepared: Prepared, progress: Progress) -> Known:
    """Register shoppers, merchants and articles that are not there yet, and return what every key became."""
    history = prepared.history
    known = found(source=SOURCE, currency=history.currency, people=history.founding(), progress=progress)
    search.count_words()
    return known


def replay(*, prepared: Prepared, window_days: int, with_credit: bool, progress: Progress) -> Lived:
    """Live the orders again from where an earlier run stopped; a history lived to its end is left as it is."""
    history = prepared.history
    known = import_people(prepared=prepared, progress=progress)
    run, _ = Run.objects.get_or_create(name=_run_name(history))
    lenders = None
    if with_credit:
        credit.prepare(currency=history.currency, at=datetime.combine(history.first_day, time(), tzinfo=UTC))
        lenders = credit.Offers(
            history=history,
            known=known,
            nights=run.report.get("nights", []),
            keep=lambda nights: _keep(run, nights),
        )
    driver = Driver(
        history=history, run=run, known=known, window_days=window_days, credit=lenders, progress=progress, rhythm_days=1
    )
    tally = driver.live()
    return Lived(prepared, known, tally, lenders.nights if lenders else [], dict(driver.timings))


def _keep(run: Run, nights: list[dict[str, object]]) -> None:
    run.report = {**run.report, "nights": nights}
    run.save(update_fields=["report"])


def _run_name(history: PlainHistory) -> str:
    """Return a name that tells extracts apart: another set of orders is another life."""
    return f"{SOURCE}:{history.first_day}:{history.last_day}:{len(history.bought)}"
