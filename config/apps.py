from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """The composition root: settings, services, pages about the system itself."""

    name = "config"
    label = "config"
    verbose_name = "Configuration"

    def ready(self) -> None:
        """Make our Celery application the current one, so that every process knows which queue to send to."""
        from config import celery

        celery.app.set_current()
        celery.app.set_default()
