"""`manage.py states`: the state machines as a page of documentation."""

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string

from payments import machines, states


def document() -> str:
    """Return the page: the states of payments, and of the apps above as `RIALTO_STATES` names them."""
    others = [import_string(path) for path in settings.RIALTO_STATES]
    return machines.document(machines=(*states.MACHINES, *others))


class Command(BaseCommand):
    help = "Print the states of payments and of the apps above as documentation, or write it to a file."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", type=Path, metavar="FILE", help="write it there instead of printing it")

    def handle(self, *, write: Path | None, **options: object) -> None:
        if write is None:
            self.stdout.write(document())
        else:
            write.write_text(document(), encoding="utf-8")
