"""Background work of financing; every task may run twice or be killed, and goes on where it stopped."""

from datetime import UTC, datetime, time, timedelta

from celery import shared_task

from financing.features import export
from financing.lending.models import Product, ProductState
from financing.lending.queries import exposures, terms_for
from financing.servicing import close
from financing.underwriting import operations as underwriting
from financing.underwriting.errors import NotReady
from payments import clock


@shared_task
def close_day() -> int:
    """Close yesterday, and every day before it that is still open; return how many loans it reached."""
    return close.close_day(until=clock.now().date() - timedelta(days=1)).loans


@shared_task
def make_offers() -> int:
    """Export yesterday's facts, then make features and offers of them; return how many offers stand."""
    now = clock.now()
    export.export_facts(until=now.date())
    return sum(make_offers_as_of(as_of=midnight(now), at=now).values())


@shared_task
def lapse_approvals() -> int:
    """End approvals nobody took in time."""
    return underwriting.lapse_approvals(at=clock.now())


def midnight(moment: datetime) -> datetime:
    """Return the start of a moment's day: what was known then is complete in the lake."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), tzinfo=UTC)


def make_offers_as_of(*, as_of: datetime, at: datetime) -> dict[str, int]:
    """Make every kind's offers in every currency that has products; return how many stand, by kind."""
    active = Product.objects.filter(state=ProductState.ACTIVE)
    currencies = sorted(set(active.values_list("currency", flat=True)))
    made = {}
    for kind in ("consumer", "merchant"):
        products = terms_for(kind=kind, currencies=currencies)
        if not products:
            continue
        try:
            report = underwriting.make_offers(
                kind=kind, as_of=as_of, products=products, exposures=exposures(), at=at
            )
        except NotReady:
            made[kind] = 0
            continue
        made[kind] = report.offers
    return made
