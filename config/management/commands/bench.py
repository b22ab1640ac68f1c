"""`manage.py bench`: measure a part of the project on this machine, each figure beside its yardstick."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.test.utils import override_settings

from config import env
from config.benchmarks import catalogue, serving, throwaway
from mall.benchmarks import imports, search, shop
from mall.imports import reading
from payments import clock
from payments.benchmarks import figures, ledger, paying, settlement, webhook


class Command(BaseCommand):
    help = "Measure. Exit code 1 when a target is missed; with --json the last line is one JSON object."

    def add_arguments(self, parser: ArgumentParser) -> None:
        subjects = parser.add_subparsers(dest="subject", required=True, metavar="SUBJECT")
        book = subjects.add_parser("ledger", help="posting and reading, against pgbench's TPC-B and a bare floor")
        book.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        book.add_argument("--seconds", type=float, default=5, help="how long a round lasts (default 5)")
        book.add_argument("--transfers", type=int, default=10_000_000, help="the large book (default 10,000,000)")
        book.add_argument("--peer", type=Path, metavar="FILE", help="pgledger's SQL file, to be measured beside it")
        found = subjects.add_parser("search", help="suggestions, results with facets, and how good their order is")
        found.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        found.add_argument("--products", type=int, default=1_000_000, help="the catalogue (default 1,000,000)")
        paid = subjects.add_parser("payments", help="authorise, capture and release a second; webhooks answered")
        paid.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        paid.add_argument("--seconds", type=float, default=5, help="how long a round lasts (default 5)")
        shopped = subjects.add_parser("shop", help="pages and guest purchases of a running server, against a bare view")
        shopped.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        shopped.add_argument("--seconds", type=float, default=5, help="how long a part of a round lasts (default 5)")
        shopped.add_argument("--products", type=int, help="a made-up catalogue of so many (default: the real data set)")
        files = subjects.add_parser("imports", help="a merchant's catalogue checked, listed, changed and undone")
        files.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        files.add_argument("--lines", type=int, default=50_000, help="of the file (default 50,000, the most)")
        day = subjects.add_parser("settlement", help="settling a large day, against a bare update of as many rows")
        day.add_argument("--json", action="store_true", help="print one JSON object as the last line")
        day.add_argument("--consignments", type=int, default=100_000, help="how many (default 100,000)")
        day.add_argument("--merchants", type=int, default=5_000, help="of how many merchants (default 5,000)")

    def handle(self, *, subject: str, **options: object) -> None:
        if options.get("seconds", 1) <= 0 or options.get("transfers", 1_000) < 1_000:
            raise CommandError("--seconds must be above 0 and --transfers at least 1,000.")
        if (options.get("products") or 1_000) < 1_000:
            raise CommandError("--products must be at least 1,000.")
        if not 10 <= options.get("lines", 10) <= reading.MAX_LINES:
            raise CommandError(f"--lines must be from 10 to {reading.MAX_LINES:,}.")
        if options.get("peer") is not None and not options["peer"].is_file():
            raise CommandError(f"--peer {options['peer']} is not there: name pgledger's SQL file, or leave it out.")
        if not 0 < options.get("merchants", 1) <= options.get("consignments", 1):
            raise CommandError("--merchants must be above 0 and at most as many as --consignments.")
        try:
            measured = getattr(self, f"_{subject}")(options)
        except (throwaway.UnableToMeasure, paying.UnableToMeasure, webhook.NotStored, shop.UnableToVisit) as problem:
            raise CommandError(str(problem)) from None
        for line in figures.table(figures=measured):
            self.stdout.write(line)
        missed = [figure.name for figure in measured if not figure.met]
        self.stdout.write(f"Missed: {'; '.join(missed)}." if missed else "Every target is reached.")
        if options["json"]:
            said = {"bench": subject, "met": not missed, "figures": [figure.to_json() for figure in measured]}
            self.stdout.write(json.dumps(said))
        if missed:
            sys.exit(1)

    def _imports(self, options: dict) -> list[figures.Figure]:
        in_process = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        with throwaway.database(apps=()), override_settings(CACHES=in_process, RIALTO_OUTBOX_KICK=False):
            return imports.run(lines=options["lines"], at=clock.now(), say=self.stderr.write, figure=figures.Figure)

    def _settlement(self, options: dict) -> list[figures.Figure]:
        with (
            throwaway.database(apps=("ledger", "payments")) as made,
            # Only the ledger's and payments' tables are there, and nobody listens.
            override_settings(RIALTO_SETTLEMENT_HOOKS=[], RIALTO_OUTBOX_KICK=False),
        ):
            return settlement.run(
                setting=settlement.Setting(
                    owner_url=made.owner_url,
                    consignments=options["consignments"],
                    merchants=options["merchants"],
                    at=clock.now(),
                    say=self.stderr.write,
                )
            )

    def _payments(self, options: dict) -> list[figures.Figure]:
        in_process = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        with throwaway.database(apps=()) as made, override_settings(CACHES=in_process, RIALTO_OUTBOX_KICK=False):
            setting = paying.Setting(
                url=made.url,
                folder=env.CHECKOUT,
                at=clock.now(),
                seconds=options["seconds"],
                say=self.stderr.write,
            )
            return paying.run(setting=setting) + webhook.run(at=clock.now(), say=self.stderr.write)

    def _shop(self, options: dict) -> list[figures.Figure]:
        in_process = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        at = clock.now()
        with throwaway.database(apps=()) as made, override_settings(CACHES=in_process, RIALTO_OUTBOX_KICK=False):
            what = catalogue.fill(
                folder=Path(env.text(name="RIALTO_DATA") or env.CHECKOUT.parent / "shared" / "data") / "olist",
                products=options["products"],
                at=at,
                say=self.stderr.write,
            )
            catalogue.restock()
            catalogue.promote(offers=10)
            catalogue.let_pass(at=at)
            throwaway.vacuum(made=made)
            self.stderr.write(f"Serving {what} …")
            return self._visited(made=made, seconds=options["seconds"])

    def _visited(self, *, made: throwaway.Throwaway, seconds: float) -> list[figures.Figure]:
        """Serve the shop, with a queue and cards of its own, and a bare view beside it."""
        with serving.home() as home:
            environment = {"DATABASE_URL": made.url, "RIALTO_HOME": str(home)}
            with (
                serving.served(application="config.wsgi", environment=environment, log=home / "shop.log") as host,
                serving.served(
                    application="config.benchmarks.bare", environment=environment, log=home / "bare.log"
                ) as bare,
            ):
                return shop.run(
                    setting=shop.Setting(
                        shop=host,
                        bare=bare,
                        folder=env.CHECKOUT,
                        seconds=seconds,
                        card_seconds=lambda: serving.card_seconds(home=home),
                        say=self.stderr.write,
                        figure=figures.Figure,
                    )
                )

    def _ledger(self, options: dict) -> list[figures.Figure]:
        with (
            throwaway.database(apps=("ledger",)) as made,
            tempfile.TemporaryDirectory(prefix="rialto-bench-") as folder,
            # Only the ledger's own checks have their tables there, and its seals are nobody's afterwards.
            override_settings(RIALTO_CHECKS=[], RIALTO_SEAL_FILE=f"{folder}/seals.log"),
        ):
            return ledger.run(
                setting=ledger.Setting(
                    url=made.url,
                    owner_url=made.owner_url,
                    pgbench=throwaway.pgbench(),
                    at=clock.now(),
                    seconds=options["seconds"],
                    transfers=options["transfers"],
                    peer=options["peer"],
                    say=self.stderr.write,
                )
            )

    def _search(self, options: dict) -> list[figures.Figure]:
        in_process = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
        with throwaway.database(apps=()) as made, override_settings(CACHES=in_process):
            return search.run(
                products=options["products"],
                at=clock.now(),
                tidy=lambda: throwaway.vacuum(made=made),
                say=self.stderr.write,
                figure=figures.Figure,
            )
