"""Products: drafted by one person, made active by another, retired by their successor."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from financing.lending.models import Product, ProductKind, ProductState
from payments import money

# What the bank starts with; amounts in major units. A version of its own is proposed on top of these, never an edit.
STARTING_PRODUCTS: tuple[dict[str, object], ...] = (
    {
        "code": "plan-3",
        "name": "3 payments, no interest",
        "installments": 3,
        "subsidy_bps": 200,
        "minimum_amount": 50,
        "maximum_amount": 1_500,
    },
    {
        "code": "plan-6",
        "name": "6 payments, no interest",
        "installments": 6,
        "subsidy_bps": 350,
        "minimum_amount": 120,
        "maximum_amount": 2_000,
    },
    {
        "code": "months-6",
        "name": "6 monthly payments",
        "installments": 6,
        "annual_rate_bps": 1_190,
        "minimum_amount": 60,
        "maximum_amount": 3_000,
    },
    {
        "code": "months-12",
        "name": "12 monthly payments",
        "installments": 12,
        "annual_rate_bps": 1_290,
        "minimum_amount": 120,
        "maximum_amount": 5_000,
    },
    {
        "code": "months-24",
        "name": "24 monthly payments",
        "installments": 24,
        "annual_rate_bps": 1_490,
        "minimum_amount": 300,
        "maximum_amount": 10_000,
    },
    {
        "code": "advance",
        "name": "Advance on sales",
        "kind": ProductKind.ADVANCE,
        "installments": 6,
        "frequency": "days",
        "repay_every": 60,
        "fee_bps": 800,
        "share_bps": 1_500,
        "minimum_bps": 1_000,
        "minimum_amount": 200,
        "maximum_amount": 50_000,
        "grace_days": 10,
    },
)
LATE_FEE = 5
TEXT_VERSION = "2026-1"
PROPOSED_BY = "bank:products"
APPROVED_BY = "bank:risk"


class UnableToChangeProduct(Exception):
    """A product version cannot be proposed or made active."""


class ApprovedByProposer(UnableToChangeProduct):
    """The person who drafted a version may not make it active."""


class NotADraft(UnableToChangeProduct):
    """Only a draft can be made active."""


def install_products(*, currency: str, at: datetime) -> list[Product]:
    """Give ``currency`` the starting products that it does not have yet, and return its active ones."""
    unit = 10 ** money.exponent(currency)
    with transaction.atomic():
        Product.objects.bulk_create(
            [_starting(dict(data), currency, unit, at) for data in STARTING_PRODUCTS], ignore_conflicts=True
        )
    return active_products(currency=currency)


def _starting(data: dict[str, object], currency: str, unit: int, at: datetime) -> Product:
    data["minimum_amount"] *= unit
    data["maximum_amount"] *= unit
    data.setdefault("kind", ProductKind.INSTALLMENTS)
    return Product(
        **data,
        currency=currency,
        version=1,
        late_fee=LATE_FEE * unit if data["kind"] == ProductKind.INSTALLMENTS else 0,
        state=ProductState.ACTIVE,
        text_version=TEXT_VERSION,
        proposed_by=PROPOSED_BY,
        proposed_at=at,
        approved_by=APPROVED_BY,
        approved_at=at,
    )


def propose_product(*, product: Product, by: str, at: datetime) -> Product:
    """Store ``product`` (unsaved; its version is set here) as the draft of a next version.

    :raises UnableToChangeProduct: another version was proposed in the same moment.
    """
    with transaction.atomic():
        same = Product.objects.filter(code=product.code, currency=product.currency)
        versions = list(same.select_for_update().order_by("version").values_list("version", flat=True))
        product.pk = None
        product.version = (versions[-1] if versions else 0) + 1
        product.state, product.proposed_by, product.proposed_at = ProductState.DRAFT, by, at
        product.approved_by, product.approved_at = "", None
        product.save(force_insert=True)
    return product


def approve_product(*, product_id: int, by: str, at: datetime) -> Product:
    """Make a draft active and retire the version before it; running loans keep theirs.

    :raises ApprovedByProposer: ``by`` drafted it.
    :raises NotADraft: it is active or retired.
    """
    with transaction.atomic():
        product = Product.objects.get(pk=product_id)
        same = Product.objects.filter(code=product.code, currency=product.currency)
        versions = {row.pk: row for row in same.select_for_update().order_by("version")}
        product = versions[product_id]
        if product.state != ProductState.DRAFT:
            raise NotADraft(f"{product} is {product.get_state_display().lower()}: propose a new version instead.")
        if product.proposed_by == by:
            raise ApprovedByProposer(f"{product} was drafted by {by}: someone else must approve it.")
        same.filter(state=ProductState.ACTIVE).update(state=ProductState.RETIRED)
        product.state, product.approved_by, product.approved_at = ProductState.ACTIVE, by, at
        product.save(update_fields=["state", "approved_by", "approved_at"])
    return product


def active_products(*, currency: str, kind: str | None = None) -> list[Product]:
    """Return what is lent now in ``currency``, the shortest plans first."""
    found = Product.objects.filter(currency=currency, state=ProductState.ACTIVE)
    if kind:
        found = found.filter(kind=kind)
    return sorted(found, key=lambda row: (row.kind, row.annual_rate_bps > 0, row.installments))


def active_by_code(*, codes: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Product]:
    """Return the active products of (code, currency) pairs, by pair; unknown pairs are left out."""
    found = Product.objects.filter(
        state=ProductState.ACTIVE,
        code__in={code for code, _ in codes},
        currency__in={cur for _, cur in codes},
    )
    return {(row.code, row.currency): row for row in found}
