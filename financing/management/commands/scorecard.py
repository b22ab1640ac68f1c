"""`manage.py scorecard`: train on the lake, show versions with every bin and point, install the starters."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from financing.management.commands.facts import _day
from financing.scoring import operations, queries, scorecard
from financing.scoring.models import ScoringModel
from payments import clock

KINDS = ["consumer", "merchant"]


class Command(BaseCommand):
    help = "Train, show, approve and install scorecards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        train = actions.add_parser("train", help="train on the facts in the lake, as a draft")
        train.add_argument("--kind", choices=KINDS, required=True)
        train.add_argument("--until", type=_day, help="facts known before this day (default: today)")
        train.add_argument("--seed", type=int, default=0)
        train.add_argument("--by", default="command line", help="who builds it")
        train.add_argument("--starter", type=Path, metavar="FILE", help="also write it as a starter file")
        show = actions.add_parser("show", help="versions of a kind; with --version every bin and point")
        show.add_argument("--kind", choices=KINDS, required=True)
        show.add_argument("--version", type=int, dest="number")
        approve = actions.add_parser("approve", help="approve a draft built by somebody else and put it to work")
        approve.add_argument("--kind", choices=KINDS, required=True)
        approve.add_argument("--version", type=int, required=True, dest="number")
        approve.add_argument("--by", required=True, help="who approves it")
        actions.add_parser("install", help="put the shipped scorecards to work where there is none")

    def handle(self, *, action: str, **options: object) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except (operations.UnableToTrain, operations.UnableToApprove, operations.UnableToActivate) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _train(self, options: dict) -> None:
        at = clock.now()
        model = operations.train_scorecard(
            kind=options["kind"],
            until=options["until"] or at.date(),
            built_by=options["by"],
            at=at,
            seed=options["seed"],
        )
        self._summary(model)
        self.stdout.write(
            f"It is a draft: `manage.py scorecard approve --kind {model.kind} --version {model.version} --by NAME`."
        )
        if options["starter"]:
            try:
                options["starter"].write_text(operations.starter(model=model))
            except OSError as problem:
                raise CommandError(f"{options['starter']} cannot be written: {problem.strerror}.") from problem

    def _show(self, options: dict) -> None:
        versions = queries.versions(kind=options["kind"])
        if options["number"] is not None:
            versions = [model for model in versions if model.version == options["number"]]
        if not versions:
            raise CommandError(f"There is no such {options['kind']} scorecard: install the starter or train one.")
        for model in versions:
            self._summary(model)
        if options["number"] is not None:
            self._points(versions[0])

    def _approve(self, options: dict) -> None:
        at = clock.now()
        found = [one for one in queries.versions(kind=options["kind"]) if one.version == options["number"]]
        if not found:
            raise CommandError(f"There is no {options['kind']} scorecard v{options['number']}.")
        operations.approve_scorecard(model_id=found[0].pk, approved_by=options["by"], at=at)
        operations.activate_scorecard(model_id=found[0].pk, at=at)
        self.stdout.write(f"{found[0]} is at work.")

    def _install(self, options: dict) -> None:
        installed = operations.install_starters(at=clock.now())
        for model in installed:
            self.stdout.write(f"{model} is at work.")
        if not installed:
            self.stdout.write("Scorecards are at work already; nothing was changed.")

    def _summary(self, model: ScoringModel) -> None:
        sample = model.metrics.get("sample", {})
        self.stdout.write(
            f"{model} ({model.state}): {len(model.card['features'])} features, "
            f"{sample.get('rows', 0):,} observations with {sample.get('bads', 0):,} bad, "
            f"{model.data_since} to {model.data_until}, built by {model.built_by}"
            + (f", approved by {model.approved_by}" if model.approved_by else "")
        )
        if "source" in model.metrics:
            self.stdout.write(f"  made from {model.metrics['source']}")
        measured = model.metrics.get("holdout")
        if measured:
            values = (
                f"{name} {measured[name]['value']:.3f} ({measured[name]['low']:.3f} to {measured[name]['high']:.3f})"
                for name in ("auc", "gini", "ks", "brier")
            )
            self.stdout.write("  out of sample: " + ", ".join(values))

    def _points(self, model: ScoringModel) -> None:
        self.stdout.write(f"  every subject starts with {model.card['base_points']} points")
        for feature in model.card["features"]:
            self.stdout.write(f"  {feature['name']}: {feature['description']} ({feature['unit']})")
            rows = [(scorecard.label(low=one["low"], high=one["high"]), one) for one in feature["bins"]]
            for label, one in [*rows, ("unknown", feature["missing"])]:
                self.stdout.write(
                    f"    {label:24} {one['points']:+5d} points   {one['count']:6,} seen, {one['bads']:5,} bad"
                )
        for name, why in model.metrics.get("set_aside", {}).items():
            self.stdout.write(f"  set aside: {name}, {why}")
