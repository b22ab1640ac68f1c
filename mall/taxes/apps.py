from django.apps import AppConfig


class TaxesConfig(AppConfig):
    """Taxes that prices include."""

    name = "mall.taxes"
    label = "taxes"
