"""Merchants propose products and changes; nothing of the shared catalogue moves until staff agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from oscar.core.loading import get_model

from mall.actors import MERCHANT, Actor, NotAllowed, without_permission
from mall.attributes import values
from mall.catalogue import drafts, gtin, writing
from mall.catalogue.drafts import ProductDraft
from mall.catalogue.operations import MAX_HANDLING_DAYS, MAX_STOCK
from mall.merchants import roles
from mall.partner.models import StockRecord
from mall.proposals import pictures
from mall.proposals.models import CHANGE, NEW, OPEN, WITHDRAWN, Proposal

Product = get_model("catalogue", "Product")


class UnableToPropose(Exception):
    """Nothing was proposed or changed. ``problems``: each the field it is about and a sentence."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(sentence for _field, sentence in problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class OfferWish:
    """What the merchant offers once the product is there; ``place`` is the variant's, `price` minor units."""

    place: int
    sku: str
    price: int
    stock: int | None
    condition: str = StockRecord.NEW
    handling_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A proposal as it is made. `product_id` is given for a change, `tokens` are pictures taken before."""

    merchant_id: int
    draft: ProductDraft
    offers: tuple[OfferWish, ...] = ()
    product_id: int | None = None
    tokens: tuple[str, ...] = ()
    note: str = ""


def propose(*, wish: Wish, key: str, by: Actor, at: datetime) -> Proposal:
    """Put a proposal before the bank's staff; the same key again is the proposal that was made.

    :raises NotAllowed: the actor does not work for that merchant.
    :raises UnableToPropose: the draft does not fit, or the product is there already.
    """
    with transaction.atomic():
        _mine(merchant_id=wish.merchant_id, by=by)
        before = _before(wish=wish)
        _check(wish=wish)
        proposal, made = Proposal.objects.get_or_create(
            key=f"{wish.merchant_id}:{key}"[:100],
            defaults={
                "merchant_id": wish.merchant_id,
                "kind": NEW if wish.product_id is None else CHANGE,
                "product_id": wish.product_id,
                "before": before.as_json() if before else None,
                "asked_by_id": by.user_id,
                "asked_at": at,
                **_content(wish=wish),
            },
        )
        if made:
            pictures.attach(proposal=proposal, merchant_id=wish.merchant_id, tokens=wish.tokens)
    return proposal


def revise(*, proposal_id: int, wish: Wish, seen: int, by: Actor) -> Proposal:
    """Change a proposal that still waits, as its version `seen` was.

    :raises NotAllowed: it is another merchant's.
    :raises UnableToPropose: it does not wait any more, was changed meanwhile, or the draft does not fit.
    """
    _check(wish=wish)
    with transaction.atomic():
        proposal = _waiting(proposal_id=proposal_id, by=by)
        if proposal.version != seen:
            raise UnableToPropose([("", "Somebody changed this proposal meanwhile: look at it again.")])
        for name, value in _content(wish=wish).items():
            setattr(proposal, name, value)
        proposal.version += 1
        proposal.save()
        pictures.attach(proposal=proposal, merchant_id=wish.merchant_id, tokens=wish.tokens)
    return proposal


def withdraw(*, proposal_id: int, by: Actor) -> Proposal:
    """Take a proposal back that still waits.

    :raises NotAllowed: it is another merchant's.
    :raises UnableToPropose: it does not wait any more.
    """
    with transaction.atomic():
        proposal = _waiting(proposal_id=proposal_id, by=by)
        proposal.state, proposal.version = WITHDRAWN, proposal.version + 1
        proposal.save(update_fields=["state", "version"])
    return proposal


def _mine(*, merchant_id: int, by: Actor) -> None:
    """Check, by his role now and held until the transaction ends, that the actor may keep this catalogue."""
    if by.kind != MERCHANT or by.merchant_id != merchant_id or by.user_id is None:
        raise NotAllowed("A proposal is made by the merchant's own staff.")
    if without_permission(actors={by}, permission=roles.CATALOGUE):
        raise NotAllowed("Your role in this store does not allow this: ask one of its owners.")


def _waiting(*, proposal_id: int, by: Actor) -> Proposal:
    _mine(merchant_id=by.merchant_id or 0, by=by)
    proposal = (
        Proposal.objects.select_for_update(no_key=True).filter(pk=proposal_id, merchant_id=by.merchant_id or 0).first()
    )
    if proposal is None:
        raise NotAllowed("There is no such proposal of yours.")
    if proposal.state != OPEN:
        raise UnableToPropose([("", f"This proposal does not wait any more: {proposal.get_state_display()}.")])
    return proposal


def _before(*, wish: Wish) -> ProductDraft | None:
    if wish.product_id is None:
        return None
    before = writing.as_draft(product_id=wish.product_id)
    is_shared = Product.objects.filter(pk=wish.product_id, parent=None, is_public=True).exists()
    if before is None or not is_shared:
        raise UnableToPropose([("", "There is no such product on the market.")])
    if before == wish.draft and not wish.tokens:
        raise UnableToPropose([("", "Nothing is different from how it is: change something first.")])
    return before


def _content(*, wish: Wish) -> dict[str, object]:
    return {
        "title": wish.draft.title.strip()[:255],
        "gtins": [gtin.normal(text=number) for number in wish.draft.gtins],
        "wanted": wish.draft.as_json(),
        "offers": [asdict(offer) for offer in wish.offers],
        "note": wish.note.strip()[:500],
    }


def _check(*, wish: Wish) -> None:
    asked = values.asked_of(product_class_id=wish.draft.class_id)
    found = drafts.problems(draft=wish.draft, asked=asked)
    found += offer_problems(offers=wish.offers, variants=len(wish.draft.variants))
    if not found and wish.product_id is None:
        found += _known(draft=wish.draft)
    if found:
        raise UnableToPropose(found)


def _known(*, draft: ProductDraft) -> list[tuple[str, str]]:
    """Return, where a trade item number is one of the catalogue's already, what to do instead."""
    numbers = [gtin.normal(text=number) for number in draft.gtins]
    other = Product.objects.filter(upc__in=numbers).select_related("parent").first()
    if other is None:
        return []
    sentence = f"The number {other.upc} is that of “{other.get_title()}” already: make an offer of that product."
    return [("gtin", sentence)]


def offer_problems(*, offers: Sequence[OfferWish], variants: int) -> list[tuple[str, str]]:
    """Return what is wrong with what is to be offered, each the field it is about and a sentence."""
    found, skus = [], set()
    for offer in offers:
        prefix = f"v{offer.place}-"
        if not 0 <= offer.place < max(variants, 1):
            found.append((prefix + "sku", "An offer is of one of the variants."))
        if not offer.sku.strip() or len(offer.sku) > 128:
            found.append((prefix + "sku", "Please give your own number for it, of at most 128 characters."))
        elif offer.sku.strip() in skus:
            found.append((prefix + "sku", f"Your number {offer.sku} stands here twice: each offer has its own."))
        skus.add(offer.sku.strip())
        if not 0 < offer.price < 10**11:
            found.append((prefix + "price", "Please give a price above zero."))
        if offer.stock is not None and not 0 <= offer.stock <= MAX_STOCK:
            found.append((prefix + "stock", "Please give the number of pieces you have."))
        if offer.condition not in dict(StockRecord.CONDITIONS):
            found.append(("condition", "What you offer is new, renewed or used."))
        if not 0 <= offer.handling_days <= MAX_HANDLING_DAYS:
            found.append(("handling_days", f"It must leave within {MAX_HANDLING_DAYS} working days."))
    return found
