from django.apps import AppConfig


class ApiConfig(AppConfig):
    """Merchants' own programs: keys, stock and prices set, orders read."""

    name = "mall.api"
    label = "api"
    verbose_name = "Merchants' interface"
