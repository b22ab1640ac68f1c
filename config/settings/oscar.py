"""The shop: which of Oscar's apps run as they are, which of ours replace one, and how orders move."""

from oscar.defaults import *  # noqa: F403 - Oscar's documented way to its defaults

from config import env
from config.settings import policy

OSCAR_BASKET_COOKIE_SECURE = env.environment() == "production"
# As in `base`: two markets on one machine keep their baskets apart.
OSCAR_BASKET_COOKIE_OPEN = "basket" if OSCAR_BASKET_COOKIE_SECURE else f"basket-{env.port()}"

# Ours replace the app of the same label.
OSCAR_APPS = [
    "oscar.config.Shop",
    "oscar.apps.analytics.apps.AnalyticsConfig",
    "mall.checkout.apps.CheckoutConfig",
    "oscar.apps.address.apps.AddressConfig",
    "mall.shipping.apps.ShippingConfig",
    "mall.catalogue.apps.CatalogueConfig",
    "oscar.apps.catalogue.reviews.apps.CatalogueReviewsConfig",
    "oscar.apps.communication.apps.CommunicationConfig",
    "mall.partner.apps.PartnerConfig",
    "mall.basket.apps.BasketConfig",
    "oscar.apps.payment.apps.PaymentConfig",
    "oscar.apps.offer.apps.OfferConfig",
    "mall.order.apps.OrderConfig",
    "mall.customer.apps.CustomerConfig",
    "mall.search.apps.SearchConfig",
    "oscar.apps.voucher.apps.VoucherConfig",
    "oscar.apps.wishlists.apps.WishlistsConfig",
    "mall.dashboard.apps.DashboardConfig",
    "oscar.apps.dashboard.reports.apps.ReportsDashboardConfig",
    "oscar.apps.dashboard.users.apps.UsersDashboardConfig",
    "oscar.apps.dashboard.orders.apps.OrdersDashboardConfig",
    "oscar.apps.dashboard.catalogue.apps.CatalogueDashboardConfig",
    "oscar.apps.dashboard.offers.apps.OffersDashboardConfig",
    "oscar.apps.dashboard.partners.apps.PartnersDashboardConfig",
    "oscar.apps.dashboard.pages.apps.PagesDashboardConfig",
    "oscar.apps.dashboard.ranges.apps.RangesDashboardConfig",
    "oscar.apps.dashboard.reviews.apps.ReviewsDashboardConfig",
    "oscar.apps.dashboard.vouchers.apps.VouchersDashboardConfig",
    "oscar.apps.dashboard.communications.apps.CommunicationsDashboardConfig",
    "oscar.apps.dashboard.shipping.apps.ShippingDashboardConfig",
]

# Forks that change no model keep Oscar's own migrations.
MIGRATION_MODULES = {label: f"oscar.apps.{label}.migrations" for label in ("basket", "catalogue", "shipping")}

OSCAR_SHOP_NAME = "Rialto"
OSCAR_SHOP_TAGLINE = "The bank's own market"
OSCAR_DEFAULT_CURRENCY = policy.RIALTO_CURRENCY
OSCAR_FROM_EMAIL = "market@rialto.example"
OSCAR_ALLOW_ANON_CHECKOUT = True
OSCAR_ALLOW_ANON_REVIEWS = False
OSCAR_MODERATE_REVIEWS = False
# Mail leaves through the outbox and a worker; nothing is sent while an order is placed.
OSCAR_SEND_REGISTRATION_EMAIL = False
OSCAR_EAGER_ALERTS = False
OSCAR_SAVE_SENT_EMAILS_TO_DB = False
OSCAR_DELETE_IMAGE_FILES = False
OSCAR_SLUG_ALLOW_UNICODE = False
OSCAR_THUMBNAILER = "oscar.core.thumbnails.SorlThumbnail"
OSCAR_REQUIRED_ADDRESS_FIELDS = ("first_name", "last_name", "line1", "line4", "postcode", "country")

OSCAR_INITIAL_ORDER_STATUS = "Awaiting payment"
OSCAR_INITIAL_LINE_STATUS = "Awaiting payment"
OSCAR_ORDER_STATUS_PIPELINE = {
    "Awaiting payment": ("Confirmed", "Cancelled"),
    "Confirmed": ("Completed", "Cancelled"),
    "Completed": (),
    "Cancelled": (),
}
OSCAR_LINE_STATUS_PIPELINE = {
    "Awaiting payment": ("Confirmed", "Cancelled"),
    "Confirmed": ("Dispatched", "Cancelled"),
    "Dispatched": ("Delivered",),
    "Delivered": ("Returned",),
    "Returned": (),
    "Cancelled": (),
}
OSCAR_ORDER_STATUS_CASCADE = {"Confirmed": "Confirmed", "Cancelled": "Cancelled"}

# Oscar imports Haystack; search itself is ours, on PostgreSQL.
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
HAYSTACK_SIGNAL_PROCESSOR = "haystack.signals.BaseSignalProcessor"

# Promotions are ours (mall.promotions): Oscar's pages of offers, ranges and vouchers would change no basket.
OSCAR_DASHBOARD_NAVIGATION = [
    entry
    for entry in OSCAR_DASHBOARD_NAVIGATION  # noqa: F405
    if not any(child.get("url_name") == "dashboard:offer-list" for child in entry.get("children", ()))
]
