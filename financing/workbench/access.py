"""Who may open the pages of credit: officers and risk managers by role and second factor, owners of merchants."""

from collections.abc import Callable
from functools import wraps

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from mall.queries import merchants
from mall.queries.merchants import Workplace, workplaces

OFFICERS = frozenset({"credit officer", "senior officer"})
READERS = OFFICERS | {"risk manager"}
OWNER = "owner"
_CHOSEN = "merchant"
_METHODS = "account_authentication_methods"

View = Callable[..., HttpResponse]


def reference(request: HttpRequest) -> str:
    """Return the person who asks, as every stage names people."""
    return f"user:{request.user.pk}"


def roles(request: HttpRequest) -> frozenset[str]:
    """Return the person's groups, read once a request."""
    if not hasattr(request, "_roles"):
        request._roles = frozenset(request.user.groups.values_list("name", flat=True))
    return request._roles


def officer_page(view: View) -> View:
    """Open a view to credit officers who signed in with their second factor."""
    return _staff_page(view, OFFICERS)


def reader_page(view: View) -> View:
    """Open a view to credit officers and to risk managers, who read cases and decide on none."""
    return _staff_page(view, READERS)


def _staff_page(view: View, allowed: frozenset[str]) -> View:
    @wraps(view)
    @login_required
    def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not allowed & roles(request):
            raise PermissionDenied
        if not is_mfa_enabled(request.user):
            messages.warning(request, _("Bank staff sign in with a second factor: set yours up first."))
            return redirect("mfa_index")
        used = {record.get("method") for record in request.session.get(_METHODS, ())}
        if "mfa" not in used:
            messages.warning(request, _("Enter your second factor to go on."))
            return redirect(f"{reverse('mfa_reauthenticate')}?next={request.path}")
        return view(request, *args, **kwargs)

    return opened


def owner_page(view: View) -> View:
    """Open a view to owners of a merchant; it gets the workplace after the request."""

    @wraps(view)
    @login_required
    def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        places = workplaces(user_id=request.user.pk)
        if not places:
            return redirect("/sell/")
        chosen = request.session.get(_CHOSEN)
        place = next((place for place in places if place.merchant_id == chosen), places[0])
        if place.role != OWNER:
            raise PermissionDenied
        request.workplaces = places
        return view(request, place, *args, **kwargs)

    return opened


def frame(request: HttpRequest, place: Workplace) -> dict[str, object]:
    """Return what the frame of a merchant's page needs: the store, its pages, and that this is its financing."""
    subnav = merchants.subnav(role=place.role, here="merchant-financing")
    return {"place": place, "workplaces": request.workplaces, "subnav": subnav}
