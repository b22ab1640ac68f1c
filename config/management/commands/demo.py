"""`manage.py demo`: the whole market on this machine."""

import shlex
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from config import demo


class Command(BaseCommand):
    help = "Start everything on this machine (PORT, RIALTO_HOME), print addresses and sign-ins, stop it with Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fill", default="", help='options for `manage.py fill`, as in --fill="--orders 500"')

    def handle(self, *, fill: str, **options: object) -> None:
        code = demo.run(say=lambda line: print(line, flush=True), fill_options=shlex.split(fill))
        raise SystemExit(code if code not in {130, 143} else 0)
