from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    """Consignments: each merchant's part of an order, from dispatch to release."""

    name = "mall.fulfilment"
    label = "fulfilment"
    verbose_name = "Fulfilment"
