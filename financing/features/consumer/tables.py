"""The tables that a consumer's features are made from."""

from typing import Final

import ibis

from financing.features import subjects
from financing.features.lake import Facts
from financing.features.registry import Base

NEAR_ZERO_SHARE = 0.05


def _lines(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "order_lines", "consumer_id", people, currency=True)


def _orders(facts: Facts, people: ibis.Table) -> ibis.Table:
    lines = _lines(facts, people)
    paid = _tenders(facts, people).filter(lambda t: t.outcome == "authorised")
    mainly = paid.group_by("order").aggregate(tender=paid.method.argmax(paid.amount))
    orders = lines.group_by(["subject_id", "order"]).aggregate(
        amount=lines.amount.sum(),
        age=lines.age.max(),
        known_at=lines.known_at.min(),
        device=lines.device.max(),
        address=lines.address.max(),
        lines=lines.count(),
        shops=lines.merchant_id.nunique(),
    )
    return orders.left_join(mainly, "order").drop("order_right").mutate(hour=orders.known_at.hour())


def _months(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.by_month(_orders(facts, people), days=360)


def _categories(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.by_category(_lines(facts, people))


def _consignments(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "consignment_events", "consumer_id", people, currency=True)


def _tenders(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "tenders", "consumer_id", people, currency=True)


def _refunds(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.refunds(facts, "consumer_id", people)


def _reviews(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "reviews", "consumer_id", people, currency=False)


def _account(facts: Facts, people: ibis.Table) -> ibis.Table:
    return subjects.of_subject(facts, "account_movements", "subject_id", people, currency=True)


def _movements(facts: Facts, people: ibis.Table) -> ibis.Table:
    rows = _account(facts, people)
    half_year = rows.filter(rows.age <= 180)
    typical = half_year.group_by("subject_id").aggregate(
        inflow=half_year.amount.sum(where=half_year.event == "received")
    )
    joined = rows.left_join(typical, "subject_id").drop("subject_id_right")
    return joined.mutate(near_zero=joined.balance_after < joined.inflow.fill_null(0) / 6 * NEAR_ZERO_SHARE)


def _inflow_months(facts: Facts, people: ibis.Table) -> ibis.Table:
    """One row per 30 days of the last 180 in which money came in from outside."""
    rows = _account(facts, people)
    return subjects.by_month(rows.filter(rows.event == "received"), days=180)


BASES: Final[dict[str, Base]] = {
    "accounts": subjects.accounts,
    "orders": _orders,
    "months": _months,
    "categories": _categories,
    "consignments": _consignments,
    "tenders": _tenders,
    "refunds": _refunds,
    "reviews": _reviews,
    "movements": _movements,
    "inflow_months": _inflow_months,
    "loans": subjects.loans,
}
