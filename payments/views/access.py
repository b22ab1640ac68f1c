"""Who may see what: one's own money, and the bank's for those who run it."""

from collections.abc import Callable
from functools import wraps

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

View = Callable[..., HttpResponse]
OPERATIONS = "operations"


def operations_only(view: View) -> View:
    """Let in members of the group `operations` who have a second factor; others are told what is missing."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *arguments: object, **named: object) -> HttpResponse:
        if not request.user.groups.filter(name=OPERATIONS).exists():
            raise PermissionDenied
        if not Authenticator.objects.filter(user=request.user).exists():
            messages.warning(request, _("Staff need a second factor: add one to go on."))
            return redirect("mfa_index")
        return view(request, *arguments, **named)

    return guarded


def holder(request: HttpRequest) -> str:
    """Return the name by which the bank knows the signed-in person."""
    return f"user:{request.user.pk}"
