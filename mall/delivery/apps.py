from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    """How each merchant delivers."""

    name = "mall.delivery"
    label = "delivery"
