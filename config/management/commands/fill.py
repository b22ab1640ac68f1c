"""`manage.py fill`: a synthetic economy in an empty mall."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta

from django.core.management.base import BaseCommand, CommandError

from config import env
from config.simulation import filling, incidents
from config.simulation.founding import UnableToFound
from config.simulation.progress import Progress
from config.simulation.sharing import HelperFailed
from payments import clock


class Command(BaseCommand):
    help = (
        "Fill the mall with a synthetic economy that ends yesterday: people, merchants, products, orders, loans, "
        "scorecards, offers. Stopped, it goes on where it was; done once, it does nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=7, help="another seed is another economy (default 7)")
        parser.add_argument("--orders", type=int, default=12_000)
        parser.add_argument("--shoppers", type=int, default=3_000)
        parser.add_argument("--merchants", type=int, default=150)
        parser.add_argument("--products", type=int, default=2_000)
        parser.add_argument("--days", type=int, default=540, help="how long it lasts (default 540)")
        parser.add_argument(
            "--incidents", action="store_true", help="leave disputes and other things for operations to look at"
        )
        parser.add_argument("--quiet", action="store_true", help="show no progress")

    def handle(self, **options: object) -> None:
        if env.environment() == "production":
            raise CommandError("The synthetic economy has people with known passwords: it is not for production.")
        size = {name: int(options[name]) for name in ("orders", "shoppers", "merchants", "products", "days")}
        for name, number in size.items():
            if number < (30 if name == "days" else 1):
                raise CommandError(f"--{name} {number} is too small: give {30 if name == 'days' else 1} or more.")
        if size["products"] < size["merchants"]:
            raise CommandError("--products is below --merchants: every merchant needs a product to sell.")
        try:
            filled = filling.fill(
                size=size,
                seed=int(options["seed"]),
                yesterday=clock.now().date() - timedelta(days=1),
                window_days=filling.WINDOW_DAYS,
                progress=Progress(quiet=bool(options["quiet"])),
            )
        except (filling.UnableToFill, UnableToFound, HelperFailed) as problem:
            raise CommandError(str(problem)) from None
        if options["incidents"]:
            incidents.happen(at=clock.now(), say=self.stdout.write)
        if filled.before:
            self.stdout.write("The economy is there already.")
            return
        for note in filled.notes:
            self.stdout.write(note)
        if options["verbosity"] > 1:
            for name, count in sorted(filled.counts.items()):
                self.stdout.write(f"  {name}: {count:,}")
            for name, seconds in filled.seconds.items():
                self.stdout.write(f"  {name}: {seconds} s")
        self.stdout.write(f"Filled in {sum(s for n, s in filled.seconds.items() if ': ' not in n):.0f} seconds.")
