"""`manage.py facts`: bring the facts of the books into the lake."""

from argparse import ArgumentParser
from datetime import date

from django.core.management.base import BaseCommand, CommandError

from financing.features import export
from payments import clock


def _day(text: str) -> date:
    return date.fromisoformat(text)


_day.__name__ = "day (like 2026-01-31)"


class Command(BaseCommand):
    help = "Export the facts of every finished day that is not in the lake yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        exporting = actions.add_parser("export", help="export finished days; goes on where an earlier call ended")
        exporting.add_argument("--until", type=_day, help="days before this one (default: today)")
        exporting.add_argument("--again-from", type=_day, help="write days from this one on anew")

    def handle(self, *, action: str, **options: object) -> None:
        until = options["until"] or clock.now().date()
        try:
            report = export.export_facts(
                until=until, again_from=options["again_from"], progress=lambda day: self.stdout.write(f"through {day}")
            )
        except export.UnableToExport as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{report.rows:,} facts of {report.days:,} days were exported.")
