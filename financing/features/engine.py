"""Run the features of many subjects as of one moment, in one pass a table."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

import duckdb
import ibis
import pyarrow as pa

from financing.features import lake, subjects
from financing.features.lake import Facts
from financing.features.registry import Catalogue, Kind, catalogue

ROW = "row"
# A moment that no fact and no number in an expression is likely to be.
_PLACEHOLDER = datetime(1901, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)


def expression(*, kind: Kind, facts: Facts) -> ibis.Table:
    """Return one Ibis expression, for any engine, with every feature of a kind, one row a consenting subject."""
    features = catalogue(kind)
    people = subjects.eligible(facts, kind)
    joined = people
    for base in features.bases:
        made = _aggregate(features, base, facts, people)
        if made is not None:
            joined = joined.left_join(made, "subject_id").drop("subject_id_right")
    filled = joined.mutate(
        **{
            feature.name: _clean(joined[feature.name], feature.empty)
            for feature in features.features
            if feature.base != ROW
        }
    )
    combined = filled.mutate(
        **{
            feature.name: _clean(feature.expression(filled), feature.empty)
            for feature in features.features
            if feature.base == ROW
        }
    )
    return combined.select("subject_id", "currency", *(feature.name for feature in features.features))


def _aggregate(features: Catalogue, base: str, facts: Facts, people: ibis.Table) -> ibis.Table | None:
    chosen = [feature for feature in features.features if feature.base == base]
    if not chosen:
        return None
    table = features.bases[base](facts, people)
    return table.group_by("subject_id").aggregate(**{feature.name: feature.expression(table) for feature in chosen})


def _clean(value: ibis.Value, empty: float | None) -> ibis.Value:
    """Return the value as a float rounded to nine digits: sums of floats differ with the order of rows."""
    number = value.cast("float64").round(9)
    number = ibis.ifelse(number.isnan() | number.isinf(), None, number).cast("float64")
    return number if empty is None else number.fill_null(empty)


def compute(
    *,
    kind: Kind,
    as_of: datetime,
    subject_ids: Sequence[str] | None = None,
    session: duckdb.DuckDBPyConnection | None = None,
) -> pa.Table:
    """Return the features of every consenting subject (or of those named) from facts known before `as_of`.

    The columns are `subject_id`, `currency` and one float per feature of the kind's catalogue, by `subject_id`.
    Without an open `lake.session` one is opened for this call.

    :raises ValueError: unknown kind, or `as_of` has no time zone.
    """
    statement = _statement(kind, as_of)
    if session is None:
        with lake.session(before=as_of) as opened:
            return compute(kind=kind, as_of=as_of, subject_ids=subject_ids, session=opened)
    if subject_ids is None:
        return session.sql(f"{statement} ORDER BY subject_id").to_arrow_table()
    chosen = f"SELECT * FROM ({statement}) WHERE list_contains($1, subject_id) ORDER BY subject_id"  # noqa: S608
    return session.sql(chosen, params=[list(subject_ids)]).to_arrow_table()


def prepare(*, kind: Kind) -> None:
    """Write the SQL of a kind's features now, for later moments."""
    _template(kind)


def _statement(kind: Kind, as_of: datetime) -> str:
    """Return the SQL of one moment. Ibis takes half a second to write it, so it does that once a process."""
    now, then = _literals(as_of), _literals(_PLACEHOLDER)
    statement = _template(kind)
    for mine, theirs in zip(now, then, strict=True):
        statement = statement.replace(theirs, mine)
    return statement


@cache
def _template(kind: Kind) -> str:
    written = to_sql(expression(kind=kind, facts=Facts(as_of=_PLACEHOLDER)))
    for literal in _literals(_PLACEHOLDER):
        if literal not in written:
            raise RuntimeError(f"Ibis writes a moment in a new way: {literal} is not in its SQL.")
    return written


def to_sql(wanted: ibis.Table) -> str:
    """Return an expression as DuckDB's SQL, on one line."""
    return str(ibis.to_sql(wanted, dialect="duckdb", pretty=False))


def _literals(at: datetime) -> tuple[str, str]:
    """Return the two ways in which a moment stands in the SQL: compared with, and subtracted from."""
    naive = lake.utc(at)
    seconds = naive.second + naive.microsecond / 1_000_000
    made = f"MAKE_TIMESTAMP({naive.year}, {naive.month}, {naive.day}, {naive.hour}, {naive.minute}, {seconds!r})"
    return made, repr(at.timestamp())
