from django.apps import AppConfig


class FinancingConfig(AppConfig):
    """Credit from trade: features, scores, decisions, loans, servicing."""

    name = "financing"
    label = "financing"
    verbose_name = "Financing"
