"""The tables that a merchant's features are made from."""

from typing import Final

import ibis

from financing.features import subjects
from financing.features.lake import Facts
from financing.features.registry import Base


def _sales(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "order_lines", "merchant_id", merchants, currency=True)


def _sales_with_related(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """Return all sales: only to tell how large a part of them the merchant bought from himself."""
    rows = facts.known("order_lines").rename(subject_id="merchant_id")
    return rows.semi_join(merchants, ["subject_id", "currency"])


def _months(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.by_month(_sales(facts, merchants), days=360)


def _buyers(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """One row per buyer of the last 365 days."""
    sales = _sales(facts, merchants)
    recent = sales.filter(sales.age <= 365)
    return recent.group_by(["subject_id", "consumer_id"]).aggregate(
        amount=recent.amount.sum(), orders=recent.order.nunique()
    )


def _categories(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.by_category(_sales(facts, merchants))


def _consignments(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    """One row per consignment: how old each of its steps is, and what it is worth."""
    rows = subjects.of_subject(facts, "consignment_events", "merchant_id", merchants, currency=True)

    def step(name: str) -> ibis.Value:
        return rows.age.max(where=rows.event == name)

    made = rows.group_by(["subject_id", "consignment"]).aggregate(
        confirmed=step("confirmed"),
        dispatched=step("dispatched"),
        delivered=step("delivered"),
        released=step("released"),
        cancelled=step("cancelled"),
        cancelled_by=rows.said_by.max(where=rows.event == "cancelled"),
        promised=facts.days_since(rows.promised_at.max()),
        amount=rows.amount.max(where=rows.event == "confirmed"),
    )
    made = made.filter(made.confirmed.notnull())
    return made.mutate(
        dispatch_days=made.confirmed - made.dispatched,
        # An age shrinks as time passes: delivered after the promise means a smaller age than the promise has.
        late=made.delivered < made.promised,
        open=made.released.isnull() & made.cancelled.isnull(),
    )


def _refunds(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.refunds(facts, "merchant_id", merchants)


def _reviews(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "reviews", "merchant_id", merchants, currency=False)


def _listings(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "listings", "merchant_id", merchants, currency=False)


def _payouts(facts: Facts, merchants: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "payouts", "merchant_id", merchants, currency=False)


BASES: Final[dict[str, Base]] = {
    "accounts": subjects.accounts,
    "sales": _sales,
    "sales_with_related": _sales_with_related,
    "months": _months,
    "buyers": _buyers,
    "categories": _categories,
    "consignments": _consignments,
    "refunds": _refunds,
    "reviews": _reviews,
    "listings": _listings,
    "payouts": _payouts,
    "loans": subjects.loans,
}
