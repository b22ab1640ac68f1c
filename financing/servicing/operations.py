"""What is done to loans after they are quoted: open, disburse, draw, cancel, refund, repay. Set-based, once a key."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction

from financing.lending import operations as lending
from financing.lending.models import Loan
from financing.lending.operations import NewLoan
from financing.servicing import acts, journals
from financing.servicing.account import LoanAccount, Movement
from financing.servicing.acts import NothingToRepay, OverDrawn, UnableToService
from financing.servicing.book import Book
from financing.servicing.days import night_before
from financing.servicing.models import LoanTransaction
from payments.ledger import operations as ledger
from payments.ledger.journal import Transfer
from payments.methods import pair

__all__ = ["NothingToRepay", "OverDrawn", "UnableToService"]


class UnknownLoan(UnableToService):
    """There is no loan with that number."""


class UnableToRepay(UnableToService):
    """The money for a repayment is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Lend ``amount`` of a signed loan into ledger accounts (code, amount), and from there ``onward``."""

    loan_id: int
    amount: int
    to: tuple[tuple[str, int], ...]
    key: str
    at: datetime
    reference: str = ""
    onward: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """Give up ``amount`` of what was signed and not drawn, or all of it when it is ``None``."""

    loan_id: int
    key: str
    at: datetime
    amount: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Take ``amount`` back for returned goods out of ledger accounts (code, amount); ``merchant`` paid a subsidy."""

    loan_id: int
    amount: int
    accounts: tuple[tuple[str, int], ...]
    merchant: str
    key: str
    at: datetime
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subsidy:
    """Keep ``amount`` of a merchant's released money for a plan without interest."""

    loan_id: int
    amount: int
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Repay:
    """Pay ``amount`` of a loan, or all of it when it is ``None``, from a current account here (its number)."""

    loan_id: int
    key: str
    at: datetime
    amount: int | None = None
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaid:
    """How a repayment was divided; ``credit`` is what was too much, ``payoff`` what is still owed in all."""

    loan_id: int
    key: str
    principal: int
    interest: int
    fees: int
    credit: int
    payoff: int
    replayed: bool = False


def open_loans(*, requests: Sequence[NewLoan]) -> list[Loan]:
    """Write signed loans down with their ledger accounts and return them; the same key gives the same loan.

    Call it inside a transaction that holds the borrowers' rows (``lending.operations.lock_borrowers``).
    """
    parties = lending.lock_borrowers(borrowers=[(item.borrower, item.quote.currency) for item in requests])
    loans, created = lending.create_loans(requests=requests, parties=parties)
    if created:
        currencies = {loan.currency for loan in created}
        specs = [spec for currency in sorted(currencies) for spec in journals.house_accounts(currency=currency)]
        for loan in created:
            specs += journals.loan_accounts(
                loan=loan.pk, party=loan.party_id, currency=loan.currency, owner=loan.borrower
            )
        # Two loans of one borrower name the same credit account.
        ledger.open_accounts(specs=list(dict.fromkeys(specs)), at=min(loan.signed_at for loan in created))
    return loans


def draw(*, requests: Sequence[Draw], booked_elsewhere: bool = False) -> list[tuple[Transfer, ...]]:
    """Lend parts of signed loans and return the transfers of each; a key drawn before gives its transfers again.

    With ``booked_elsewhere`` the transfers are returned for somebody else's journal, and not posted here.

    :raises UnableToService: one of the loans cannot be drawn; nothing is done.
    """

    def act(account: LoanAccount, item: Draw) -> tuple[Transfer, ...]:
        key = f"draw:{item.key}"
        return acts.draw(
            account,
            amount=item.amount,
            to=item.to,
            key=key,
            at=item.at,
            reference=item.reference,
            onward=item.onward,
        ).transfers

    def again(item: Draw) -> tuple[Transfer, ...]:
        return tuple(Transfer(f"loan:{item.loan_id}:principal", code, amount) for code, amount in item.to)

    return _each(requests, act, again, prefix="draw", booked_elsewhere=booked_elsewhere)


def refund(*, requests: Sequence[Refund]) -> list[tuple[Transfer, ...]]:
    """Take refunds of financed goods into the loans; return the transfers for the journal of the refund itself.

    A key seen before gives the transfers it gave then.

    :raises UnableToService: one of the loans never gave as much; nothing is done.
    """

    def act(account: LoanAccount, item: Refund) -> tuple[Transfer, ...]:
        key = f"refund:{item.key}"
        movement, unearned = acts.refund(account, amount=item.amount, key=key, at=item.at, reference=item.reference)
        return _refund_transfers(account, item, movement, unearned)

    def again(item: Refund) -> tuple[Transfer, ...]:
        raise UnableToService(f"The refund {item.key} has already been taken into loan {item.loan_id}.")

    return _each(requests, act, again, prefix="refund", booked_elsewhere=True)


def _refund_transfers(account: LoanAccount, item: Refund, movement: Movement, unearned: int) -> tuple[Transfer, ...]:
    codes = account.codes
    credits = (
        (codes.principal, movement.principal),
        (codes.interest, movement.interest),
        (codes.fees, movement.fees),
        (codes.credit, movement.credit),
    )
    transfers = pair(debits=item.accounts, credits=credits) + movement.transfers
    if unearned:
        transfers += (Transfer(codes.deferred, f"{item.merchant}:available", unearned),)
    return transfers


def keep_subsidies(*, requests: Sequence[Subsidy]) -> list[None]:
    """Count merchants' subsidies as kept back and not yet earned; their journals are those of the releases."""

    def act(account: LoanAccount, item: Subsidy) -> None:
        account.deferred += item.amount
        acts.keep(account, Movement(f"subsidy:{item.key}", "subsidy", item.at, fees=item.amount))

    return _each(requests, act, lambda item: None, prefix="subsidy", booked_elsewhere=True)


def subsidy_transfers(*, loan_id: int, leg: Sequence[tuple[str, int]], amount: int) -> tuple[Transfer, ...]:
    """Return what a release adds for a subsidy: out of the merchant's money into what is not yet earned."""
    return (Transfer(leg[0][0], f"loan:{loan_id}:deferred", amount),) if amount else ()


def cancel(*, requests: Sequence[Cancel]) -> None:
    """Give up what will not be drawn, once for a key; a loan of which nothing was drawn ends. Posts nothing.

    :raises UnknownLoan: there is no such loan.
    """

    def act(account: LoanAccount, item: Cancel) -> None:
        amount = account.undrawn if item.amount is None else min(item.amount, account.undrawn)
        acts.keep(account, Movement(f"cancel:{item.key}", "cancellation", item.at, principal=amount))
        acts.cancel_undrawn(account, amount=amount, at=item.at)

    _each(requests, act, lambda item: None, prefix="cancel", booked_elsewhere=True)


def repay(*, requests: Sequence[Repay]) -> list[Repaid | UnableToService]:
    """Pay loans from current accounts at the bank, each for itself, in the order of their moments.

    A result is :class:`Repaid`, or why not: ``UnknownLoan``, ``NothingToRepay`` or ``UnableToRepay``.
    """
    with transaction.atomic():
        book = Book(loans=[item.loan_id for item in requests])
        done = _done([f"repay:{item.key}" for item in requests])
        codes = {_source(book, item) for item in requests if item.loan_id in book.accounts}
        order = sorted(range(len(requests)), key=lambda index: requests[index].at)
        results: list[Repaid | UnableToService | None] = [None] * len(requests)
        for index in order:
            item = requests[index]
            if item.loan_id in book.accounts and f"repay:{item.key}" not in done:
                book.catch_up(loans=[item.loan_id], until=night_before(item.at))
        balances = ledger.lock(codes=sorted(code for code in codes if code))
        book.take_out(balances)
        for index in order:
            item = requests[index]
            results[index] = _repay_one(book, item, done, balances)
            row = results[index]
            if isinstance(row, Repaid):
                done.setdefault(f"repay:{item.key}", None)
        book.write()
    return results


def _source(book: Book, item: Repay) -> str:
    return f"deposit:{item.account}" if item.account else book.accounts[item.loan_id].repay_account


def _repay_one(book: Book, item: Repay, done: dict, balances: dict[str, int]) -> Repaid | UnableToService:
    account = book.accounts.get(item.loan_id)
    if account is None:
        return UnknownLoan(f"There is no loan {item.loan_id}.")
    key = f"repay:{item.key}"
    if key in done:
        row = done[key]
        if row is None:
            return UnableToRepay(f"The key {item.key} comes twice in one batch.")
        return Repaid(
            loan_id=account.id,
            key=item.key,
            principal=row.principal,
            interest=row.interest,
            fees=row.fees,
            credit=row.credit,
            payoff=account.payoff,
            replayed=True,
        )
    source = _source(book, item)
    amount = account.payoff if item.amount is None else item.amount
    if amount <= 0:
        return NothingToRepay(f"Nothing is owed on loan {account.id}.")
    if not source or balances.get(source, 0) < amount:
        return UnableToRepay("There is not enough money on the account: pay some in, or pay a smaller part.")
    try:
        movement = acts.repay(account, amount=amount, source=source, key=key, at=item.at)
    except UnableToService as problem:
        return problem
    account.find_next_due()
    balances[source] -= amount
    return Repaid(
        loan_id=account.id,
        key=item.key,
        principal=movement.principal,
        interest=movement.interest,
        fees=movement.fees,
        credit=movement.credit,
        payoff=account.payoff,
    )


def disburse_advances(*, requests: Sequence[Draw]) -> list[tuple[Transfer, ...]]:
    """Pay signed advances out through their merchants' available money to their accounts; the fee is booked with it.

    ``to`` may be empty: then all of it goes to ``merchant:<M>:available``, and on to the account it is repaid from.

    :raises UnableToService: one of them was paid out before under another key, or was never signed.
    """
    loans = Loan.objects.in_bulk([item.loan_id for item in requests])
    filled = []
    for item in requests:
        if item.loan_id not in loans:
            raise UnknownLoan(f"There is no loan {item.loan_id}.")
        loan = loans[item.loan_id]
        account = f"deposit:{loan.repay_account}" if loan.repay_account else ""
        given = replace(item, to=((f"{loan.merchant}:available", item.amount),), onward=account)
        filled.append(item if item.to else given)
    return draw(requests=filled)


def _done(keys: Sequence[str]) -> dict[str, LoanTransaction]:
    return {row.key: row for row in LoanTransaction.objects.filter(key__in=keys)}


def _each(requests: Sequence, act: Callable, again: Callable, *, prefix: str, booked_elsewhere: bool) -> list:
    """Run ``act`` on the loan of each request, in their order, once for its key; write all of it together."""
    with transaction.atomic():
        book = Book(loans=[item.loan_id for item in requests])
        done = set(_done([f"{prefix}:{item.key}" for item in requests]))
        results = []
        keys = set()
        for item in requests:
            key = f"{prefix}:{item.key}"
            if key in done:
                results.append(again(item))
                continue
            done.add(key)
            if item.loan_id not in book.accounts:
                raise UnknownLoan(f"There is no loan {item.loan_id}.")
            book.catch_up(loans=[item.loan_id], until=night_before(item.at))
            results.append(act(book.accounts[item.loan_id], item))
            book.accounts[item.loan_id].find_next_due()
            keys.add(key)
        book.write(elsewhere=keys if booked_elsewhere else ())
    return results
