"""Price and availability: always those of the merchant whose stock is meant."""

from oscar.apps.partner import strategy as oscar_strategy
from oscar.apps.partner.availability import Available


class Selector:
    """Choose the strategy: one for everybody."""

    def strategy(self, request=None, user=None, **kwargs):
        """Return the strategy of this request."""
        return MerchantStrategy(request)


class MerchantStrategy(oscar_strategy.StockRequired, oscar_strategy.NoTax, oscar_strategy.Structured):
    """Prices include tax; a basket line keeps its own merchant's stock record."""

    def fetch_for_line(self, line, stockrecord=None):
        """Return what the line's own merchant asks for; Oscar drops the stock record and asks the first merchant."""
        return self.fetch_for_product(line.product, stockrecord or line.stockrecord)

    def select_stockrecord(self, product):
        """Return the cheapest stock record that can be bought, else the cheapest, else none."""
        records = [record for record in product.stockrecords.all() if record.price is not None]
        if not records:
            return None
        return min(records, key=lambda record: (not record.can_be_bought, record.price, record.pk))

    def availability_policy(self, product, stockrecord):
        """Treat a stock record without a number as one that never runs out."""
        if stockrecord is not None and stockrecord.num_in_stock is None:
            return Available()
        return super().availability_policy(product, stockrecord)
