"""`manage.py demo`: the whole market on this machine."""

from django.core.management.base import BaseCommand

from config import demo


class Command(BaseCommand):
    help = "Start everything on this machine (PORT, RIALTO_HOME), print addresses and sign-ins, stop it with Ctrl-C."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        code = demo.run(say=lambda line: print(line, flush=True))
        raise SystemExit(code if code not in {130, 143} else 0)
