"""`manage.py services start|stop|status`: the embedded servers by hand."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from config import env, services


class Command(BaseCommand):
    help = "Start the embedded servers and leave them up, stop them, or tell which are up and where."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=["start", "stop", "status"])

    def handle(self, *, act: str, **options: object) -> None:
        home = env.home()
        if act == "start":
            services.keep(home=home, names=["postgres", "redis", "cards"])
        elif act == "stop":
            services.stop(home=home)
        for name, process in services.states(home=home).items():
            state = f"up, process {process.pid}" if process else "not up"
            self.stdout.write(f"{name:<10}{state}")
        self.stdout.write(f"database  {services.database_url(home=home, role='app')}")
        self.stdout.write(f"owner     {services.database_url(home=home, role='owner')}")
        self.stdout.write(f"queue     {services.redis_url(home=home)}")
