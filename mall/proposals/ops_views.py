"""The bank's staff keep the catalogue: what is proposed, what is one, and what decides between offers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from oscar.core.loading import get_model

from mall import bank
from mall.actors import NotAllowed
from mall.attributes import values
from mall.catalogue import drafts, writing
from mall.catalogue.drafts import ProductDraft
from mall.merchants.applications import is_operations
from mall.offers import buybox
from mall.offers import operations as offers
from mall.offers.models import BuyBoxWeights
from mall.proposals import deciding, merging, queries
from mall.proposals.deciding import UnableToDecide
from mall.proposals.forms import ProductDraftForm, WeightsForm, initial_of
from mall.proposals.models import CHANGE, OPEN, Proposal, ProposalPicture
from mall.proposals.views import category_choices, picture_response, shown_facts

Category = get_model("catalogue", "Category")

VERSIONS_SHOWN = 20


def operations_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to the bank's operations alone."""

    @wraps(view)
    @login_required
    def opened(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not is_operations(user=request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return opened


@operations_page
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show what waits, the oldest first, or what was decided, the latest first."""
    is_open = request.GET.get("state") != "decided"
    after = _whole(request.GET.get("after", ""))
    rows = queries.proposals(is_open=is_open, after=after, count=queries.PAGE + 1)
    context = {
        "rows": rows[: queries.PAGE],
        "is_open": is_open,
        "after": after,
        "next": rows[queries.PAGE - 1].proposal_id if len(rows) > queries.PAGE else 0,
    }
    return render(request, "mall/ops/catalogue.html", context)


@operations_page
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a proposal to edit, approve, decline, or join with a product that is there."""
    row = Proposal.objects.filter(pk=pk).select_related("merchant", "asked_by", "decided_by").first()
    if row is None:
        raise Http404
    draft = deciding.agreed_draft(proposal=row) if row.state == OPEN else drafts.from_json(row.wanted)
    form = _form(request, row=row, draft=draft)
    problem = ""
    if request.method == "POST":
        try:
            done = _decided(request, row=row, form=form)
        except UnableToDecide as refused:
            form.tell(problems=refused.problems) if form.is_bound else None
            problem = str(refused)
        except NotAllowed as refused:
            problem = str(refused)
        else:
            if done:
                messages.success(request, done)
                return redirect("ops-catalogue")
    context = {
        "row": row,
        "is_open": row.state == OPEN,
        "draft": draft,
        "form": form,
        "problem": problem,
        "facts": shown_facts(draft=draft),
        "differences": _differences(row=row, draft=draft),
        "pictures": list(row.pictures.order_by("position", "pk").values_list("token", flat=True)),
        "similar": _similar(row=row),
        "version": row.version,
    }
    return render(request, "mall/ops/proposal.html", context, status=422 if request.method == "POST" else 200)


@operations_page
@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest) -> HttpResponse:
    """Take one product for another."""
    given = {name: request.POST.get(name, "") or request.GET.get(name, "") for name in ("keep", "drop")}
    keep, drop = (_whole(given[name]) for name in ("keep", "drop"))
    problem = ""
    if request.method == "POST":
        try:
            merging.merge_products(keep=keep, drop=drop, by=request.user, at=bank.now())
        except (UnableToDecide, NotAllowed) as refused:
            problem = str(refused)
        else:
            messages.success(request, _("The two are one now."))
            return redirect("ops-merge")
    known = {row.product_id: row for row in queries.known(product_ids=[pk for pk in (keep, drop) if pk])}
    context = {
        "given": given,
        "keep": known.get(keep),
        "drop": known.get(drop),
        "problem": problem,
        "similar": [row for row in queries.similar(title=known[keep].title) if row.product_id != keep]
        if keep in known
        else [],
    }
    return render(request, "mall/ops/merge.html", context, status=422 if problem else 200)


@operations_page
@require_http_methods(["GET", "POST"])
def weights(request: HttpRequest) -> HttpResponse:
    """Show what decides between offers, and put other weights into force."""
    now = buybox.weights()
    initial = {name: getattr(now, name) // 100 for name in ("price", "speed", "quality", "stock")}
    form = WeightsForm(request.POST or None, initial=initial | {"seen": now.version})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            offers.set_weights(
                **{name: data[name] * 100 for name in ("price", "speed", "quality", "stock")},
                reason=data["reason"],
                seen=data["seen"],
                by=request.user.pk,
                at=bank.now(),
            )
        except offers.UnableToWeigh as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("In force. Listings follow within minutes."))
            return redirect("ops-weights")
    versions = BuyBoxWeights.objects.select_related("by").order_by("-version")[:VERSIONS_SHOWN]
    shown = [
        (
            one.version,
            [
                (_("Price"), one.price // 100),
                (_("Store"), one.quality // 100),
                (_("Time"), one.speed // 100),
                (_("Stock"), one.stock // 100),
            ],
            one.reason,
            one.by.email if one.by else "",
            one.at,
        )
        for one in versions
    ]
    context = {"form": form, "versions": shown}
    return render(request, "mall/ops/weights.html", context, status=422 if form.errors else 200)


@operations_page
@never_cache
@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    """Show a picture that waits."""
    row = ProposalPicture.objects.filter(token=token).first()
    if row is None:
        raise Http404
    return picture_response(row=row)


def _similar(*, row: Proposal) -> list[queries.Known]:
    if row.kind == CHANGE or row.state != OPEN:
        return []
    return queries.similar(title=row.title, numbers=row.gtins)


def _decided(request: HttpRequest, *, row: Proposal, form: ProductDraftForm) -> str:
    """Do what the person chose; return what to say, nothing when the form is wrong."""
    seen, at, action = _whole(request.POST.get("version", "")), bank.now(), request.POST.get("action", "")
    if action == "decline":
        reason = request.POST.get("reason", "")
        deciding.decline(proposal_id=row.pk, seen=seen, reason=reason, by=request.user, at=at)
        return _("Declined.")
    if action == "join":
        product_id = _whole(request.POST.get("product", ""))
        deciding.join(proposal_id=row.pk, seen=seen, product_id=product_id, by=request.user, at=at)
        return _("Joined: the offer is made of the product that was there.")
    if not form.is_valid():
        return ""
    deciding.approve(proposal_id=row.pk, seen=seen, by=request.user, at=at, draft=form.draft())
    return _("Approved: it is in the catalogue.")


def _form(request: HttpRequest, *, row: Proposal, draft: ProductDraft) -> ProductDraftForm:
    asked = values.asked_of(product_class_id=draft.class_id)
    edits = request.method == "POST" and request.POST.get("action") == "approve"
    form = ProductDraftForm(
        request.POST if edits else None,
        initial=initial_of(draft=draft, asked=asked, currency=row.merchant.currency),
        asked=asked,
        categories=category_choices(),
        currency=row.merchant.currency,
        class_id=draft.class_id,
        with_offers=False,
        rows=max(len(draft.variants), 1),
        product_ids=[variant.product_id for variant in draft.variants],
    )
    del form.fields["note"]
    return form


def _differences(*, row: Proposal, draft: ProductDraft) -> list[tuple[str, str, str]]:
    """Return, of a change, what it makes other than it is now: (what, before, after)."""
    if row.kind != CHANGE:
        return []
    before = writing.as_draft(product_id=row.product_id) if row.state == OPEN else drafts.from_json(row.before)
    names = dict(Category.objects.filter(pk__in={*before.category_ids, *draft.category_ids}).values_list("pk", "name"))

    def listed(ids: tuple[int, ...]) -> str:
        return ", ".join(names.get(pk, "–") for pk in ids)

    pairs = [
        (_("Name"), before.title, draft.title),
        (_("Categories"), listed(before.category_ids), listed(draft.category_ids)),
        ("GTIN", before.gtin, draft.gtin),
        (_("Description"), before.description, draft.description),
    ]
    was, now = dict(shown_facts(draft=before)), dict(shown_facts(draft=draft))
    pairs += [(name, was.get(name, ""), now.get(name, "")) for name in dict.fromkeys([*was, *now])]
    old = {variant.product_id: variant for variant in before.variants}
    for place, variant in enumerate(draft.variants, start=1):
        label = _("Variant %(n)d") % {"n": place}
        earlier = old.get(variant.product_id)
        pairs.append((label, _variant_text(earlier) if earlier else "", _variant_text(variant)))
    return [(name, one, other) for name, one, other in pairs if one != other]


def _variant_text(variant: drafts.VariantDraft) -> str:
    told = [", ".join(value) if isinstance(value, list) else str(value) for value in variant.values.values()]
    return ", ".join([*told, variant.gtin] if variant.gtin else told)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
