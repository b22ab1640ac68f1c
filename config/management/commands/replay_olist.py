"""`manage.py replay_olist DIR`: the recorded orders, lived again through the real pipeline at their own dates."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from config.simulation.founding import UnableToFound
from config.simulation.olist import living, report
from config.simulation.olist.history import CARDS
from config.simulation.olist.reader import UnusableExtract
from config.simulation.progress import Progress


class Command(BaseCommand):
    help = (
        "Live the orders of the Olist data set again, day by day; stopped at any point, it goes on where it was, "
        "and done once, it only reports."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the data set's CSV files")
        parser.add_argument(
            "--cards",
            choices=sorted(CARDS),
            default="account",
            help="how credit card rows pay: from the shopper's account (default), or by the card stand-in",
        )
        parser.add_argument("--without-credit", action="store_true", help="make no offers and no advances")
        parser.add_argument("--json", action="store_true", help="print the report as JSON, every unusable row included")
        parser.add_argument("--quiet", action="store_true", help="show no progress")

    def handle(self, *, folder: Path, **options: object) -> None:
        try:
            prepared = living.prepare(folder=folder, cards=str(options["cards"]))
            lived = living.replay(
                prepared=prepared,
                window_days=1,
                with_credit=not options["without_credit"],
                progress=Progress(quiet=bool(options["quiet"])),
            )
        except (UnusableExtract, UnableToFound) as problem:
            raise CommandError(str(problem)) from None
        found = report.of_replay(lived)
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
        else:
            for line in report.lines_of_replay(found):
                self.stdout.write(line)
        if not found["ledger"]["holds"]:
            raise CommandError("The book does not hold: the problems are named above.")
