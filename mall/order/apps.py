from oscar.apps.order.apps import OrderConfig as OscarOrderConfig


class OrderConfig(OscarOrderConfig):
    """Orders that are placed once, have unguessable numbers and outlive what they refer to."""

    name = "mall.order"
    label = "order"
