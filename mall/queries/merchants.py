"""Merchants' own figures: what to do today, what was sold, how well it goes; a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext as _

from mall import bank
from mall.customer.models import User
from mall.merchants import navigation, roles
from mall.merchants.models import Membership, Merchant, MerchantEvent
from mall.partner.models import StockRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantHome:
    """A merchant's day; sums are minor units of `currency`, shares are basis points of what was sent."""

    merchant_id: int
    name: str
    currency: str
    to_pack: int
    late_to_pack: int
    under_way: int
    orders_today: int
    sold_today: int
    orders_30_days: int
    sold_30_days: int
    late_bps: int
    refunded_bps: int
    cancelled_bps: int
    rating: float | None
    reviews: int
    offers: int
    sold_out: int


_HOME = """
SELECT
    count(*) FILTER (WHERE c.status = 'confirmed'),
    count(*) FILTER (WHERE c.status = 'confirmed' AND c.promised_by < %(at)s),
    count(*) FILTER (WHERE c.status = 'dispatched'),
    count(*) FILTER (WHERE c.confirmed_at >= %(today)s AND c.confirmed_at <= %(at)s),
    coalesce(sum(c.goods + c.shipping) FILTER (WHERE c.confirmed_at >= %(today)s AND c.confirmed_at <= %(at)s), 0),
    count(*) FILTER (WHERE c.confirmed_at > %(month)s AND c.confirmed_at <= %(at)s),
    coalesce(sum(c.goods + c.shipping) FILTER (WHERE c.confirmed_at > %(month)s AND c.confirmed_at <= %(at)s), 0),
    count(*) FILTER (WHERE c.dispatched_at > %(quarter)s),
    count(*) FILTER (WHERE c.dispatched_at > %(quarter)s AND c.delivered_at > c.promised_by),
    count(*) FILTER (WHERE c.dispatched_at > %(quarter)s AND c.refunded > 0),
    count(*) FILTER (WHERE c.confirmed_at > %(quarter)s AND c.status = 'cancelled'),
    count(*) FILTER (WHERE c.confirmed_at > %(quarter)s)
FROM fulfilment_consignment c
WHERE c.merchant_id = %(merchant)s AND c.status <> 'awaiting_payment'
"""

_STANDING = """
SELECT (SELECT avg(score)::float FROM fulfilment_merchantreview WHERE merchant_id = %(merchant)s),
       (SELECT count(*) FROM fulfilment_merchantreview WHERE merchant_id = %(merchant)s),
       count(*), count(*) FILTER (WHERE s.num_in_stock <= coalesce(s.num_allocated, 0))
FROM partner_stockrecord s WHERE s.partner_id = %(partner)s
"""


def merchant_home(*, merchant_id: int, at: datetime) -> MerchantHome:
    """Return a merchant's figures as of `at`, in three statements; days are UTC's."""
    merchant = Merchant.objects.get(pk=merchant_id)
    moments = {
        "merchant": merchant_id,
        "partner": merchant.partner_id,
        "at": at,
        "today": at.replace(hour=0, minute=0, second=0, microsecond=0),
        "month": at - timedelta(days=30),
        "quarter": at - timedelta(days=90),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOME, moments)
        (pack, late, way, today, today_sum, month, month_sum, sent, sent_late, refunded, cancelled, confirmed) = (
            cursor.fetchone()
        )
        cursor.execute(_STANDING, moments)
        rating, reviews, offers, sold_out = cursor.fetchone()
    return MerchantHome(
        merchant_id=merchant_id,
        name=merchant.name,
        currency=merchant.currency,
        to_pack=pack,
        late_to_pack=late,
        under_way=way,
        orders_today=today,
        sold_today=int(today_sum),
        orders_30_days=month,
        sold_30_days=int(month_sum),
        late_bps=_bps(sent_late, sent),
        refunded_bps=_bps(refunded, sent),
        cancelled_bps=_bps(cancelled, confirmed),
        rating=rating,
        reviews=reviews,
        offers=offers,
        sold_out=sold_out,
    )


def _bps(part: int, whole: int) -> int:
    return part * 10_000 // whole if whole else 0


@dataclass(frozen=True, slots=True)
class Workplace:
    """A merchant a person works for."""

    merchant_id: int
    name: str
    slug: str
    currency: str
    status: str
    role: str

    @property
    def role_name(self) -> str:
        """Return what the role is called."""
        return str(roles.NAMES[self.role])


def workplaces(*, user_id: int) -> list[Workplace]:
    """Return the merchants a person works for, by name."""
    rows = Membership.objects.filter(user_id=user_id).select_related("merchant").order_by("merchant__name", "pk")
    return [
        Workplace(
            row.merchant_id, row.merchant.name, row.merchant.slug, row.merchant.currency, row.merchant.status, row.role
        )
        for row in rows
    ]


def subnav(*, role: str, here: str) -> list[tuple[str, str, bool]]:
    """Return the pages of a store a role may open, each (label, address, whether it is this one)."""
    return navigation.subnav(role=role, here=here)


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person who works for a merchant."""

    user_id: int
    name: str
    email: str
    role: str
    since: datetime


def staff_of(*, merchant_id: int) -> list[StaffMember]:
    """Return who works for a merchant, owners first."""
    rows = Membership.objects.filter(merchant_id=merchant_id).select_related("user").order_by("user__email")
    order = {role: place for place, role in enumerate(roles.NAMES)}
    rows = sorted(rows, key=lambda row: order[row.role])
    return [StaffMember(row.user_id, row.user.get_full_name(), row.user.email, row.role, row.since) for row in rows]


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of a merchant's history; `by` is the person's name where a person did it."""

    kind: str
    at: datetime
    by: str
    note: str


def history_of(*, merchant_id: int, kinds: Sequence[str] = (), limit: int = 50) -> list[HistoryLine]:
    """Return what happened to a merchant, newest first, in two statements."""
    rows = MerchantEvent.objects.filter(merchant_id=merchant_id).order_by("-at", "-pk")
    found = list((rows.filter(kind__in=kinds) if kinds else rows)[:limit])
    people = {int(row.by[5:]) for row in found if row.by.startswith("user:") and row.by[5:].isdecimal()}
    names = {user.pk: user.get_full_name() or user.email for user in User.objects.filter(pk__in=people)}
    return [
        HistoryLine(row.kind, row.at, names.get(int(row.by[5:])) if row.by.startswith("user:") else row.by, row.note)
        for row in found
    ]


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer of a merchant's catalogue; `price` in minor units, `stock` None when it never runs out."""

    stockrecord_id: int
    product_id: int
    title: str
    slug: str
    sku: str
    currency: str
    price: int
    stock: int | None
    reserved: int
    is_public: bool
    listed: bool = True


def catalogue_of(*, merchant_id: int, text: str = "", page: int = 1, page_size: int = 50) -> tuple[list[OfferRow], int]:
    """Return a page of a merchant's offers by title, and how many there are in all."""
    found = StockRecord.objects.filter(partner__merchant=merchant_id).select_related("product")
    if text.strip():
        found = found.filter(product__title__icontains=text.strip())
    total = found.count()
    start = (max(page, 1) - 1) * page_size
    return [
        OfferRow(
            row.pk,
            row.product_id,
            row.product.get_title(),
            row.product.slug,
            row.partner_sku,
            row.price_currency,
            _asked(row=row),
            row.num_in_stock,
            row.num_allocated or 0,
            row.product.is_public,
            row.price is not None,
        )
        for row in found.order_by("product__title", "pk")[start : start + page_size]
    ], total


def _asked(*, row: StockRecord) -> int:
    """Return what an offer costs, or would cost if it were listed."""
    price = row.kept_price if row.price is None else row.price
    return 0 if price is None else bank.minor(amount=price, currency=row.price_currency)


def references(*, merchant_ids: Sequence[int]) -> dict[int, str]:
    """Return the names of merchants by id."""
    return dict(Merchant.objects.filter(pk__in=merchant_ids).values_list("pk", "name"))


def addressee(*, merchant_id: int) -> list[str]:
    """Return how a document to a merchant is addressed: company, street, place, tax number where one was given."""
    row = Merchant.objects.select_related("application").get(pk=merchant_id)
    application = getattr(row, "application", None)
    lines = [application.company if application else row.name, row.line1, row.line2]
    lines += [f"{row.postcode} {row.city}".strip(), row.country]
    lines.append(_("Tax number %(number)s") % {"number": application.tax_id} if application else "")
    return [line for line in lines if line]
