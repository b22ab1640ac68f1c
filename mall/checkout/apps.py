from oscar.apps.checkout.apps import CheckoutConfig as OscarCheckoutConfig


class CheckoutConfig(OscarCheckoutConfig):
    """Placing orders: order and stock first, payment second, confirmation third."""

    name = "mall.checkout"
    label = "checkout"
