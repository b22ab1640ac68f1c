"""Which basket a request is about; what a browser filled before its owner signed in is poured into his own."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, HttpResponse
from django.utils.translation import ngettext
from oscar.apps.basket.middleware import BasketMiddleware as OscarBasketMiddleware
from oscar.core.loading import get_model

from mall.basket import operations
from mall.context import forget_basket_count

Basket = get_model("basket", "Basket")


class BasketMiddleware(OscarBasketMiddleware):
    """Find the basket when somebody asks for it; promotions are computed with its contents, not on every page."""

    def get_basket(self, request: HttpRequest) -> Basket:
        """Return the open basket of this request, a guest's unsaved until something is put into it."""
        if request._basket_cache is not None:
            return request._basket_cache
        name = self.get_cookie_key(request)
        brought = self.get_cookie_basket(name, request, Basket.open)
        basket = brought or Basket()
        if request.user.is_authenticated:
            own = list(Basket.open.filter(owner=request.user).order_by("pk"))
            basket = own[0] if own else Basket.open.create(owner=request.user)
            basket.owner = request.user
            others = own[1:] + ([brought] if brought else [])
            if brought:
                request.cookies_to_delete.append(name)
            if others:
                self._pour(request, basket=basket, others=others)
        request._basket_cache = basket
        return basket

    def get_cookie_basket(self, cookie_key: str, request: HttpRequest, manager: object) -> Basket | None:
        """Return the basket this browser filled; one that is being paid for keeps its cookie, for it may come back."""
        try:
            number = Signer().unsign(request.COOKIES[cookie_key])
        except (KeyError, BadSignature):
            return None
        found = Basket.objects.filter(pk=number, owner=None, status__in=(Basket.OPEN, Basket.FROZEN)).first()
        if found is None:
            request.cookies_to_delete.append(cookie_key)
        return found if found is not None and found.status == Basket.OPEN else None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Give the browser the mark of a basket begun beside the one that is being paid for."""
        response = super().process_response(request, response)
        name = self.get_cookie_key(request)
        held = request.COOKIES.get(name)
        basket = request._basket_cache
        if held and basket is not None and basket.id and not request.user.is_authenticated:
            mark = self.get_basket_hash(basket.id)
            if mark != held and name not in response.cookies:
                response.set_cookie(
                    name,
                    mark,
                    max_age=settings.OSCAR_BASKET_COOKIE_LIFETIME,
                    secure=settings.OSCAR_BASKET_COOKIE_SECURE,
                    httponly=True,
                )
        return response

    def _pour(self, request: HttpRequest, *, basket: Basket, others: list[Basket]) -> None:
        pieces = 0
        for other in others:
            pieces += sum(other.lines.values_list("quantity", flat=True))
            for sentence in operations.merge(into=basket.pk, other=other.pk):
                messages.warning(request, sentence)
        if pieces:
            text = ngettext(
                "%(n)d piece you chose before you signed in is in your basket now.",
                "%(n)d pieces you chose before you signed in are in your basket now.",
                pieces,
            )
            messages.info(request, text % {"n": pieces})
        forget_basket_count(request=request)

    def apply_offers_to_basket(self, request: HttpRequest, basket: Basket) -> None:
        """Do nothing: see `mall.basket.contents`."""
