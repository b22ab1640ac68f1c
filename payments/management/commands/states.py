"""`manage.py states`: the state machines as a page of documentation."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from payments import machines, states


class Command(BaseCommand):
    help = "Print the states of payments as documentation, or write it to a file."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", type=Path, metavar="FILE", help="write it there instead of printing it")

    def handle(self, *, write: Path | None, **options: object) -> None:
        if write is None:
            self.stdout.write(machines.document(machines=states.MACHINES))
        else:
            write.write_text(machines.document(machines=states.MACHINES), encoding="utf-8")
