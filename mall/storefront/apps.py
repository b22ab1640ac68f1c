from django.apps import AppConfig


class StorefrontConfig(AppConfig):
    """What a store says of itself: drafts, published versions, pictures, holidays."""

    name = "mall.storefront"
    label = "storefront"
    verbose_name = "Store pages"
