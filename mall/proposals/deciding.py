"""The bank's staff decide on proposals: approve, with changes of their own, decline, or join with what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall.actors import OPERATIONS, Actor, NotAllowed
from mall.catalogue import drafts, writing
from mall.catalogue.drafts import ProductDraft
from mall.customer.models import User
from mall.merchants.applications import is_operations
from mall.notices import operations as notices
from mall.offers import making
from mall.offers.making import MakeOffer, UnableToOffer
from mall.proposals import pictures
from mall.proposals.models import APPROVED, CHANGE, DECLINED, MERGED, NEW, OPEN, Proposal
from mall.search import operations as search

Product = get_model("catalogue", "Product")


class UnableToDecide(Exception):
    """Nothing was decided. ``problems``: each the field it is about and a sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _field, sentence in problems))
        self.problems = list(problems)


def approve(*, proposal_id: int, seen: int, by: User, at: datetime, draft: ProductDraft | None = None) -> Proposal:
    """Make a proposal true: the product with its variants and pictures, and the merchant's offers of it.

    `seen` is the version the person decides on; `draft` is what he makes of it, else it is taken as proposed.

    :raises NotAllowed: the person is not of operations, or asked for it himself.
    :raises UnableToDecide: it does not wait any more, was changed meanwhile, or cannot be written; nothing moved.
    """
    with transaction.atomic():
        proposal = _open(proposal_id=proposal_id, seen=seen, by=by)
        wanted = draft or agreed_draft(proposal=proposal)
        try:
            if proposal.kind == NEW:
                written = writing.create(draft=wanted, at=at)
            else:
                written = writing.change(product_id=proposal.product_id, draft=wanted, at=at)
        except writing.UnableToWrite as problem:
            raise UnableToDecide(problem.problems) from None
        _offer(proposal=proposal, variant_ids=written.variant_ids, at=at)
        pictures.publish(proposal=proposal, product_id=written.product_id)
        _decided(proposal=proposal, state=APPROVED, product_id=written.product_id, by=by, at=at)
        search.refresh_products(product_ids=[written.product_id, *written.variant_ids])
    return proposal


def decline(*, proposal_id: int, seen: int, reason: str, by: User, at: datetime) -> Proposal:
    """Decline a proposal with a reason the merchant reads.

    :raises NotAllowed: the person is not of operations, or asked for it himself.
    :raises UnableToDecide: it does not wait any more, or no reason is given.
    """
    if not reason.strip():
        raise UnableToDecide([("reason", "Say why: the merchant reads it.")])
    with transaction.atomic():
        proposal = _open(proposal_id=proposal_id, seen=seen, by=by)
        proposal.reason = reason.strip()[:500]
        _decided(proposal=proposal, state=DECLINED, product_id=proposal.product_id, by=by, at=at)
    return proposal


def join(*, proposal_id: int, seen: int, product_id: int, by: User, at: datetime) -> Proposal:
    """Take a proposed product for one that is there: the merchant's offers are made of that.

    Variants are found by what tells them apart.

    :raises NotAllowed: the person is not of operations, or asked for it himself.
    :raises UnableToDecide: it does not wait any more, or has variants that the other product lacks.
    """
    with transaction.atomic():
        proposal = _open(proposal_id=proposal_id, seen=seen, by=by)
        if proposal.kind != NEW:
            raise UnableToDecide([("", "Only a new product can be joined with one that is there.")])
        target = Product.objects.filter(pk=product_id, is_public=True).select_related("parent").first()
        existing = writing.as_draft(product_id=product_id) if target else None
        if existing is None:
            raise UnableToDecide([("product", "There is no such product on the market.")])
        shared = target.parent or target
        _offer(proposal=proposal, variant_ids=_matched(proposal=proposal, existing=existing, target=target), at=at)
        _decided(proposal=proposal, state=MERGED, product_id=shared.pk, by=by, at=at)
        search.refresh_products(product_ids=[shared.pk])
    return proposal


def agreed_draft(*, proposal: Proposal) -> ProductDraft:
    """Return what approving makes of the product: for a change, what was changed put onto what stands by now."""
    wanted = drafts.from_json(proposal.wanted)
    if proposal.kind != CHANGE:
        return wanted
    before, now = drafts.from_json(proposal.before), writing.as_draft(product_id=proposal.product_id)
    changed = {
        name: getattr(wanted, name)
        for name in ("title", "description", "gtin", "category_ids", "class_id")
        if getattr(wanted, name) != getattr(before, name)
    }
    values = dict(now.values or {})
    for code in {*(before.values or {}), *(wanted.values or {})}:
        if (before.values or {}).get(code) != (wanted.values or {}).get(code):
            values.pop(code, None)
            if code in (wanted.values or {}):
                values[code] = wanted.values[code]
    was = {variant.product_id: variant for variant in before.variants}
    mine = {one.product_id: one for one in wanted.variants if one.product_id and one != was.get(one.product_id)}
    kept = tuple(mine.get(variant.product_id, variant) for variant in now.variants)
    added = tuple(variant for variant in wanted.variants if variant.product_id is None)
    return replace(now, **changed, values=values, variants=kept + added)


def _open(*, proposal_id: int, seen: int, by: User) -> Proposal:
    if not is_operations(user=by):
        raise NotAllowed("Only the bank's operations decide on the catalogue.")
    proposal = Proposal.objects.select_for_update(no_key=True).filter(pk=proposal_id).first()
    if proposal is None:
        raise UnableToDecide([("", f"There is no proposal {proposal_id}.")])
    if proposal.state != OPEN:
        raise UnableToDecide([("", f"Somebody decided already: {proposal.get_state_display()}.")])
    if proposal.version != seen:
        raise UnableToDecide([("", "The merchant changed this proposal meanwhile: look at it again.")])
    if proposal.asked_by_id == by.pk:
        raise NotAllowed("Nobody decides on a proposal of his own.")
    return proposal


def _matched(*, proposal: Proposal, existing: ProductDraft, target: Product) -> tuple[int, ...]:
    """Return the existing products that the proposed variants are, in their order."""
    wanted = drafts.from_json(proposal.wanted)
    if not existing.variants:
        if wanted.variants:
            raise UnableToDecide([("product", "That product has no variants: this one cannot be it.")])
        return (target.pk,)
    if not wanted.variants:
        if target.is_parent:
            raise UnableToDecide([("product", "That product has variants: choose the one this is.")])
        return (target.pk,)
    by_values = {tuple(sorted(one.values.items())): one.product_id for one in existing.variants}
    found = [by_values.get(tuple(sorted(one.values.items()))) for one in wanted.variants]
    if None in found:
        raise UnableToDecide([("product", "That product lacks some of the variants: add those to it first.")])
    return tuple(found)


def _offer(*, proposal: Proposal, variant_ids: Sequence[int], at: datetime) -> None:
    requests = [
        MakeOffer(
            merchant_id=proposal.merchant_id,
            product_id=variant_ids[offer["place"]],
            sku=offer["sku"],
            price_minor=offer["price"],
            stock=offer["stock"],
            condition=offer["condition"],
            handling_days=offer["handling_days"],
        )
        for offer in proposal.offers
        if offer["place"] < len(variant_ids)
    ]
    try:
        making.make_offers(requests=requests, by=Actor(OPERATIONS), at=at)
    except UnableToOffer as problem:
        raise UnableToDecide([("", f"The merchant's offer cannot be made: {problem}")]) from None


def _decided(*, proposal: Proposal, state: str, product_id: int | None, by: User, at: datetime) -> None:
    proposal.state, proposal.product_id, proposal.version = state, product_id, proposal.version + 1
    proposal.decided_by, proposal.decided_at = by, at
    proposal.save(update_fields=["state", "product", "version", "decided_by", "decided_at", "reason"])
    told = {
        APPROVED: _("“%(title)s” is in the catalogue now.") if proposal.kind == NEW else _("“%(title)s” was changed."),
        DECLINED: _("Your proposal “%(title)s” was declined."),
        MERGED: _("“%(title)s” was in the catalogue already: your offer is made of that product."),
    }
    notices.notify(
        user_id=proposal.asked_by_id,
        kind="alerts",
        key=f"proposal:{proposal.pk}:{state}",
        title=told[state] % {"title": proposal.title[:120]},
        body=proposal.reason,
        url=reverse("merchant-proposal", args=[proposal.pk]),
        at=at,
    )
