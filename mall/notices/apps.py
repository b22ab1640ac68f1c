from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """What the mall tells a person, on the site and by mail."""

    name = "mall.notices"
    label = "notices"
    verbose_name = "Notices"
