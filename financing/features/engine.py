"""Run the features of many subjects as of one moment, in one pass a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis
import pyarrow as pa

from financing.features import lake, subjects
from financing.features.lake import Facts
from financing.features.registry import Catalogue, Kind, catalogue

ROW = "row"


def expression(*, kind: Kind, facts: Facts) -> ibis.Table:
    """Return one Ibis expression with every feature of a kind, one row a consenting subject."""
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
    tables: Mapping[str, ibis.Table] | None = None,
) -> pa.Table:
    """Return the features of every consenting subject (or of those named) from facts known before `as_of`.

    The columns are `subject_id`, `currency` and one float per feature of the kind's catalogue, by `subject_id`.
    `tables` are those of an open `lake.session`; without them one is opened for this call.

    :raises ValueError: unknown kind, or `as_of` has no time zone.
    """
    if tables is None:
        with lake.session(before=as_of) as opened:
            return compute(kind=kind, as_of=as_of, subject_ids=subject_ids, tables=opened)
    wanted = expression(kind=kind, facts=Facts(tables=tables, as_of=as_of))
    if subject_ids is not None:
        wanted = wanted.filter(wanted.subject_id.isin(list(subject_ids)))
    return wanted.order_by("subject_id").to_pyarrow()
