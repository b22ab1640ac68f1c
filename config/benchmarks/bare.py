"""The yardstick of the shop's pages: a bare Django view that renders one row, on the same settings and database."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()
# Only now: an app looks for its own middleware while it is set up.
settings.ROOT_URLCONF = "config.benchmarks.bare"
settings.MIDDLEWARE = []

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - needs the settings above
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Template  # noqa: E402
from django.urls import path  # noqa: E402

from mall.catalogue.models import Product  # noqa: E402

_PAGE = Template("<!doctype html><title>{{ row.title }}</title><h1>{{ row.title }}</h1>{{ row.description }}")


def one_row(request: HttpRequest) -> HttpResponse:
    """Read one product and render it."""
    return HttpResponse(_PAGE.render(Context({"row": Product.objects.order_by("pk").first()})))


urlpatterns = [path("", one_row)]
application = WSGIHandler()
