from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    """Suspending, reinstating and closing merchants."""

    name = "mall.lifecycle"
    label = "lifecycle"
    verbose_name = "Lifecycle of merchants"
