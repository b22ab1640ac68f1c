"""The close of one loan's days: what fell due, what the account paid, what is late, what accrued. Pure."""

from datetime import UTC, date, datetime, time, timedelta

from financing.lending.models import LoanState
from financing.servicing import acts
from financing.servicing.account import DAY, LATE_STEPS, Fact, Line, LoanAccount, accrue, finish, settle_lines

# A day is closed in its last moment.
_LAST = time(23, 59, 59, tzinfo=UTC)
# How late a line must be before more is said of it, by what was said last.
_NEXT_STEP = dict(zip((0, *LATE_STEPS), (*LATE_STEPS, 10**9), strict=True))


def end_of(day: date) -> datetime:
    """Return the moment at which ``day`` is closed."""
    return datetime.combine(day, _LAST)


def pass_time(account: LoanAccount, *, until: date) -> None:
    """Close the loan's open days through ``until``, on none of which anything is due."""
    nights = (until - account.closed_through).days
    if nights <= 0:
        return
    if account.state == LoanState.ACTIVE:
        accrue(account, account.closed_through + DAY, nights)
    account.closed_through = until


def close_due_day(account: LoanAccount, *, day: date, available: dict[str, int]) -> None:
    """Close one day of an active loan on which something is due, or late; the days before must be closed.

    ``available`` is what may be taken from each repayment account (by ledger code); paying lessens it.
    """
    account.closed_through = day
    _due(account, day, available)
    if account.state == LoanState.ACTIVE:
        accrue(account, day, 1)
    finish(account, end_of(day))


def _due(account: LoanAccount, day: date, available: dict[str, int]) -> None:
    at = end_of(day)
    owed = account.owed_lines(day)
    for line, amount in owed:
        if line.due_on == day and amount:
            account.facts.append(Fact("due", at, line.number, line.due_on, amount))
    if account.autopay and account.repay_account and owed and _autopay(account, owed, at, available):
        owed = account.owed_lines(day)
    elif any(not amount for _, amount in owed):
        settle_lines(account, at)
    late = [(line, amount) for line, amount in owed if amount]
    account.days_late = (day - late[0][0].due_on).days if late else 0
    account.worst_days_late = max(account.worst_days_late, account.days_late)
    for line, amount in late:
        days = (day - line.due_on).days
        if days >= account.grace_days and days and not line.late_fee:
            acts.charge_late_fee(account, line, at=at)
        if days >= _NEXT_STEP[line.overdue_said]:
            line.overdue_said, line.changed = max(step for step in LATE_STEPS if step <= days), True
            account.facts.append(Fact("overdue", at, line.number, line.due_on, amount, days))
    if late and account.days_late >= account.charge_off_days:
        acts.charge_off(account, at=at)
    account.find_next_due()


def _autopay(account: LoanAccount, owed: list[tuple[Line, int]], at: datetime, available: dict[str, int]) -> int:
    """Pay the oldest lines that the account can pay whole, and return how much; nothing is taken for half a line."""
    code, amount = account.repay_account, 0
    for _, part in owed:
        if amount + part > available.get(code, 0):
            break
        amount += part
    if amount:
        key = f"loan:{account.id}:autopay:{at.date().isoformat()}"
        acts.repay(account, amount=amount, source=code, key=key, at=at, kind="autopay")
        available[code] -= amount
    return amount


def night_before(moment: datetime) -> date:
    """Return the last day that must be closed before something happens at ``moment``."""
    return moment.astimezone(UTC).date() - timedelta(days=1)
