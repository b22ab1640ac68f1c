"""Products of the bank: ``manage.py lending install_products [--currency EUR]`` and ``list``."""

from argparse import ArgumentParser

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from financing.lending import products
from financing.lending.models import Product
from payments import clock, money


class Command(BaseCommand):
    """Install or list what the bank lends."""

    help = "Install the products a bank starts with in a currency, or list every version of every product."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the action and the currency."""
        parser.add_argument("action", choices=["install_products", "list"])
        parser.add_argument("--currency", default=settings.RIALTO_CURRENCY)

    def handle(self, *args: object, **options: object) -> None:
        """Parse, act, report."""
        currency = str(options["currency"])
        try:
            money.exponent(currency)
        except money.MoneyError as problem:
            raise CommandError(str(problem)) from None
        if options["action"] == "install_products":
            installed = products.install_products(currency=currency, at=clock.now())
            self.stdout.write(f"{len(installed)} products are active in {currency}.")
            return
        for row in Product.objects.filter(currency=currency).order_by("code", "version"):
            self.stdout.write(f"{row.code:12} v{row.version} {row.state:8} {row.name}")
