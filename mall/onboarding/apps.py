from django.apps import AppConfig


class OnboardingConfig(AppConfig):
    """Becoming a merchant: people, documents, checks, questions, decisions."""

    name = "mall.onboarding"
    label = "onboarding"
    verbose_name = "Onboarding"
