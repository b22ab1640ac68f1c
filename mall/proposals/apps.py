from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    """What merchants propose for the shared catalogue, and what the bank's staff make of it."""

    name = "mall.proposals"
    label = "proposals"
    verbose_name = "Proposals"
