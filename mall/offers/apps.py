from django.apps import AppConfig


class OffersConfig(AppConfig):
    """Which of several merchants' offers of one product is shown first, and why."""

    name = "mall.offers"
    label = "offers"
    verbose_name = "Offers"
