from django.apps import AppConfig


class PromotionsConfig(AppConfig):
    """Promotions of merchants, and vouchers the bank pays for."""

    name = "mall.promotions"
    label = "promotions"
