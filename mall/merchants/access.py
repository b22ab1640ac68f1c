"""Who may open a merchant's pages, and for which merchant a person is at work."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from mall.actors import MERCHANT, Actor
from mall.merchants import roles
from mall.queries.merchants import Workplace, workplaces

CHOSEN = "merchant"


def staff_page(view: Callable[..., HttpResponse] | None = None, *, may: str = roles.WORK) -> Callable:
    """Open a view to those of a merchant's staff who have the permission; it gets the workplace after the request."""

    def decorate(inner: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(inner)
        @login_required
        def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            places = workplaces(user_id=request.user.pk)
            if not places:
                return redirect("sell")
            place = _place(request, places=places)
            if place is None:
                return redirect(f"{reverse('merchant-choose')}?{urlencode({'next': request.get_full_path()})}")
            if not roles.may(role=place.role, permission=may):
                raise PermissionDenied
            request.workplaces = places
            return inner(request, place, *args, **kwargs)

        opened.permission = may
        return opened

    return decorate(view) if view else decorate


def _place(request: HttpRequest, *, places: list[Workplace]) -> Workplace | None:
    """Return the store the person chose, or the only one; nothing where he has to choose before he reads."""
    chosen = request.session.get(CHOSEN)
    found = next((place for place in places if place.merchant_id == chosen), None)
    if found is not None or len(places) == 1 or request.method != "GET":
        return found or places[0]
    return None


def actor(*, request: HttpRequest, place: Workplace) -> Actor:
    """Return the person at work, as operations want to know him."""
    return Actor(MERCHANT, user_id=request.user.pk, merchant_id=place.merchant_id, role=place.role)
