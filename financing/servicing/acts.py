"""What people and the shop do to a loan: draw, cancel, repay, refund; and what the bank does: late fee, loss.

Pure: each act changes a :class:`LoanAccount` in memory and returns the movement that books it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from financing.lending.models import LoanState
from financing.servicing.account import Fact, Line, LoanAccount, Movement, finish, settle_lines
from payments.ledger.journal import Transfer
from payments.money import largest_remainder


class UnableToService(Exception):
    """A loan cannot take what was asked of it."""


class OverDrawn(UnableToService):
    """More is to be drawn, cancelled or refunded than the loan was signed for or gave."""


class NothingToRepay(UnableToService):
    """Nothing is out on the loan, or it has ended."""


def keep(account: LoanAccount, movement: Movement) -> Movement:
    """Remember a movement on its loan."""
    account.movements.append(movement)
    return movement


def draw(
    account: LoanAccount,
    *,
    amount: int,
    to: Iterable[tuple[str, int]],
    key: str,
    at: datetime,
    reference: str = "",
    onward: str = "",
) -> Movement:
    """Lend ``amount`` of what was signed to ledger accounts; the flat fee of an advance comes with its first draw.

    With ``onward``, what reached those accounts goes on to that one in the same breath.

    :raises OverDrawn: more than is left to draw.
    """
    if amount > account.undrawn or not account.live:
        raise OverDrawn(f"Loan {account.id} has {account.undrawn} left to draw, not {amount}.")
    transfers = [Transfer(account.codes.principal, code, part) for code, part in to]
    if onward:
        transfers += [Transfer(code, onward, part) for code, part in to]
    fee = 0
    if account.state == LoanState.SIGNED:
        account.state, account.disbursed_at = LoanState.ACTIVE, at
        account.facts.append(Fact("opened", at, due_on=account.lines[-1].due_on, amount=account.undrawn))
        for line in account.lines:
            if line.fee_planned:
                line.fee, line.changed = line.fee_planned, True
                fee += line.fee_planned
    if fee:
        account.fees += fee
        account.deferred += fee
        transfers.append(Transfer(account.codes.fees, account.codes.deferred, fee))
    _push_back(account, at)
    account.undrawn -= amount
    account.disbursed += amount
    account.outstanding += amount
    return keep(
        account,
        Movement(
            key,
            "disbursement",
            at,
            principal=amount,
            fees=fee,
            reference=reference,
            transfers=tuple(transfers),
        ),
    )


def _push_back(account: LoanAccount, at: datetime) -> None:
    """Move principal whose day came before its goods were dispatched to the next line: nobody owed it yet."""
    out = account.outstanding
    for line, following in pairwise(account.lines):
        if line.due_on > at.date():
            break
        owed = min(line.open_principal, out)
        out -= owed
        early = line.open_principal - owed
        if early:
            line.principal -= early
            following.principal += early
            line.changed = following.changed = True


def cancel_undrawn(account: LoanAccount, *, amount: int, at: datetime) -> None:
    """Give up what will never be drawn: the schedule shrinks from its end. Posts nothing.

    :raises OverDrawn: more than is left to draw.
    """
    if amount > account.undrawn:
        raise OverDrawn(f"Loan {account.id} has {account.undrawn} left to draw, not {amount}.")
    account.undrawn -= amount
    left = amount
    for line in reversed(account.lines):
        part = min(left, line.open_principal)
        if part:
            line.principal -= part
            line.changed = True
            left -= part
        if not left:
            break
    settle_lines(account, at)
    finish(account, at)


def repay(
    account: LoanAccount,
    *,
    amount: int,
    source: str,
    key: str,
    at: datetime,
    kind: str = "repayment",
    reference: str = "",
) -> Movement:
    """Take ``amount`` from ledger account ``source``: what is due first, by the product's order, then early parts.

    What exceeds the whole debt becomes the borrower's credit. After a charge-off all of it is a recovery.

    :raises NothingToRepay: nothing is out, and the loan was not charged off.
    """
    if account.state == LoanState.CHARGED_OFF:
        account.recovered += amount
        transfer = Transfer(source, account.codes.income_recovery, amount)
        return keep(account, Movement(key, "recovery", at, source=source, reference=reference, transfers=(transfer,)))
    if account.state != LoanState.ACTIVE or not account.payoff:
        raise NothingToRepay(f"Nothing is owed on loan {account.id}.")
    left = {"left": min(amount, account.payoff)}
    paid = {"fees": 0, "interest": 0, "principal": 0}
    out = {"out": account.outstanding}
    due = [line for line in account.lines if line.due_on <= at.date()]
    early = [line for line in account.lines if line.due_on > at.date()]
    for part in account.waterfall:
        for line in due:
            _pay(line, part, left, paid, out)
    if account.early_rule == "last":
        for line in early:
            _pay(line, "interest", left, paid, out)
        early.reverse()
    for line in early:
        for part in ("fees", "interest", "principal"):
            _pay(line, part, left, paid, out)
    excess = amount - sum(paid.values())
    movement = _book_repayment(account, paid, excess, source, Movement(key, kind, at, reference=reference))
    settle_lines(account, at)
    finish(account, at)
    return movement


def _pay(line: Line, part: str, left: dict[str, int], paid: dict[str, int], out: dict[str, int]) -> None:
    """Pay one part of one line with what is left; principal only as far as it was drawn."""
    if not left["left"]:
        return
    if part == "fees":
        amount = min(left["left"], line.open_fee)
        line.fee_paid += amount
    elif part == "interest":
        amount = min(left["left"], line.open_interest)
        line.interest_paid += amount
    else:
        amount = min(left["left"], line.open_principal, out["out"])
        line.principal_paid += amount
        out["out"] -= amount
    if amount:
        line.changed = True
        left["left"] -= amount
        paid[part] += amount


def _book_repayment(
    account: LoanAccount, paid: dict[str, int], excess: int, source: str, movement: Movement
) -> Movement:
    codes = account.codes
    account.fees -= paid["fees"]
    account.interest -= paid["interest"]
    account.outstanding -= paid["principal"]
    account.fees_paid += paid["fees"]
    account.interest_paid += paid["interest"]
    account.repaid += paid["principal"]
    transfers = [
        Transfer(source, code, amount)
        for code, amount in (
            (codes.fees, paid["fees"]),
            (codes.interest, paid["interest"]),
            (codes.principal, paid["principal"]),
            (codes.credit, excess),
        )
        if amount
    ]
    # Interest kept out of income while the loan was late is income once it is paid.
    recognised = min(account.suspended, paid["interest"])
    if recognised:
        account.suspended -= recognised
        transfers.append(Transfer(codes.suspended, codes.income_interest, recognised))
    return keep(
        account,
        replace(
            movement,
            principal=paid["principal"],
            interest=paid["interest"],
            fees=paid["fees"],
            credit=excess,
            source=source,
            transfers=tuple(transfers),
        ),
    )


def refund(account: LoanAccount, *, amount: int, key: str, at: datetime, reference: str = "") -> tuple[Movement, int]:
    """Take back ``amount`` of financed goods: every payment still open shrinks alike; then interest and fees.

    Returns the movement, whose ``credit`` goes to the borrower, and the part of a subsidy that goes back to the
    merchant. Who gives the money is not decided here: the caller books the movement's parts.
    """
    before = account.outstanding
    principal = min(amount, before)
    open_parts = [line.open_principal for line in account.lines]
    if principal:
        for line, part in zip(account.lines, largest_remainder(principal, open_parts), strict=True):
            if part:
                line.principal -= part
                line.changed = True
    account.outstanding -= principal
    account.refunded += principal
    left, paid = {"left": amount - principal}, {"fees": 0, "interest": 0, "principal": 0}
    for part in ("interest", "fees"):
        for line in account.lines:
            _pay(line, part, left, paid, {"out": 0})
    account.interest -= paid["interest"]
    account.interest_paid += paid["interest"]
    account.fees -= paid["fees"]
    account.fees_paid += paid["fees"]
    recognised = min(account.suspended, paid["interest"])
    account.suspended -= recognised
    transfers = ()
    if recognised:
        transfers = (Transfer(account.codes.suspended, account.codes.income_interest, recognised),)
    unearned = account.deferred * principal // before if before and account.kind == "installments" else 0
    account.deferred -= unearned
    movement = keep(
        account,
        Movement(
            key,
            "refund",
            at,
            principal=principal,
            interest=paid["interest"],
            fees=paid["fees"],
            credit=left["left"],
            reference=reference,
            transfers=transfers,
        ),
    )
    settle_lines(account, at)
    finish(account, at)
    return movement, unearned


def charge_late_fee(account: LoanAccount, line: Line, *, at: datetime) -> Movement | None:
    """Charge the product's fee for a missed line, once for it and never more than the line itself."""
    fee = min(account.late_fee, line.open_principal + line.open_interest)
    if not fee or line.late_fee:
        return None
    line.late_fee = fee
    line.fee += fee
    line.changed = True
    account.fees += fee
    transfer = Transfer(account.codes.fees, account.codes.income_late, fee)
    key = f"loan:{account.id}:late:{line.number}"
    return keep(account, Movement(key, "late_fee", at, fees=fee, reference=str(line.number), transfers=(transfer,)))


def charge_off(account: LoanAccount, *, at: datetime) -> Movement:
    """Take the loan's loss: what was kept back first, then expense. The claim lives on beside the ledger."""
    codes = account.codes
    transfers = []
    if account.suspended:
        transfers.append(Transfer(codes.suspended, codes.interest, account.suspended))
    kept_back = account.deferred
    for code, amount in (
        (codes.fees, account.fees),
        (codes.principal, account.outstanding),
        (codes.interest, account.interest - account.suspended),
    ):
        covered = min(kept_back, amount)
        kept_back -= covered
        if covered:
            transfers.append(Transfer(codes.deferred, code, covered))
        if amount - covered:
            transfers.append(Transfer(codes.chargeoff, code, amount - covered))
    movement = Movement(
        f"loan:{account.id}:charge-off",
        "charge_off",
        at,
        principal=account.outstanding,
        interest=account.interest,
        fees=account.fees,
        transfers=tuple(transfers),
    )
    account.facts.append(Fact("charged_off", at, amount=account.payoff, days_late=account.days_late))
    account.charged_off += account.outstanding
    account.outstanding = account.interest = account.fees = account.suspended = 0
    account.deferred = kept_back
    account.state, account.ended_at = LoanState.CHARGED_OFF, at
    return keep(account, movement)
