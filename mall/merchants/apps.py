from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    """Merchants: their application, their staff, their store."""

    name = "mall.merchants"
    label = "merchants"
    verbose_name = "Merchants"
