from oscar.apps.partner.apps import PartnerConfig as OscarPartnerConfig


class PartnerConfig(OscarPartnerConfig):
    """Merchants' stock and prices, with the stock guarantee in the database."""

    name = "mall.partner"
    label = "partner"

    def ready(self) -> None:
        """Register none of Oscar's receivers: low-stock alerts would query within every sale."""
