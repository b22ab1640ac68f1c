from django.apps import AppConfig


class InvoicesConfig(AppConfig):
    """Invoices of consignments that were sent, and credit notes for what was paid back."""

    name = "mall.invoices"
    label = "invoices"
    verbose_name = "Invoices"
