"""A store's team: who works here as what, who is invited, and to whom the store is handed over."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mall import bank
from mall.actors import NotAllowed
from mall.merchants import letters, roles, staffing
from mall.merchants.access import CHOSEN, actor, staff_page
from mall.merchants.models import Invitation, Membership, Merchant
from mall.merchants.views import framed
from mall.queries.merchants import Workplace, history_of, staff_of


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail"),
        help_text=gettext_lazy("We send a link that is good for seven days."),
        error_messages={"required": gettext_lazy("Please give the person's e-mail address.")},
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[(role, name) for role, name, _told in roles.ROLES if role in staffing.INVITABLE],
        widget=forms.RadioSelect,
        initial=roles.CLERK,
    )


@staff_page(may=roles.STAFF)
@require_http_methods(["GET", "POST"])
def staff(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show who works here and what each role may do, and invite somebody."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            staffing.invite(
                merchant_id=place.merchant_id,
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                by=actor(request=request, place=place),
                at=bank.now(),
            )
        except (staffing.UnableToChangeStaff, NotAllowed) as problem:
            form.add_error("email", str(problem))
        else:
            messages.success(request, _("%(email)s is invited.") % {"email": form.cleaned_data["email"]})
            return redirect("merchant-staff")
    at = bank.now()
    invited = Invitation.objects.filter(merchant_id=place.merchant_id, state=Invitation.OPEN).order_by("pk")
    context = {
        "people": staff_of(merchant_id=place.merchant_id),
        "invited": [(row, row.expires_at <= at) for row in invited],
        "roles": roles.ROLES,
        "matrix": [(name, [role in allowed for role in roles.NAMES]) for _code, name, allowed in roles.MATRIX],
        "history": history_of(merchant_id=place.merchant_id, kinds=TEAM_KINDS, limit=12),
        "form": form,
        "me": request.user.pk,
    }
    frame = framed(request, place, "merchant-staff")
    return render(request, "mall/merchant/staff.html", frame | context, status=422 if form.errors else 200)


TEAM_KINDS = ("invited", "invitation withdrawn", "joined", "role changed", "removed", "handed over")


@require_POST
@staff_page(may=roles.STAFF)
def remove(request: HttpRequest, place: Workplace, user_id: int) -> HttpResponse:
    """Let somebody go."""
    return _change(
        request,
        _("This person does not work here any more."),
        lambda: staffing.remove_staff(
            merchant_id=place.merchant_id, user_id=user_id, by=actor(request=request, place=place), at=bank.now()
        ),
    )


@require_POST
@staff_page(may=roles.STAFF)
def role(request: HttpRequest, place: Workplace, user_id: int) -> HttpResponse:
    """Give somebody another role."""
    return _change(
        request,
        _("The role is changed."),
        lambda: staffing.change_role(
            merchant_id=place.merchant_id,
            user_id=user_id,
            role=request.POST.get("role", "")[:16],
            by=actor(request=request, place=place),
            at=bank.now(),
        ),
    )


@require_POST
@staff_page(may=roles.STAFF)
def withdraw(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Take an invitation back."""
    return _change(
        request,
        _("The invitation is taken back."),
        lambda: staffing.withdraw(
            merchant_id=place.merchant_id, invitation_id=pk, by=actor(request=request, place=place), at=bank.now()
        ),
    )


def _change(request: HttpRequest, done: str, act: object) -> HttpResponse:
    try:
        act()
    except (staffing.UnableToChangeStaff, NotAllowed) as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, done)
    return redirect("merchant-staff")


@staff_page(may=roles.STAFF)
@never_cache
@require_http_methods(["GET", "POST"])
def hand_over(request: HttpRequest, place: Workplace, user_id: int) -> HttpResponse:
    """Ask for the second factor; when it was given, hand the store over."""
    heir = Membership.objects.filter(merchant_id=place.merchant_id, user_id=user_id).select_related("user").first()
    if heir is None or user_id == request.user.pk:
        raise Http404
    if request.method == "POST" and "confirmed" not in request.POST:
        merchant = Merchant.objects.get(pk=place.merchant_id)
        act = staffing.handing_over(merchant=merchant, user_id=request.user.pk, heir=heir.user)
        try:
            return redirect(bank.operations.ask_to_confirm(act=act, at=bank.now()))
        except bank.operations.UnableToConfirm as problem:
            messages.error(request, str(problem))
            return redirect("merchant-staff")
    if request.method == "POST":
        by = actor(request=request, place=place)
        try:
            staffing.hand_over(merchant_id=place.merchant_id, heir_id=user_id, by=by, at=bank.now())
        except (staffing.UnableToChangeStaff, NotAllowed) as problem:
            messages.error(request, str(problem))
            return redirect("merchant-staff")
        messages.success(request, _("The store is handed over; you stay as its manager."))
        return redirect("merchant")
    context = framed(request, place, "merchant-staff") | {"heir": heir.user.get_full_name() or heir.user.email}
    return render(request, "mall/merchant/hand_over.html", context)


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invited person what he is invited to, and take his yes."""
    found = letters.invitation_of(token=token)
    row = Invitation.objects.filter(pk=found).select_related("merchant").first() if found else None
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            member = staffing.accept(invitation_id=row.pk, user=request.user, at=bank.now())
        except staffing.UnableToChangeStaff as problem:
            messages.error(request, str(problem))
            return redirect("invitation", token)
        request.session[CHOSEN] = member.merchant_id
        messages.success(request, _("Welcome to the team of %(store)s.") % {"store": row.merchant.name})
        return redirect("merchant")
    context = {
        "store": row.merchant.name,
        "role": roles.NAMES[row.role],
        "told": next(told for role, _name, told in roles.ROLES if role == row.role),
        "email": row.email,
        "is_other": row.email.casefold() != request.user.email.casefold(),
        "is_open": row.state == Invitation.OPEN and row.expires_at > bank.now(),
    }
    return render(request, "mall/invitation.html", context)
