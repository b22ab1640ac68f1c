from django.apps import AppConfig


class HealthConfig(AppConfig):
    """How well merchants serve their buyers, counted every day."""

    name = "mall.health"
    label = "health"
    verbose_name = "Health of merchants"
