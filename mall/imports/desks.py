"""The places where files are handed in: catalogue, tracking numbers, and the bank's list of merchants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.imports.models import BULK, CATALOGUE, MERCHANTS, TRACKING
from mall.merchants import roles
from mall.merchants.access import staff_page
from mall.merchants.applications import is_operations
from mall.merchants.views import framed
from mall.queries.merchants import Workplace


@dataclass(frozen=True, slots=True)
class Desk:
    """Where one kind of file comes in: `name` begins the names of its addresses, `path` the addresses."""

    name: str
    path: str
    kind: str
    kinds: tuple[str, ...]
    permission: str
    title: str | Promise
    told: str | Promise
    here: str

    @property
    def of_the_bank(self) -> bool:
        """Tell whether the bank's operations hand files in here, and no merchant."""
        return not self.permission

    def open(self, inner: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Return a page of this desk as a view, open to those whose it is."""
        if self.permission:

            @staff_page(may=self.permission)
            def opened(request: HttpRequest, place: Workplace, **named: object) -> HttpResponseBase:
                return inner(request, place, self, **named)

            return opened

        @login_required
        @wraps(inner)
        def of_operations(request: HttpRequest, **named: object) -> HttpResponseBase:
            if not is_operations(user=request.user):
                raise PermissionDenied
            return inner(request, None, self, **named)

        return of_operations

    def frame(self, request: HttpRequest, place: Workplace | None) -> dict[str, object]:
        """Return what the frame of the desk's pages needs."""
        own = {
            "desk": self,
            "base": "mall/merchant/base.html" if place else "base.html",
            "currency": place.currency if place else bank.policy().CURRENCY,
        }
        return own | (framed(request, place, self.here) if place else {"hide_money": True})


DESKS = (
    Desk(
        name="merchant-imports",
        path="merchant/catalogue/import/",
        kind=CATALOGUE,
        kinds=(CATALOGUE, BULK),
        permission=roles.CATALOGUE,
        title=_("Import the catalogue"),
        told=_("CSV or XLSX, up to 50,000 lines. You see what would change before anything does, and can undo it all."),
        here="merchant-catalogue",
    ),
    Desk(
        name="merchant-tracking",
        path="merchant/tracking/",
        kind=TRACKING,
        kinds=(TRACKING,),
        permission=roles.ORDERS,
        title=_("Upload tracking numbers"),
        told=_(
            "One line a parcel: order number, carrier, tracking number. The parcels count as sent."
        ),
        here="merchant-orders",
    ),
    Desk(
        name="merchants-import",
        path="ops/merchants/import/",
        kind=MERCHANTS,
        kinds=(MERCHANTS,),
        permission="",
        title=_("Onboard merchants from a file"),
        told=_("One line a store. One person uploads the file, another one confirms it."),
        here="",
    ),
)
