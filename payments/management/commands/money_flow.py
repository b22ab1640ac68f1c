"""`manage.py money_flow`: every journal of payments as a page of documentation."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand

from payments.reconciliation import money_flow


class Command(BaseCommand):
    help = "Print what every event of payments posts, or write it to a file."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", type=Path, metavar="FILE", help="write it there instead of printing it")

    def handle(self, *, write: Path | None, **options: object) -> None:
        if write is None:
            self.stdout.write(money_flow.document())
        else:
            write.write_text(money_flow.document(), encoding="utf-8")
