"""Pictures of proposed products: private until the product is approved, then public under the name of their content."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from oscar.core.loading import get_model

from mall import bank, uploads
from mall.proposals.models import Proposal, ProposalPicture

ProductImage = get_model("catalogue", "ProductImage")

MOST = 8
KEPT_WITHOUT_PROPOSAL = timedelta(days=2)
FOLDER = "pictures"
_FILES = bank.PrivateFiles(folder="proposed-pictures", purpose=b"rialto: pictures of proposed products")


def take(*, merchant_id: int, name: str, content: bytes, at: datetime) -> ProposalPicture:
    """Take an uploaded picture, drawn anew, to wait for its proposal.

    :raises mall.uploads.UnableToTakePicture: it is too large, or no picture.
    """
    drawn = uploads.picture(name=name, content=content)
    kept = _FILES.keep(content=drawn.content)
    return ProposalPicture.objects.create(
        token=secrets.token_urlsafe(16),
        merchant_id=merchant_id,
        stored_as=kept.stored_as,
        digest=kept.digest,
        width=drawn.width,
        height=drawn.height,
        uploaded_at=at,
    )


def read(*, picture: ProposalPicture) -> bytes:
    """Return a waiting picture's content; who may see it is asked before.

    :raises mall.bank.FileDamaged: it cannot be read.
    """
    return _FILES.read(stored_as=picture.stored_as, digest=picture.digest)


def waiting(*, merchant_id: int, tokens: Sequence[str], proposal: Proposal | None = None) -> list[ProposalPicture]:
    """Return the merchant's own pictures of these tokens, in order, that belong to no other proposal."""
    rows = ProposalPicture.objects.filter(merchant_id=merchant_id, token__in=list(tokens)[:MOST])
    found = {row.token: row for row in rows if row.proposal_id in (None, proposal.pk if proposal else None)}
    return [found[token] for token in dict.fromkeys(tokens) if token in found]


def attach(*, proposal: Proposal, merchant_id: int, tokens: Sequence[str]) -> None:
    """Make these the pictures of a proposal, in this order; others it had wait to be thrown away."""
    chosen = waiting(merchant_id=merchant_id, tokens=tokens, proposal=proposal)
    proposal.pictures.exclude(pk__in=[row.pk for row in chosen]).update(proposal=None)
    for position, row in enumerate(chosen):
        row.proposal, row.position = proposal, position
    ProposalPicture.objects.bulk_update(chosen, ["proposal", "position"])


def publish(*, proposal: Proposal, product_id: int) -> None:
    """Make a proposal's pictures the product's, after those it has."""
    shown = ProductImage.objects.filter(product_id=product_id)
    after = max((row.display_order for row in shown), default=-1) + 1
    known = {row.original.name for row in shown}
    for place, row in enumerate(proposal.pictures.order_by("position", "pk")):
        name = f"{FOLDER}/{row.digest}.webp"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(read(picture=row)))
        if name not in known:
            ProductImage.objects.create(product_id=product_id, original=name, display_order=after + place)


def throw_away(*, at: datetime) -> int:
    """Remove pictures that no proposal came for; return how many."""
    old = ProposalPicture.objects.filter(proposal=None, uploaded_at__lt=at - KEPT_WITHOUT_PROPOSAL)
    gone = 0
    for row in list(old.order_by("pk")[:500]):
        deleted, _models = ProposalPicture.objects.filter(pk=row.pk, proposal=None).delete()
        if deleted:
            _FILES.remove(stored_as=row.stored_as)
            gone += 1
    return gone
