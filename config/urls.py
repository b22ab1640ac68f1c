"""Addresses of the site."""

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config import views

handler500 = "config.views.server_error"

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}img/favicon.svg")),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("mall.urls")),
    path("", include("payments.urls")),
    path("", include("financing.urls")),
    # Of Oscar's own pages only its back office, for superusers; ours replace all others.
    path("dashboard/", apps.get_app_config("dashboard").urls),
]
