from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Payment states, methods, settlement, payouts; the ledger is an app of its own inside."""

    name = "payments"
    label = "payments"
    verbose_name = "Payments"
