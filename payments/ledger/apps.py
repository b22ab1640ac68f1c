from django.apps import AppConfig
from django.db.backends.signals import connection_created

from payments.ledger.losses import name_losses


class LedgerConfig(AppConfig):
    name = "payments.ledger"
    label = "ledger"
    verbose_name = "Ledger"

    def ready(self) -> None:
        connection_created.connect(name_losses)
