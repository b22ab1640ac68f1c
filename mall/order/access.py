"""Whose order a page may show: its buyer's, or a guest's who came by the link in his mail and knows its address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from mall.actors import BUYER, Actor
from mall.queries.orders import OrderPage, order_page

SALT = "mall.guest-order"
# How long the link in a mail opens the order, and the numbers of orders it has opened in this session.
LINK_DAYS = 400
OPENED = "guest_orders"
MOST_OPENED = 20
# Wrong addresses for one link, an hour.
TRIES = 10
_HOUR = 3_600


class TooManyTries(Exception):
    """So many addresses were tried with a link that it rests for an hour."""


def token_of(*, number: str) -> str:
    """Return what the link to a guest's order carries."""
    return signing.dumps(number, salt=SALT)


def number_in(*, token: str) -> str | None:
    """Return the order a link names, while it is good."""
    try:
        return str(signing.loads(token, salt=SALT, max_age=LINK_DAYS * 86_400))
    except signing.BadSignature:
        return None


def open_by_link(request: HttpRequest, *, number: str, email: str) -> bool:
    """Open a guest's order in this session when the address is the one it was ordered with.

    :raises TooManyTries: too many wrong ones were tried.
    """
    counter = f"guest-order:{number}"
    cache.add(counter, 0, _HOUR)
    if cache.incr(counter) > TRIES:
        raise TooManyTries
    found = order_page(number=number)
    if found is None or not found.is_guests:
        return False
    if not constant_time_compare(found.email.strip().casefold(), email.strip().casefold()):
        return False
    cache.delete(counter)
    request.session[OPENED] = [*_opened(request), number][-MOST_OPENED:]
    return True


def buyer_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to an order's buyer; it gets the order after the request instead of its number."""

    @wraps(view)
    def opened(request: HttpRequest, number: str, *args: object, **kwargs: object) -> HttpResponse:
        if number in _opened(request):
            found = order_page(number=number)
            if found is not None and found.is_guests:
                return view(request, found, *args, **kwargs)
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        found = order_page(number=number, user_id=request.user.pk)
        if found is None:
            raise Http404
        return view(request, found, *args, **kwargs)

    return opened


def buyer(request: HttpRequest, *, order: OrderPage) -> Actor:
    """Return who acts on the order, as operations want to know him."""
    return Actor(BUYER, order=order.number) if order.is_guests else Actor(BUYER, user_id=request.user.pk)


def _opened(request: HttpRequest) -> list[str]:
    return list(request.session.get(OPENED, ()))
