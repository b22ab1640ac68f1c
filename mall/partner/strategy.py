"""Price and availability: always those of the merchant whose stock is meant."""

from collections.abc import Collection

from oscar.apps.partner import strategy as oscar_strategy
from oscar.apps.partner.availability import Available

from mall.offers import buybox
from mall.partner.models import StockRecord


class Selector:
    """Choose the strategy: one for everybody."""

    def strategy(self, request=None, user=None, **kwargs):
        """Return the strategy of this request."""
        return MerchantStrategy(request)


class MerchantStrategy(oscar_strategy.StockRequired, oscar_strategy.NoTax, oscar_strategy.Structured):
    """Prices include tax; a basket line keeps its own merchant's stock record."""

    def __init__(self, request=None):
        super().__init__(request)
        self._chosen = {}

    def fetch_for_line(self, line, stockrecord=None):
        """Return what the line's own merchant asks for; Oscar drops the stock record and asks the first merchant."""
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)

    def select_stockrecord(self, product):
        """Return the stock record of the offer that ranking puts first, else none; asked once a request and product."""
        self.choose(product_ids=[product.pk])
        return self._chosen[product.pk]

    def choose(self, *, product_ids: Collection[int]) -> None:
        """Find out for many products at once which offer ranking puts first: two statements for all of them."""
        missing = [product_id for product_id in product_ids if product_id not in self._chosen]
        if not missing:
            return
        first = {pk: offers[0].stockrecord_id for pk, offers in buybox.ranked(product_ids=missing).items()}
        records = StockRecord.objects.in_bulk(first.values()) if first else {}
        self._chosen |= {pk: records.get(first.get(pk)) for pk in missing}

    def availability_policy(self, product, stockrecord):
        """Treat a stock record without a number as one that never runs out."""
        if stockrecord is not None and stockrecord.num_in_stock is None:
            return Available()
        return super().availability_policy(product, stockrecord)
