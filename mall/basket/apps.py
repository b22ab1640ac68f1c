from oscar.apps.basket.apps import BasketConfig as OscarBasketConfig


class BasketConfig(OscarBasketConfig):
    """Baskets that keep each line's own merchant and price."""

    name = "mall.basket"
    label = "basket"
