"""A store's page as it is shown: texts, pictures with their sizes, holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch
from django.urls import reverse

from mall.merchants.models import Merchant
from mall.storefront.models import LEAST_RETURN_DAYS, Holiday, StorePicture, StorePictureSize, StoreVersion


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture with the addresses of its sizes."""

    picture_id: int
    width: int
    height: int
    src: str
    srcset: str


@dataclass(frozen=True, slots=True)
class StorePage:
    """What a store says of itself, as shoppers read it."""

    name: str
    about: str
    returns_days: int
    returns_text: str
    delivery_text: str
    email: str
    phone: str
    hours: str
    logo: PictureView | None
    banner: PictureView | None
    back_on: date | None

    @property
    def has_words(self) -> bool:
        """Tell whether there is more to read than the name."""
        return bool(self.returns_text or self.delivery_text or self.email or self.phone or self.hours)


def page(*, merchant: Merchant, at: datetime, draft: StoreVersion | None = None) -> StorePage:
    """Return a store's page as it is published, or a draft of it; in a fixed number of statements."""
    version = draft or _published(merchant_id=merchant.pk)
    holiday = Holiday.objects.filter(merchant=merchant, begins_on__lte=at.date(), ends_on__gte=at.date()).first()
    back_on = holiday.ends_on + timedelta(days=1) if holiday else None
    if version is None:
        return StorePage(
            merchant.name, merchant.description, LEAST_RETURN_DAYS, "", "", "", "", "", None, None, back_on
        )
    return StorePage(
        name=version.name,
        about=version.about,
        returns_days=version.returns_days,
        returns_text=version.returns_text,
        delivery_text=version.delivery_text,
        email=version.email,
        phone=version.phone,
        hours=version.hours,
        logo=picture_view(row=version.logo),
        banner=picture_view(row=version.banner),
        back_on=back_on,
    )


def returns_days(*, merchant_ids: list[int]) -> dict[int, int]:
    """Return how many days each store gives buyers to send goods back, where it published its page."""
    rows = StoreVersion.objects.filter(merchant_id__in=merchant_ids, state=StoreVersion.PUBLISHED)
    latest = rows.order_by("merchant_id", "-published_at", "-pk").distinct("merchant_id")
    return dict(latest.values_list("merchant_id", "returns_days"))


def draft_of(*, merchant_id: int) -> StoreVersion | None:
    """Return a store's draft, if there is one."""
    return _with_pictures().filter(merchant_id=merchant_id, state=StoreVersion.DRAFT).first()


def _published(*, merchant_id: int) -> StoreVersion | None:
    rows = _with_pictures().filter(merchant_id=merchant_id, state=StoreVersion.PUBLISHED)
    return rows.order_by("-published_at", "-pk").first()


def _with_pictures():
    sizes = Prefetch("sizes", queryset=StorePictureSize.objects.only("picture_id", "width").order_by("width"))
    pictures = StorePicture.objects.prefetch_related(sizes)
    return StoreVersion.objects.prefetch_related(Prefetch("logo", pictures), Prefetch("banner", pictures))


def picture_view(*, row: StorePicture | None) -> PictureView | None:
    """Return a picture with the addresses of its sizes."""
    if row is None:
        return None
    widths = [size.width for size in row.sizes.all()]

    def address(width: int) -> str:
        return reverse("store-picture", args=[row.pk, row.digest[:16], width])

    return PictureView(
        picture_id=row.pk,
        width=row.width,
        height=row.height,
        src=address(widths[-1]),
        srcset=", ".join(f"{address(width)} {width}w" for width in widths),
    )


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version that was published."""

    published_at: datetime
    by: str
    name: str


def history(*, merchant_id: int, limit: int = 20) -> list[VersionRow]:
    """Return what was published, newest first."""
    rows = StoreVersion.objects.filter(merchant_id=merchant_id, state=StoreVersion.PUBLISHED).select_related("saved_by")
    return [
        VersionRow(
            row.published_at, (row.saved_by.get_full_name() or row.saved_by.email) if row.saved_by else "", row.name
        )
        for row in rows.order_by("-published_at", "-pk")[:limit]
    ]


def holiday_of(*, merchant_id: int) -> Holiday | None:
    """Return the holiday a store has set."""
    return Holiday.objects.filter(merchant_id=merchant_id).first()


def picture(*, picture_id: int, digest: str, width: int) -> bytes | None:
    """Return one size of a picture."""
    rows = StorePictureSize.objects.filter(picture_id=picture_id, picture__digest__startswith=digest, width=width)
    content = rows.values_list("content", flat=True).first() if len(digest) == 16 else None
    return None if content is None else bytes(content)
