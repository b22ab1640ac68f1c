from oscar.apps.shipping.apps import ShippingConfig as OscarShippingConfig


class ShippingConfig(OscarShippingConfig):
    """Delivery, chosen and charged for each merchant."""

    name = "mall.shipping"
    label = "shipping"
