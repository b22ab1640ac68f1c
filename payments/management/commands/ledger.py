"""`manage.py ledger`: look at the book, seal it, verify it."""

import shutil
import signal
import sys
from argparse import ArgumentParser
from datetime import UTC, date, datetime
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from payments import clock
from payments.ledger import errors, operations, queries
from payments.money import Money


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


_month.__name__ = "month (like 2026-01)"
_instant.__name__ = "instant (like 2026-01-31 or 2026-01-31T12:00, in UTC)"


class Command(BaseCommand):
    help = "Look at the ledger, seal it, verify it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        verify = actions.add_parser("verify", help="recompute every hash, sum and floor; exit 1 if one is wrong")
        verify.add_argument("--from-seal", type=int, default=0, metavar="N", help="trust what seal N covers")
        actions.add_parser("seal", help="seal what is not sealed yet")
        closings = actions.add_parser("closings", help="write closings, so that past balances stay cheap")
        closings.add_argument("--at", type=_instant, help="for what happened up to then (default: now)")
        archive = actions.add_parser("archive", help="put away a month that is over; it is still read and verified")
        archive.add_argument("month", type=_month, help="by when it was recorded, like 2026-01")
        export = actions.add_parser("export", help="the journal as one Parquet file, for auditors")
        export.add_argument("file", type=Path, metavar="FILE")
        export.add_argument("--since", type=_instant, help="what was recorded from then on")
        export.add_argument("--until", type=_instant, help="what was recorded before then")
        export.add_argument("--script", type=Path, metavar="SCRIPT", help="also copy there what verifies the file")
        balance = actions.add_parser("balance", help="an account's balance")
        balance.add_argument("code")
        balance.add_argument("--at", type=_instant)
        balance.add_argument("--as-recorded", action="store_true", help="what the book held then")
        trial = actions.add_parser("trial-balance", help="debits and credits of every account that moved")
        trial.add_argument("--at", type=_instant)
        statement = actions.add_parser("statement", help="what happened on an account")
        statement.add_argument("code")
        statement.add_argument("--since", type=_instant)
        statement.add_argument("--until", type=_instant)
        statement.add_argument("--limit", type=int, help="the newest so many lines")

    def handle(self, *, action: str, **options: object) -> None:
        try:
            getattr(self, f"_{action.replace('-', '_')}")(options)
        except (errors.LedgerError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _verify(self, options: dict) -> None:
        found = operations.verify(from_seal=options["from_seal"], progress=self._progress)
        for check in found.checks:
            style, sign = (self.style.ERROR, "✗") if check.problems else (self.style.SUCCESS, "✓")
            self.stdout.write(style(f"{sign} {check.name}"))
            for problem in check.problems:
                self.stdout.write(f"  {problem}")
        self.stdout.write(f"{found.journals:,} journals, {found.transfers:,} transfers, {found.seals:,} seals.")
        if found.problems:
            raise CommandError(f"The book does not hold: {len(found.problems)} problems, named above.")
        self.stdout.write("The book holds.")

    def _progress(self, done: int, total: int) -> None:
        if total > 100_000:
            self.stderr.write(f"  {done:,} of {total:,} journals", ending="\r" if self.stderr.isatty() else "\n")

    def _seal(self, options: dict) -> None:
        self.stdout.write(f"Seals written: {operations.seal()}.")

    def _closings(self, options: dict) -> None:
        operations.seal()
        self.stdout.write(f"Closings written: {operations.write_closings(at=options['at'] or clock.now())}.")

    def _archive(self, options: dict) -> None:
        operations.archive(month=options["month"])
        self.stdout.write(f"{options['month']:%Y-%m} is in the archive.")

    def _export(self, options: dict) -> None:
        from payments.audit import export  # what writes Parquet takes a while to load

        path, script = options["file"], options["script"]
        ended = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a draft is cleared away
        try:
            written = export.export(
                path=path,
                at=clock.now(),
                bounds=export.Bounds(options["since"], options["until"]),
                progress=self._export_progress,
            )
            if script:
                shutil.copyfile(export.SCRIPT, script)
        except export.UnableToExport as problem:
            raise CommandError(str(problem)) from problem
        except OSError as problem:
            raise CommandError(f"{script} cannot be written: {problem.strerror}.") from problem
        finally:
            signal.signal(signal.SIGTERM, ended)
        self.stdout.write(
            f"{written.journals:,} journals, {written.transfers:,} transfers and {written.seals:,} seals are in {path}."
        )
        if written.head:
            self.stdout.write(f"Its newest seal is {written.newest_seal} {written.head}.")

    def _export_progress(self, transfers: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"  {transfers:,} transfers", ending="\r")

    def _balance(self, options: dict) -> None:
        if options["as_recorded"] and options["at"] is None:
            options["at"] = clock.now()
        statement = queries.statement(code=options["code"], limit=1)
        amount = queries.balance(code=options["code"], at=options["at"], as_recorded=options["as_recorded"])
        self.stdout.write(str(Money(amount, statement.currency)))

    def _trial_balance(self, options: dict) -> None:
        totals: dict[str, list[int]] = {}
        for line in queries.trial_balance(at=options["at"]):
            self._columns(line.code, Money(line.debits, line.currency), Money(line.credits, line.currency))
            total = totals.setdefault(line.currency, [0, 0])
            total[0] += line.debits
            total[1] += line.credits
        for currency, (debits, credits) in sorted(totals.items()):
            self._columns("total", Money(debits, currency), Money(credits, currency))

    def _statement(self, options: dict) -> None:
        statement = queries.statement(
            code=options["code"], since=options["since"], until=options["until"], limit=options["limit"]
        )
        self._columns("opening", "", Money(statement.opening, statement.currency))
        for line in statement.lines:
            what = f"{line.happened_at:%Y-%m-%d %H:%M} {line.event} {line.reference} {line.counter_account}"
            self._columns(what, Money(line.amount, statement.currency), Money(line.balance, statement.currency))
        self._columns("closing", "", Money(statement.closing, statement.currency))

    def _columns(self, name: str, first: object, second: object) -> None:
        self.stdout.write(f"{name:<64} {first!s:>20} {second!s:>20}")
