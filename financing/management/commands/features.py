"""`manage.py features`: the catalogue, a subject's features, how they are spread."""

from argparse import ArgumentParser
from datetime import UTC, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from django.core.management.base import BaseCommand, CommandError

from financing.features import document, engine
from financing.features.registry import catalogue
from payments import clock


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_moment.__name__ = "day or moment (like 2026-01-31, UTC)"


class Command(BaseCommand):
    help = "Show the catalogue of features, or the features of a moment."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        show = actions.add_parser("show", help="the features of a kind of subject as of a moment, from the lake")
        show.add_argument("--kind", choices=["consumer", "merchant"], help="default: both")
        show.add_argument("--as-of", type=_moment, help="facts known before then (default: midnight)")
        show.add_argument("--subject", help="one subject, like user:7; without it the spread over all")
        show.add_argument("--write", type=Path, metavar="FILE", help="write the catalogue as a page instead")

    def handle(self, *, action: str, **options: object) -> None:
        if options["write"]:
            try:
                options["write"].write_text(document.page())
            except OSError as problem:
                raise CommandError(f"{options['write']} cannot be written: {problem.strerror}.") from problem
            self.stdout.write(f"The catalogue is in {options['write']}.")
            return
        as_of = options["as_of"] or datetime.combine(clock.now().date(), time(), tzinfo=UTC)
        found = 0
        for kind in [options["kind"]] if options["kind"] else ["consumer", "merchant"]:
            chosen = [options["subject"]] if options["subject"] else None
            rows = engine.compute(kind=kind, as_of=as_of, subject_ids=chosen)
            found += rows.num_rows
            if options["subject"]:
                self._one(kind, rows)
            else:
                self._spread(kind, rows, as_of)
        if options["subject"] and not found:
            raise CommandError(
                f"{options['subject']} has no features as of {as_of:%Y-%m-%d}: not known then, or no consent to credit."
            )

    def _one(self, kind: str, rows: pa.Table) -> None:
        for row in rows.to_pylist():
            self.stdout.write(f"{row['subject_id']} ({kind}, {row['currency']})")
            for feature in catalogue(kind).features:
                value = row[feature.name]
                shown = "unknown" if value is None else f"{value:,.4g}" if abs(value) < 1_000 else f"{value:,.0f}"
                self.stdout.write(f"  {feature.name:24} {shown:>14}  {feature.unit:12} {feature.description}")

    def _spread(self, kind: str, rows: pa.Table, as_of: datetime) -> None:
        self.stdout.write(f"{rows.num_rows:,} {kind}s as of {as_of:%Y-%m-%d}")
        if rows.num_rows == 0:
            return
        self.stdout.write(f"  {'feature':24} {'unknown':>8} {'5 %':>12} {'median':>12} {'95 %':>12}")
        for feature in catalogue(kind).features:
            column = rows.column(feature.name)
            low, middle, high = (value.as_py() for value in pc.quantile(column, q=[0.05, 0.5, 0.95]))
            cells = " ".join(f"{'' if value is None else format(value, ',.4g'):>12}" for value in (low, middle, high))
            self.stdout.write(f"  {feature.name:24} {column.null_count / rows.num_rows:>8.0%} {cells}")
