"""`manage.py import_olist DIR`: recorded merchants, catalog and shoppers, once."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from config.simulation.founding import UnableToFound
from config.simulation.olist import living, report
from config.simulation.olist.reader import UnusableExtract
from config.simulation.progress import Progress


class Command(BaseCommand):
    help = (
        "Load merchants, catalog and shoppers from the files of the Olist data set; running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR", help="the folder with the data set's CSV files")
        parser.add_argument("--json", action="store_true", help="print the report as JSON, every unusable row included")
        parser.add_argument("--quiet", action="store_true", help="show no progress")

    def handle(self, *, folder: Path, **options: object) -> None:
        try:
            prepared = living.prepare(folder=folder)
            living.import_people(prepared=prepared, progress=Progress(quiet=bool(options["quiet"])))
        except (UnusableExtract, UnableToFound) as problem:
            raise CommandError(str(problem)) from None
        found = report.of_import(prepared)
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2, ensure_ascii=False))
            return
        for line in report.lines_of_import(found):
            self.stdout.write(line)
