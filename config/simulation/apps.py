"""The simulation's own two tables."""

from django.apps import AppConfig


class SimulationConfig(AppConfig):
    """Labels the app."""

    name = "config.simulation"
    label = "simulation"
    default_auto_field = "django.db.models.BigAutoField"
