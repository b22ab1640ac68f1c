from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root: settings, services, pages about the system itself."""

    name = "config"
    label = "config"
    verbose_name = "Configuration"
