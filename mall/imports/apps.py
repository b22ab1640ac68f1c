from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Files in: catalogues, tracking numbers and merchants, checked, applied, and undone as a whole."""

    name = "mall.imports"
    label = "imports"
    verbose_name = "Imports"
