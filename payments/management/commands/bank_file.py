"""`manage.py bank_file FILE`: take in a file of another bank, or say what taking it in would do."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from payments import clock
from payments.money import Money
from payments.settlement import elsewhere


class Command(BaseCommand):
    help = "Take in a notification (camt.054) or a status report (pain.002) of another bank, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")

    def handle(self, *, file: Path, dry_run: bool, **options: object) -> None:
        try:
            with file.open("rb") as source:
                done = elsewhere.import_file(
                    source=source, name=file.name, by="command", at=clock.now(), dry_run=dry_run
                )
        except OSError as problem:
            raise CommandError(f"{file} cannot be read ({problem.strerror}): name a file that is there.") from None
        except elsewhere.UnableToImport as refusal:
            raise CommandError(f"{file} was refused: {refusal}") from None
        for line in done.lines:
            amount = Money(line.amount, line.currency).format()
            self.stdout.write(f"{line.reference:20} {amount:>16}  {line.state:10} {line.outcome}")
        self.stdout.write(
            f"{done.kind} {done.message_id}: {done.entries} entries, {done.doubled} known before, "
            f"{done.pending} not booked yet{' (nothing was done)' if dry_run else ''}"
        )
