"""Baskets: a line keeps the merchant it was added from, and an ordered basket never opens again."""

from django.core.exceptions import PermissionDenied
from oscar.apps.basket.abstract_models import AbstractBasket


class Basket(AbstractBasket):
    """What a shopper is about to buy, from any number of merchants."""

    _chosen_stockrecord = None

    def get_stock_info(self, product, options):
        """Return price and availability at the chosen merchant, else of the offer that ranking puts first."""
        return self.strategy.fetch_for_product(product, self._chosen_stockrecord)

    def add_product(self, product, quantity=1, options=None, stockrecord=None):
        """Add a product at one merchant; without a stock record the strategy chooses the merchant.

        :raises ValueError: the stock record is another product's, or has no price.
        """
        if stockrecord is not None and stockrecord.product_id != product.pk:
            raise ValueError("The stock record belongs to another product.")
        self._chosen_stockrecord = stockrecord
        try:
            return super().add_product(product, quantity, options)
        finally:
            self._chosen_stockrecord = None

    add_product.alters_data = True
    add = add_product

    def all_lines(self):
        """Return the lines with everything that prices, availability and pages need: a fixed number of queries."""
        if self.id is None:
            return self.lines.model.objects.none()
        if self._lines is None:
            self._lines = self.lines.select_related(
                "product__product_class",
                "product__parent__product_class",
                "stockrecord__partner__merchant",
            ).order_by(self._meta.pk.name)
        return self._lines

    @property
    def num_lines(self):
        """Return how many lines there are; they are read anyway, so they are not counted by the database first."""
        return len(self.all_lines())

    def thaw(self):
        """Open a frozen basket again.

        :raises PermissionDenied: the basket was ordered; it stays closed.
        """
        opened = type(self).objects.filter(pk=self.pk, status__in=(self.FROZEN, self.OPEN)).update(status=self.OPEN)
        if not opened:
            raise PermissionDenied("An ordered basket cannot be opened again.")
        self.status = self.OPEN

    thaw.alters_data = True


from oscar.apps.basket.models import *  # noqa: E402, F403 - Oscar registers the models we do not replace
