"""What the bank has, owes and earns."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from payments.ledger.fetching import rows
from payments.ledger.queries.balances import families, sums_of


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One account of a report, or a family of customers' accounts written with ``*``, in its class's sense."""

    account_class: str
    code: str
    currency: str
    amount: int


def balance_sheet(*, at: datetime | None = None, as_recorded: bool = False) -> list[ReportLine]:
    """Return what the bank has (assets), owes (liabilities) and is worth (equity), per currency.

    The result not yet carried to equity is the line ``result``; assets = liabilities + equity.
    """
    lines: dict[tuple[str, str, str], int] = {}
    for line in families(at=at, as_recorded=as_recorded):
        if line.debits + line.credits == 0:
            continue
        if line.account_class in ("income", "expense"):
            key, amount = ("equity", "result", line.currency), line.credits - line.debits
        else:
            key, amount = (line.account_class, line.family, line.currency), line.balance
        lines[key] = lines.get(key, 0) + amount
    return [ReportLine(*key, amount) for key, amount in sorted(lines.items())]


def profit_and_loss(*, since: datetime, until: datetime, as_recorded: bool = False) -> list[ReportLine]:
    """Return what was earned (income) and spent (expense) from ``since`` up to, not including, ``until``."""
    instant = timedelta(microseconds=1)
    later, last = sums_of("SELECT ids FROM result", until - instant, as_recorded)
    earlier, first = sums_of("SELECT ids FROM result", since - instant, as_recorded)
    found = rows(
        f"""WITH result AS (SELECT array_agg(id) AS ids FROM ledger_account
               WHERE account_class IN ('income', 'expense'))
           SELECT a.account_class, a.code, a.currency, CASE a.account_class WHEN 'income' THEN 1 ELSE -1 END
               * (later.credits - later.debits - earlier.credits + earlier.debits) AS amount
           FROM {later} AS later JOIN {earlier} AS earlier USING (account_id)
           JOIN ledger_account a ON a.id = account_id
           WHERE later.debits + later.credits > earlier.debits + earlier.credits
           ORDER BY a.account_class DESC, a.code""",  # noqa: S608
        [*last, *first],
    )
    return [ReportLine(*row) for row in found]
