"""Django itself: apps, middleware, database, cache, queue, security, logs."""

import warnings

from config import env, services
from config.settings.logs import logging_settings
from config.settings.oscar import OSCAR_APPS

BASE_DIR = env.CHECKOUT
RIALTO_ENV = env.environment()
RIALTO_HOME = env.home()
PRODUCTION = RIALTO_ENV == "production"

SECRET_KEY = env.secret_key(demo="the-demo-signs-with-this-key-and-production-refuses-it-outright")
DEBUG = env.flag(name="DEBUG", default=False) and not PRODUCTION
ALLOWED_HOSTS = env.hosts()
PORT = env.port()

INSTALLED_APPS = [
    "config",
    "config.simulation",
    "payments",
    "payments.ledger",
    "financing",
    "mall.merchants",
    "mall.onboarding",
    "mall.lifecycle",
    "mall.health",
    "mall.storefront",
    "mall.fulfilment",
    "mall.imports",
    "mall.api",
    "mall.invoices",
    "mall.taxes",
    "mall.delivery",
    "mall.promotions",
    "mall.saved",
    "mall.papers",
    "mall.returns",
    "mall.messages",
    "mall.offers",
    "mall.attributes",
    "mall.proposals",
    "mall.notices",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django.contrib.flatpages",
    "django.contrib.humanize",
    "django.contrib.postgres",
    *OSCAR_APPS,
    "widget_tweaks",
    "haystack",
    "treebeard",
    "sorl.thumbnail",
    "django_tables2",
    "phonenumber_field",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "pgtrigger",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.security_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "mall.customer.devices.remember_device",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "mall.basket.middleware.BasketMiddleware",
    "config.middleware.no_null_characters",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
SITE_ID = 1
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oscar.core.context_processors.metadata",
                "mall.context.chrome",
            ],
        },
    }
]

env.require_own_servers()
env.require_own_bank()
# Without DATABASE_URL the embedded server of RIALTO_HOME; migrations run as the owner of the tables,
# everything else in the limited role.
OWNER = env.flag(name="RIALTO_AS_OWNER", default=False)
DATABASES = {
    "default": (env.database(name="DATABASE_OWNER_URL") if OWNER else None)
    or env.database(name="DATABASE_URL")
    or env.database_from(
        address=services.database_url(home=RIALTO_HOME, role="owner" if OWNER else "app"), name="DATABASE_URL"
    )
}
DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}

REDIS_URL = env.redis() or services.redis_url(home=RIALTO_HOME)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": services.redis_database(url=REDIS_URL, offset=0),
        "KEY_PREFIX": "rialto",
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

AUTH_USER_MODEL = "customer.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Rialto"
MFA_PASSKEY_LOGIN_ENABLED = True
# Browsers make passkeys over TLS, or for the name `localhost`.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
ACCOUNT_ADAPTER = "mall.customer.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "mall.customer.forms.SignUpForm"}
EMAIL_BACKEND = "django.core.mail.backends." + ("smtp.EmailBackend" if PRODUCTION else "filebased.EmailBackend")
EMAIL_FILE_PATH = RIALTO_HOME / "mail"
EMAIL_HOST = env.text(name="EMAIL_HOST", default="localhost")
EMAIL_PORT = env.whole_number(name="EMAIL_PORT", default=25, low=1, high=65535)
EMAIL_HOST_USER = env.text(name="EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text(name="EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag(name="EMAIL_USE_TLS", default=False)
DEFAULT_FROM_EMAIL = "market@rialto.example"

LOCALE_PATHS = [BASE_DIR / "locale"]
# Plain "en" would be read by gettext as American too, and take over the words of libraries ("cart", "catalog").
LANGUAGE_CODE = "en-gb"
# A language is offered once our own words are there in it; half a page in each of two helps nobody.
LANGUAGES = [
    ("en-gb", "English"),
    *(
        (code, name)
        for code, folder, name in (("es", "es", "Español"), ("zh-hans", "zh_Hans", "简体中文"))
        if (LOCALE_PATHS[0] / folder / "LC_MESSAGES" / "django.mo").exists()
    ),
]
USE_I18N = True
FORMAT_MODULE_PATH = ["config.formats"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = RIALTO_HOME / "media"
# Outside production files are served from where they lie, and need no collecting.
WHITENOISE_USE_FINDERS = not PRODUCTION
if not PRODUCTION:
    warnings.filterwarnings("ignore", message="No directory at", module="django.core.handlers.base")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

if not PRODUCTION:
    # Browsers keep cookies by host whatever the port: two markets on one machine would sign each other's people out.
    SESSION_COOKIE_NAME = f"session-{env.port()}"
    CSRF_COOKIE_NAME = f"csrf-{env.port()}"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env.flag(name="SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag(name="BEHIND_PROXY", default=False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if PRODUCTION and host != "*"]

CELERY_BROKER_URL = services.broker_url(url=services.redis_database(url=REDIS_URL, offset=1))
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # A task that a dead worker held comes back so many seconds later; a live worker says again and again that it
    # still holds its own (`config.celery.say_what_is_held`), so a long task is not given to a second one.
    "visibility_timeout": 16,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "global_keyprefix": "rialto:",
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 1_800
CELERY_TASK_DEFAULT_QUEUE = "payments"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(RIALTO_HOME / "beat-schedule")

# Without a key, outside production, the stand-in answers that RIALTO_CARD_STAND_IN (in `wiring`) gives the address of.
STRIPE_API_KEY = env.text(name="STRIPE_API_KEY")
# The key that the browser uses: card data go from it to Stripe alone.
STRIPE_PUBLISHABLE_KEY = env.text(name="STRIPE_PUBLISHABLE_KEY")
STRIPE_API_BASE = env.text(name="STRIPE_API_BASE")
STRIPE_WEBHOOK_SECRET = env.text(name="STRIPE_WEBHOOK_SECRET")

# Payments begun at another bank; without an address, outside production, the stand-in plays it.
OTHER_BANK_URL = env.text(name="OTHER_BANK_URL")
OTHER_BANK_SECRET = env.text(name="OTHER_BANK_SECRET")

# Without it the ledger keeps a file per database in RIALTO_HOME/seals, so that copies of a book never share one
RIALTO_SEAL_FILE = env.text(name="RIALTO_SEAL_FILE")
RIALTO_LAKE = RIALTO_HOME / "lake"

# How letters begin their links to pages
RIALTO_SITE = env.text(
    name="RIALTO_SITE", default=f"https://{ALLOWED_HOSTS[0]}" if PRODUCTION else f"http://127.0.0.1:{PORT}"
)
# Where files for other banks are laid, and where theirs are found; both outside what the web server shows.
RIALTO_BANK_OUT = env.text(name="RIALTO_BANK_OUT", default=str(RIALTO_HOME / "bank" / "out"))
RIALTO_BANK_IN = env.text(name="RIALTO_BANK_IN", default=str(RIALTO_HOME / "bank" / "in"))

LOGGING = logging_settings(production=PRODUCTION)

# Whether the domains beside and below this one speak TLS alone is their owner's to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
