from django.apps import AppConfig


class AttributesConfig(AppConfig):
    """What products of a class are described by, and which of that tells variants apart."""

    name = "mall.attributes"
    label = "attributes"
    verbose_name = "Attributes"
