from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """Returns: goods that go back, and the money that follows them."""

    name = "mall.returns"
    label = "returns"
    verbose_name = "Returns"
