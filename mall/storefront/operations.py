"""Editing a store's page: kept as a draft, looked at, published; and going on holiday."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from PIL import Image

from mall import uploads
from mall.actors import Actor
from mall.merchants import authority, roles
from mall.merchants.models import ACTIVE, PAUSED, Merchant
from mall.merchants.operations import set_status
from mall.search import operations as search
from mall.storefront.models import Holiday, StorePicture, StorePictureSize, StoreVersion

# The widths pictures are kept in, for srcset.
WIDTHS = {StorePicture.LOGO: (96, 192), StorePicture.BANNER: (480, 960, 1600)}
TEXTS = ("name", "about", "returns_days", "returns_text", "delivery_text", "email", "phone", "hours")
LONGEST_HOLIDAY = timedelta(days=90)


class UnableToEditStore(Exception):
    """The store's page stays as it is; a sentence for who edits it."""


def save_draft(
    *, merchant_id: int, values: Mapping[str, object], revision: int, by: Actor, at: datetime
) -> StoreVersion:
    """Keep what was typed as the draft; `revision` is the draft's the form was made from, 0 where there was none.

    `values`: the texts, and `logo` and `banner` as pictures of this store, or None to take one away.

    :raises NotAllowed: the actor may not edit this store's page.
    :raises UnableToEditStore: the draft was saved from another tab since.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STORE)
        draft = StoreVersion.objects.filter(merchant_id=merchant_id, state=StoreVersion.DRAFT).first()
        was = draft.revision if draft else 0
        if was != revision:
            raise UnableToEditStore(
                _("The draft was saved in another tab meanwhile. Your text is still here: save again to keep it.")
            )
        if draft is None:
            draft = StoreVersion(merchant_id=merchant_id, state=StoreVersion.DRAFT, revision=0)
            shown = published(merchant_id=merchant_id)
            if shown is not None:
                draft.logo_id, draft.banner_id = shown.logo_id, shown.banner_id
        for name, value in values.items():
            setattr(draft, name, value)
        draft.revision += 1
        draft.saved_by_id, draft.saved_at = by.user_id, at
        draft.save()
    return draft


def publish(*, merchant_id: int, revision: int, by: Actor, at: datetime) -> StoreVersion:
    """Show the draft to everybody; what was shown before stays in the history.

    :raises NotAllowed: the actor may not edit this store's page.
    :raises UnableToEditStore: there is no draft, or it is not the one that was looked at.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STORE)
        draft = StoreVersion.objects.filter(merchant_id=merchant_id, state=StoreVersion.DRAFT).first()
        if draft is None or draft.revision != revision:
            raise UnableToEditStore(_("The draft has changed since you looked at it: look at the preview again."))
        draft.state, draft.published_at = StoreVersion.PUBLISHED, at
        draft.save(update_fields=["state", "published_at"])
        Merchant.objects.filter(pk=merchant_id).update(name=draft.name, description=draft.about)
        authority.record(
            merchant_id=merchant_id, kind="store page published", by=authority.name_of(by=by), at=at, note=draft.name
        )
        # Search names the store beside each of its offers.
        search.announce(at=at, merchant_id=merchant_id)
    return draft


def published(*, merchant_id: int) -> StoreVersion | None:
    """Return the version everybody sees, if one was ever published."""
    rows = StoreVersion.objects.filter(merchant_id=merchant_id, state=StoreVersion.PUBLISHED)
    return rows.select_related("logo", "banner").order_by("-published_at", "-pk").first()


def keep_picture(*, merchant_id: int, kind: str, name: str, content: bytes, at: datetime) -> StorePicture:
    """Draw an uploaded picture anew in the sizes pages need, and keep it; the same picture is kept once.

    :raises mall.uploads.UnableToTakePicture: it is empty, too large, or no picture.
    """
    largest = uploads.picture(name=name, content=content, longest=max(WIDTHS[kind]))
    digest = hashlib.sha256(largest.content).hexdigest()
    with Image.open(io.BytesIO(largest.content)) as image:
        sizes = {largest.width: largest.content}
        for width in WIDTHS[kind]:
            if width < largest.width:
                longest = width if largest.width >= largest.height else width * largest.height // largest.width
                smaller = uploads.drawn(image=image, longest=longest)
                sizes[smaller.width] = smaller.content
    known = StorePicture.objects.filter(merchant_id=merchant_id, kind=kind, digest=digest)
    try:
        with transaction.atomic():
            row = StorePicture.objects.create(
                merchant_id=merchant_id,
                kind=kind,
                digest=digest,
                width=largest.width,
                height=largest.height,
                uploaded_at=at,
            )
            StorePictureSize.objects.bulk_create(
                StorePictureSize(picture=row, width=width, content=made) for width, made in sizes.items()
            )
    except IntegrityError:
        return known.get()
    return row


def set_holiday(*, merchant_id: int, begins_on: date, ends_on: date, by: Actor, at: datetime) -> Holiday:
    """Go on holiday: from the first day to the last nothing is sold; days are UTC's.

    :raises NotAllowed: the actor may not edit this store's page.
    :raises UnableToEditStore: it ends before it begins or before today, or is too long.
    """
    if ends_on < begins_on:
        raise UnableToEditStore(_("A holiday ends on the day it begins, or later."))
    if ends_on < at.date():
        raise UnableToEditStore(_("This holiday is over already: choose days to come."))
    if ends_on - begins_on > LONGEST_HOLIDAY:
        raise UnableToEditStore(_("A holiday is at most %s days long.") % LONGEST_HOLIDAY.days)
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STORE)
        row, _created = Holiday.objects.update_or_create(
            merchant_id=merchant_id, defaults={"begins_on": begins_on, "ends_on": ends_on, "set_at": at}
        )
        who = authority.name_of(by=by)
        authority.record(merchant_id=merchant_id, kind="holiday set", by=who, at=at, note=f"{begins_on} – {ends_on}")
        _follow(merchant_id=merchant_id, is_away=begins_on <= at.date(), at=at)
    return row


def end_holiday(*, merchant_id: int, by: Actor, at: datetime) -> None:
    """Be back, or go nowhere; without a holiday nothing changes.

    :raises NotAllowed: the actor may not edit this store's page.
    """
    with transaction.atomic():
        authority.require(merchant_id=merchant_id, by=by, permission=roles.STORE)
        gone, _rows = Holiday.objects.filter(merchant_id=merchant_id).delete()
        if gone:
            authority.record(merchant_id=merchant_id, kind="holiday ended", by=authority.name_of(by=by), at=at)
        _follow(merchant_id=merchant_id, is_away=False, at=at)


def follow_holidays(*, at: datetime) -> int:
    """Pause the stores whose holiday has begun and open those whose holiday is over; return how many changed."""
    changed = 0
    for merchant_id, begins_on, ends_on in Holiday.objects.values_list("merchant_id", "begins_on", "ends_on"):
        is_away = begins_on <= at.date() <= ends_on
        with transaction.atomic():
            changed += _follow(merchant_id=merchant_id, is_away=is_away, at=at)
            if at.date() > ends_on:
                Holiday.objects.filter(merchant_id=merchant_id, ends_on=ends_on).delete()
    return changed


def _follow(*, merchant_id: int, is_away: bool, at: datetime) -> bool:
    was, status = ((ACTIVE,), PAUSED) if is_away else ((PAUSED,), ACTIVE)
    return set_status(merchant_id=merchant_id, was=was, status=status, at=at)
