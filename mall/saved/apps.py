from django.apps import AppConfig


class SavedConfig(AppConfig):
    """What shoppers put aside for later."""

    name = "mall.saved"
    label = "saved"
