"""Who may open a merchant's pages, and for which merchant a person is at work."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from mall.actors import MERCHANT, Actor
from mall.merchants.models import OWNER
from mall.queries.merchants import Workplace, workplaces

CHOSEN = "merchant"


def staff_page(view: Callable[..., HttpResponse] | None = None, *, owner: bool = False) -> Callable:
    """Open a view to a merchant's staff, or its owners alone; the view gets the workplace after the request."""

    def decorate(inner: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(inner)
        @login_required
        def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            places = workplaces(user_id=request.user.pk)
            if not places:
                return redirect("sell")
            chosen = request.session.get(CHOSEN)
            place = next((place for place in places if place.merchant_id == chosen), places[0])
            if owner and place.role != OWNER:
                raise PermissionDenied
            request.workplaces = places
            return inner(request, place, *args, **kwargs)

        return opened

    return decorate(view) if view else decorate


def actor(*, request: HttpRequest, place: Workplace) -> Actor:
    """Return the person at work, as operations want to know him."""
    return Actor(MERCHANT, user_id=request.user.pk, merchant_id=place.merchant_id, role=place.role)
