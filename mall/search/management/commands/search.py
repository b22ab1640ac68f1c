"""`manage.py search`: compute the search table anew, count its words, load synonyms, weigh the ranking."""

from __future__ import annotations

import csv
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from mall import bank
from mall.search import operations, vocabulary


class Command(BaseCommand):
    """Keep search."""

    help = "Reindex while people go on searching, count words and sales, load synonyms, set a weight of the ranking."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        reindex = actions.add_parser("reindex", help="compute every entry anew, a batch at a time")
        reindex.add_argument("--after", type=int, default=0, metavar="PRODUCT", help="go on after this product")
        actions.add_parser("count", help="count what was sold lately and how common each word is")
        synonyms = actions.add_parser("synonyms", help="add what is in a CSV file of the columns term and means")
        synonyms.add_argument("file", type=Path)
        weigh = actions.add_parser("weigh", help="show the ranking's weights, or set one")
        weigh.add_argument("name", nargs="?")
        weigh.add_argument("weight", nargs="?", type=float)

    def handle(self, *, action: str, **options: object) -> None:
        """Do one of them and say what was done."""
        getattr(self, f"_{action}")(options)

    def _reindex(self, options: dict) -> None:
        for last in operations.reindex(after=options["after"]):
            self.stdout.write(f"up to product {last}; go on from here with --after {last}")
        operations.count_up(at=bank.now())
        self.stdout.write("Every entry is new.")

    def _count(self, options: dict) -> None:
        operations.count_up(at=bank.now())
        self.stdout.write("Sales, quality and words are counted.")

    def _synonyms(self, options: dict) -> None:
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                pairs = [(row["term"] or "", row["means"] or "") for row in csv.DictReader(lines)]
        except (OSError, UnicodeDecodeError) as problem:
            raise CommandError(f"{options['file']} cannot be read: {problem}.") from None
        except KeyError:
            raise CommandError(f"{options['file']} needs a first line that names the columns term and means.") from None
        added = vocabulary.add_synonyms(pairs=pairs)
        self.stdout.write(f"{added} of {len(pairs)} synonyms are new.")

    def _weigh(self, options: dict) -> None:
        if options["name"] is not None:
            if options["weight"] is None:
                raise CommandError("Say the weight too, as in: manage.py search weigh sales 0.4.")
            try:
                vocabulary.set_weight(name=options["name"], weight=options["weight"])
            except vocabulary.UnknownWeight as problem:
                raise CommandError(str(problem)) from None
        for name, weight, meaning in vocabulary.weights():
            self.stdout.write(f"{name:14}{weight:6.2f}  {meaning}")
