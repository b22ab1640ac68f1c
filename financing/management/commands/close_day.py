"""Close the day over every loan: ``manage.py close_day [--until 2026-03-01]``."""

import time
from argparse import ArgumentParser
from datetime import date, timedelta

from django.core.management.base import BaseCommand, CommandError

from financing.servicing import close
from payments import clock


class Command(BaseCommand):
    """Accrue, collect what is due, age and charge off, for every day that is not closed yet."""

    help = "Close every open day of every loan, through yesterday or the day given. Safe to run again at any time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare --until."""
        parser.add_argument("--until", help="the last day to close, like 2026-03-01 (default: yesterday)")

    def handle(self, *args: object, **options: object) -> None:
        """Parse, close, report."""
        until = clock.now().date() - timedelta(days=1)
        if options["until"]:
            try:
                until = date.fromisoformat(options["until"])
            except ValueError:
                raise CommandError(f"--until takes a day like 2026-03-01, not {options['until']!r}.") from None
        if until >= clock.now().date():
            raise CommandError(f"{until} is not over yet: a day is closed when it is.")
        began = time.monotonic()
        report = close.close_day(
            until=until, progress=lambda day: self.stdout.write(f"closed through {day}", self.style.MIGRATE_HEADING)
        )
        seconds = time.monotonic() - began
        self.stdout.write(f"{report.loans} loans closed through {until} in {seconds:.1f} s.")
        for loan, reason in report.failed:
            self.stderr.write(f"Loan {loan} was left out: {reason}")
        if report.failed:
            raise CommandError(f"{len(report.failed)} loans could not be closed; they are tried again next time.")
