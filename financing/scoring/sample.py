"""The training sample, from facts alone: features at month ends, and how the loans taken next went.

A row is a subject at an observation point who took credit in the months until the next one. Loans younger than their
performance window leave no row: neither good nor bad is known of them yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import ibis
import pyarrow as pa

from financing.features import engine, lake
from financing.features.lake import Facts
from financing.features.registry import Kind

# A consumer is bad who is 60 days late within a year, or charged off.
BAD_DAYS_LATE = 60
OUTCOME_DAYS = 365
LEAST_PERFORMANCE_DAYS = 180
# A merchant is bad whose advance is not repaid so long after its horizon, or charged off.
HORIZON_GRACE_DAYS = 30
# Before the first observation facts have to gather.
WARM_UP_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Observations with outcomes, and the days they come from."""

    rows: pa.Table
    since: date
    until: date


def build(*, kind: Kind, until: date, every_months: int = 1, least: int = 0) -> Sample:
    """Return the sample of the lake's facts known before `until`, observed at every so many month ends.

    Of fewer than `least` loans that have run their time only the outcomes are returned, without features.
    """
    end = _midnight(until)
    with lake.session(before=end, keep=True) as session:
        outcomes = session.sql(engine.to_sql(_outcomes(kind, Facts(as_of=end)))).to_arrow_table().to_pylist()
        if not outcomes:
            return Sample(rows=pa.table({"bad": pa.array([], pa.int64())}), since=until, until=until)
        if len(outcomes) < least:
            return Sample(rows=_without_features(outcomes), since=until, until=until)
        [(first,)] = session.sql("SELECT min(known_at) FROM subjects").fetchall()
        points = _month_starts(first.date() + timedelta(days=WARM_UP_DAYS), until, every_months)
        parts = []
        for point, following in zip(points, [*points[1:], until], strict=True):
            bads = _between(outcomes, _midnight(point), _midnight(following))
            if bads:
                parts.append(_observe(kind, _midnight(point), bads, session))
        rows = pa.concat_tables(parts) if parts else pa.table({"bad": pa.array([], pa.int64())})
        return Sample(rows=rows, since=first.date(), until=until)


def _without_features(outcomes: list[dict]) -> pa.Table:
    columns = ("subject_id", "as_of", "bad")
    rows = [(loan["subject_id"], loan["opened_at"].isoformat(), int(loan["bad"])) for loan in outcomes]
    return pa.table(dict(zip(columns, zip(*rows, strict=True), strict=True)))


def _observe(
    kind: Kind, as_of: datetime, bads: Mapping[str, int], session: duckdb.DuckDBPyConnection
) -> pa.Table:
    found = engine.compute(kind=kind, as_of=as_of, subject_ids=sorted(bads), session=session)
    names = found.column("subject_id").to_pylist()
    observed = found.append_column("as_of", pa.array([as_of.date().isoformat()] * len(names), pa.string()))
    return observed.append_column("bad", pa.array([bads[name] for name in names], pa.int64()))


def _between(outcomes: list[dict], start: datetime, end: datetime) -> dict[str, int]:
    """Return 1 for a subject with a bad loan among those opened in the span, 0 for one with good ones only."""
    bads: dict[str, int] = {}
    for loan in outcomes:
        if start.replace(tzinfo=None) <= loan["opened_at"] < end.replace(tzinfo=None):
            bads[loan["subject_id"]] = max(bads.get(loan["subject_id"], 0), int(loan["bad"]))
    return bads


def _outcomes(kind: Kind, facts: Facts) -> ibis.Table:
    """Return one row a loan that has run its time: who took it, when, and whether it went bad."""
    rows = facts.known("installments")
    prefix = "installments" if kind == "consumer" else "advance"
    rows = rows.filter(rows.product.startswith(prefix))
    opened = (
        rows.filter(rows.event == "opened")
        .group_by(["loan_id", "subject_id"])
        .aggregate(opened_at=rows.known_at.min(), opened_age=rows.age.max(), horizon=rows.due_on.max())
    )
    judged = _consumer_bads(facts, rows, opened) if kind == "consumer" else _merchant_bads(facts, rows, opened)
    return judged.select("subject_id", "loan_id", "opened_at", "bad").order_by("subject_id", "loan_id")


def _consumer_bads(facts: Facts, rows: ibis.Table, opened: ibis.Table) -> ibis.Table:
    grown = opened.filter(opened.opened_age >= LEAST_PERFORMANCE_DAYS)
    inside = rows.join(grown, ["loan_id", "subject_id"])
    inside = inside.filter(inside.opened_age - inside.age <= OUTCOME_DAYS)
    said = inside.group_by("loan_id").aggregate(
        said=((inside.days_late >= BAD_DAYS_LATE) | (inside.event == "charged_off")).any(),
        closed_age=inside.age.min(where=inside.event == "closed"),
    )
    # What nobody called late: an item still open 60 days after it was due, on a loan not closed by then.
    items = inside.filter(inside.event.isin(["due", "paid"])).mutate(due_age=facts.days_since(inside.due_on))
    in_time = (items.event == "paid") & (items.age >= items.due_age - BAD_DAYS_LATE)
    judged = items.group_by(["loan_id", "due_age"]).aggregate(
        due=items.amount.sum(where=items.event == "due").fill_null(0),
        paid=items.amount.sum(where=in_time).fill_null(0),
    )
    judged = judged.filter((judged.paid < judged.due) & (judged.due_age >= BAD_DAYS_LATE))
    unpaid = judged.group_by("loan_id").aggregate(oldest=judged.due_age.max())
    joined = grown.left_join(said, "loan_id").drop("loan_id_right").left_join(unpaid, "loan_id").drop("loan_id_right")
    missed = joined.oldest.notnull() & (
        joined.closed_age.isnull() | (joined.closed_age < joined.oldest - BAD_DAYS_LATE)
    )
    return joined.mutate(bad=joined.said.fill_null(False) | missed)


def _merchant_bads(facts: Facts, rows: ibis.Table, opened: ibis.Table) -> ibis.Table:
    aged = opened.mutate(horizon_age=facts.days_since(opened.horizon))
    ended = rows.group_by("loan_id").aggregate(
        closed_age=rows.age.max(where=rows.event == "closed"),
        charged_off=(rows.event == "charged_off").any(),
    )
    joined = aged.left_join(ended, "loan_id").drop("loan_id_right")
    joined = joined.filter(joined.charged_off.fill_null(False) | (joined.horizon_age >= HORIZON_GRACE_DAYS))
    late = joined.closed_age.isnull() | (joined.closed_age < joined.horizon_age - HORIZON_GRACE_DAYS)
    return joined.mutate(bad=joined.charged_off.fill_null(False) | late)


def _month_starts(since: date, until: date, every: int) -> list[date]:
    months = range(since.year * 12 + since.month, until.year * 12 + until.month, every)
    return [date(month // 12, month % 12 + 1, 1) for month in months if date(month // 12, month % 12 + 1, 1) < until]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
