"""A merchant finds a product to offer, or proposes one that is not there, or a change."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oscar.core.loading import get_model

from mall import bank, uploads
from mall.attributes import values
from mall.catalogue import drafts, gtin, tree, writing
from mall.merchants import roles
from mall.merchants.access import actor, staff_page
from mall.merchants.models import Merchant
from mall.merchants.views import framed
from mall.offers import making
from mall.proposals import operations, pictures, queries
from mall.proposals.forms import ROWS, ROWS_MORE, OfferTermsForm, ProductDraftForm, initial_of
from mall.proposals.models import OPEN, Proposal, ProposalPicture
from mall.proposals.operations import Wish
from mall.queries.merchants import Workplace
from mall.search import queries as search

Product = get_model("catalogue", "Product")
ProductClass = get_model("catalogue", "ProductClass")

FOUND = 12
HERE = "merchant-catalogue"


@staff_page(may=roles.CATALOGUE)
@require_safe
def find(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Search the shared catalogue by name or trade item number, to offer what is there."""
    text = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:100]
    problem, ids, numbers = "", [], []
    if text and text.replace(" ", "").replace("-", "").isdecimal():
        try:
            ids, numbers = queries.by_number(text=text), [gtin.normal(text=text)]
        except gtin.NoGtin as refused:
            problem = str(refused)
    if text and not ids:
        ids = [hit.product_id for hit in search.search(text=text, page_size=FOUND, with_facets=False).hits]
    partner = Merchant.objects.values_list("partner_id", flat=True).get(pk=place.merchant_id)
    context = {
        "q": text,
        "problem": problem,
        "number": numbers[0] if numbers else "",
        "found": queries.known(product_ids=ids, partner_id=partner, numbers=numbers),
        "classes": _classes() if text else [],
    }
    return render(request, "mall/merchant/find.html", framed(request, place, HERE) | context)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def offer(request: HttpRequest, place: Workplace, product_id: int) -> HttpResponse:
    """Offer a product that is there; of one with variants, choose which first."""
    product = Product.objects.filter(pk=product_id, is_public=True).select_related("parent").first()
    if product is None or (product.parent and not product.parent.is_public):
        raise Http404
    if product.is_parent:
        children = Product.objects.filter(parent=product, is_public=True).order_by("pk").values_list("pk", flat=True)
        partner = Merchant.objects.values_list("partner_id", flat=True).get(pk=place.merchant_id)
        context = {"product": product, "found": queries.known(product_ids=list(children), partner_id=partner)}
        return render(request, "mall/merchant/offer_variants.html", framed(request, place, HERE) | context)
    form = OfferTermsForm(request.POST or None, currency=place.currency)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        wish = making.MakeOffer(
            merchant_id=place.merchant_id,
            product_id=product.pk,
            sku=data["sku"],
            price_minor=bank.minor(amount=data["price"], currency=place.currency),
            stock=data["stock"],
            condition=data["condition"],
            handling_days=data["handling_days"],
        )
        try:
            making.make_offers(requests=[wish], by=actor(request=request, place=place), at=bank.now())
        except making.UnableToOffer as problem:
            form.add_error(problem.field if problem.field in form.fields else None, str(problem))
        else:
            messages.success(request, _("You offer “%(title)s” now.") % {"title": product.get_title()})
            return redirect("merchant-catalogue")
    context = {"product": product, "title": product.get_title(), "form": form}
    status = 422 if form.errors else 200
    return render(request, "mall/merchant/offer.html", framed(request, place, HERE) | context, status=status)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def propose(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Propose a product that is not there."""
    product_class = ProductClass.objects.filter(slug=request.GET.get("class", "")[:128]).first()
    if product_class is None:
        return redirect("merchant-find")
    typed = {"title": request.GET.get("title", "")[:160], "v0-gtin": request.GET.get("gtin", "")[:20]}
    return _edit(request, place=place, product_class=product_class, initial=typed)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, place: Workplace, product_id: int) -> HttpResponse:
    """Propose a change of a shared product that one offers."""
    before = writing.as_draft(product_id=product_id)
    shared = Product.objects.filter(pk=product_id).select_related("parent", "product_class").first()
    partner = Merchant.objects.values_list("partner_id", flat=True).get(pk=place.merchant_id)
    if before is None or not any(row.mine for row in queries.known(product_ids=[product_id], partner_id=partner)):
        raise Http404
    root = shared.parent or shared
    return _edit(request, place=place, product_class=root.product_class, draft=before, product_id=root.pk)


@staff_page(may=roles.CATALOGUE)
@require_http_methods(["GET", "POST"])
def proposal(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Show a proposal of one's own; while it waits, it can be changed."""
    row = Proposal.objects.filter(pk=pk, merchant=place.merchant_id).select_related("product").first()
    if row is None:
        raise Http404
    draft = drafts.from_json(row.wanted)
    if row.state != OPEN:
        context = {"row": row, "draft": draft, "facts": shown_facts(draft=draft), "pictures": _pictures_of(row)}
        return render(request, "mall/merchant/proposal.html", framed(request, place, HERE) | context)
    product_class = ProductClass.objects.get(pk=draft.class_id)
    return _edit(
        request, place=place, product_class=product_class, draft=draft, product_id=row.product_id, proposal=row
    )


@require_POST
@staff_page(may=roles.CATALOGUE)
def withdraw(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Take a proposal back."""
    if not Proposal.objects.filter(pk=pk, merchant=place.merchant_id).exists():
        raise Http404
    try:
        operations.withdraw(proposal_id=pk, by=actor(request=request, place=place))
    except operations.UnableToPropose as problem:
        messages.error(request, str(problem))
    else:
        messages.success(request, _("Taken back."))
    return redirect("merchant-proposals")


@staff_page(may=roles.CATALOGUE)
@require_safe
def proposals(request: HttpRequest, place: Workplace) -> HttpResponse:
    """List what one proposed."""
    before = request.GET.get("before", "")
    after = int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else 0
    rows = queries.proposals(merchant_id=place.merchant_id, after=after, count=queries.PAGE + 1)
    context = {
        "rows": rows[: queries.PAGE],
        "more": rows[queries.PAGE - 1].proposal_id if len(rows) > queries.PAGE else 0,
    }
    return render(request, "mall/merchant/proposals.html", framed(request, place, HERE) | context)


@staff_page(may=roles.CATALOGUE)
@never_cache
@require_safe
def picture(request: HttpRequest, place: Workplace, token: str) -> HttpResponse:
    """Show one's own picture that waits."""
    row = ProposalPicture.objects.filter(token=token, merchant=place.merchant_id).first()
    if row is None:
        raise Http404
    return picture_response(row=row)


@require_safe
def public_picture(request: HttpRequest, name: str) -> HttpResponse:
    """Hand out a product's picture; its name is its content's, so it never changes."""
    path = f"{pictures.FOLDER}/{name}.webp"
    if not (len(name) == 64 and set(name) <= set("0123456789abcdef")) or not default_storage.exists(path):
        raise Http404
    response = FileResponse(default_storage.open(path), content_type="image/webp")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def picture_response(*, row: ProposalPicture) -> HttpResponse:
    """Return a waiting picture."""
    try:
        content = pictures.read(picture=row)
    except bank.FileDamaged:
        raise Http404 from None
    response = HttpResponse(content, content_type="image/webp")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def shown_facts(*, draft: drafts.ProductDraft) -> list[tuple[str, str]]:
    """Return what a draft says, in the reader's words."""
    asked = {one.code: one for one in values.asked_of(product_class_id=draft.class_id)}
    return [
        (asked[code].name, values.said(kind=asked[code].type, unit=asked[code].unit, value=value))
        for code, value in (draft.values or {}).items()
        if code in asked
    ]


def category_choices() -> list[tuple[int, str]]:
    """Return every category for a list to choose from, indented by where it lies."""
    return [(node.pk, "– " * len(node.above) + node.name) for node in tree.tree().values()]


def _classes() -> list[ProductClass]:
    return list(ProductClass.objects.exclude(slug="goods").order_by("name"))


def _pictures_of(row: Proposal) -> list[str]:
    return list(row.pictures.order_by("position", "pk").values_list("token", flat=True))


def _edit(
    request: HttpRequest,
    *,
    place: Workplace,
    product_class: ProductClass,
    draft: drafts.ProductDraft | None = None,
    product_id: int | None = None,
    proposal: Proposal | None = None,
    initial: dict[str, object] | None = None,
) -> HttpResponse:
    """Show the form of a proposal, take its pictures, and save it."""
    asked = values.asked_of(product_class_id=product_class.pk)
    tokens, refused = _taken(request, place=place)
    if request.method != "POST" and proposal is not None:
        tokens = _pictures_of(proposal)
    if draft is not None:
        offers = proposal.offers if proposal else ()
        initial = initial_of(draft=draft, asked=asked, offers=offers, currency=place.currency)
        initial["note"] = proposal.note if proposal else ""
    form = ProductDraftForm(
        request.POST if request.method == "POST" else None,
        initial=initial,
        asked=asked,
        categories=category_choices(),
        currency=place.currency,
        class_id=product_class.pk,
        with_offers=product_id is None,
        rows=_rows(request, draft=draft),
        product_ids=[variant.product_id for variant in draft.variants] if product_id and draft else (),
    )
    only_more = "more" in request.POST or "upload" in request.POST
    if request.method == "POST" and not only_more and form.is_valid() and not refused:
        wish = Wish(
            merchant_id=place.merchant_id,
            draft=form.draft(),
            offers=form.offers(),
            product_id=product_id,
            tokens=tuple(tokens),
            note=form.cleaned_data["note"],
        )
        if _saved(request, place=place, form=form, wish=wish, proposal=proposal):
            messages.success(request, _("Thank you. The bank's staff look at it, mostly within a day."))
            return redirect("merchant-proposals")
    if only_more:
        form.errors.clear()
    context = {
        "form": form,
        "product_class": product_class,
        "tokens": tokens,
        "refused": refused,
        "proposal": proposal,
        "is_change": product_id is not None,
        "key": request.POST.get("key", "")[:40] or secrets.token_urlsafe(12),
        "version": request.POST.get("version") or (proposal.version if proposal else ""),
        "rows": form.rows,
        "similar": queries.similar(title=form["title"].value() or "")[:4]
        if request.method == "POST" and product_id is None
        else [],
    }
    status = 422 if (form.errors or refused) and not only_more else 200
    return render(request, "mall/merchant/propose.html", framed(request, place, HERE) | context, status=status)


def _saved(
    request: HttpRequest, *, place: Workplace, form: ProductDraftForm, wish: Wish, proposal: Proposal | None
) -> bool:
    """Make or change the proposal; what is wrong is told at the form."""
    by = actor(request=request, place=place)
    version = request.POST.get("version", "")
    try:
        if proposal is None:
            key = request.POST.get("key", "")[:40] or secrets.token_urlsafe(12)
            operations.propose(wish=wish, key=key, by=by, at=bank.now())
        else:
            seen = int(version) if version.isascii() and version.isdecimal() and len(version) < 9 else 0
            operations.revise(proposal_id=proposal.pk, wish=wish, seen=seen, by=by)
    except operations.UnableToPropose as problem:
        form.tell(problems=problem.problems)
        return False
    return True


def _taken(request: HttpRequest, *, place: Workplace) -> tuple[list[str], list[str]]:
    """Take the uploaded pictures at once, whatever else is wrong; return the tokens of all, and what was refused."""
    if request.method != "POST":
        return [], []
    drop = set(request.POST.getlist("drop"))
    asked = [token for token in request.POST.getlist("picture")[: pictures.MOST] if token not in drop]
    tokens = list(
        ProposalPicture.objects.filter(merchant=place.merchant_id, token__in=asked).values_list("token", flat=True)
    )
    tokens.sort(key=asked.index)
    refused: list[str] = []
    for file in request.FILES.getlist("pictures"):
        if len(tokens) >= pictures.MOST:
            refused.append(_("A product has at most %(most)d pictures.") % {"most": pictures.MOST})
            break
        try:
            tokens.append(_take(file=file, place=place))
        except uploads.UnableToTakePicture as problem:
            refused.append(str(problem))
    return tokens, refused


def _take(*, file: object, place: Workplace) -> str:
    # One byte more than may be is read, so that a huge file is refused without being held in memory.
    content = file.read(uploads.MAX_BYTES + 1)
    row = pictures.take(merchant_id=place.merchant_id, name=file.name, content=content, at=bank.now())
    return row.token


def _rows(request: HttpRequest, *, draft: drafts.ProductDraft | None) -> int:
    asked = request.POST.get("rows", "")
    rows = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else ROWS
    variants: Sequence[object] = draft.variants if draft else ()
    rows = max(rows, len(variants) + 1 if variants else ROWS)
    return min(rows + (ROWS_MORE if "more" in request.POST else 0), drafts.VARIANTS_MOST)
