from django.apps import AppConfig


class PapersConfig(AppConfig):
    """What is printed with an order."""

    name = "mall.papers"
    label = "papers"
