"""Which devices a signed-in person is seen with: an opaque cookie, remembered once a session."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from mall import bank
from mall.customer.operations import sight_device

COOKIE = "device"
KEPT_SECONDS = 2 * 365 * 24 * 3600


def remember_device(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return the middleware; visitors who are not signed in get no cookie from it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not hasattr(request, "session"):
            return response
        if not request.user.is_authenticated:
            return response
        known = request.COOKIES.get(COOKIE, "")[:64]
        if known and request.session.get(COOKIE) == known:
            return response
        device = known or secrets.token_urlsafe(24)
        sight_device(user_id=request.user.pk, device=device, at=bank.now())
        request.session[COOKIE] = device
        if not known:
            response.set_cookie(
                COOKIE, device, max_age=KEPT_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure()
            )
        return response

    return middleware
