"""`manage.py offers`: the opening policy, and the nightly offers."""

from argparse import ArgumentParser
from datetime import UTC, datetime, time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financing.lending import queries as lending
from financing.management.commands.facts import _day
from financing.underwriting import operations
from financing.underwriting.errors import UnderwritingError
from payments import clock

KINDS = ["consumer", "merchant"]


class Command(BaseCommand):
    help = "Put the opening policy in force, and make tonight's offers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("install", help="put the opening policy and the officers' authorities in force")
        make = actions.add_parser("make", help="make features and offers as of a midnight")
        make.add_argument("--kind", choices=KINDS, help="default: both")
        make.add_argument("--as-of", type=_day, help="facts known before this day (default: today)")
        make.add_argument("--currency", action="append", help=f"default: {settings.RIALTO_CURRENCY}; may be repeated")

    def handle(self, *, action: str, **options: object) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except UnderwritingError as refusal:
            raise CommandError(str(refusal)) from refusal

    def _install(self, options: dict) -> None:
        self.stdout.write(f"In force: {operations.install_defaults(at=clock.now())}.")

    def _make(self, options: dict) -> None:
        at = clock.now()
        as_of = datetime.combine(options["as_of"] or at.date(), time(), tzinfo=UTC)
        currencies = options["currency"] or [settings.RIALTO_CURRENCY]
        for kind in [options["kind"]] if options["kind"] else KINDS:
            products = lending.terms_for(kind=kind, currencies=currencies)
            if not products:
                raise CommandError(
                    f"No product for a {kind} is active in {', '.join(currencies)}: "
                    "run `manage.py lending install_products`."
                )
            report = operations.make_offers(
                kind=kind, as_of=as_of, products=products, exposures=lending.exposures(), at=at
            )
            self.stdout.write(
                f"{kind}s as of {as_of:%Y-%m-%d}: {report.subjects:,} looked at, {report.offers:,} offers "
                f"({report.made:,} new, {report.kept:,} kept, {report.withdrawn:,} withdrawn)"
            )
            for code, count in report.refused.items():
                self.stdout.write(f"  no offer, {code}: {count:,}")
