"""Advances repaid as a share of sales: called by payments' settlement, in its transaction."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time

from financing.lending.models import Loan, LoanState, ProductKind
from financing.servicing import acts
from financing.servicing.account import Fact
from financing.servicing.book import Book
from financing.servicing.days import night_before
from payments.settlement import Settled, Withholding

_NOON = time(12, 0, tzinfo=UTC)


def collect(*, settled: Sequence[Settled]) -> list[Withholding]:
    """Take each active advance's share of what its merchant was settled, and say what was taken.

    The oldest advance takes first; never more than what is owed, never more than what was settled.
    """
    merchants = {item.merchant for item in settled if item.net > 0}
    running = Loan.objects.filter(kind=ProductKind.ADVANCE, state=LoanState.ACTIVE, merchant__in=merchants)
    shares = defaultdict(list)
    for loan, merchant, currency, share in running.order_by("pk").values_list(
        "pk", "merchant", "currency", "share_bps"
    ):
        shares[merchant, currency].append((loan, share))
    if not shares:
        return []
    book = Book(loans=[loan for loans in shares.values() for loan, _ in loans])
    taken = []
    for item in sorted(settled, key=lambda row: (row.day, row.settlement_id)):
        left = item.net
        for loan, share in shares.get((item.merchant, item.currency), ()):
            key = f"settlement:{item.settlement_id}:loan:{loan}"
            amount = _withhold(book, loan, min(left, max(0, item.net) * share // 10_000), key, item)
            if amount:
                left -= amount
                taken.append((item.settlement_id, loan, amount, key))
    ids = book.write()
    return [
        Withholding(settlement_id=settlement, reference=f"loan:{loan}", amount=amount, journal_id=ids[key])
        for settlement, loan, amount, key in taken
    ]


def _withhold(book: Book, loan: int, share: int, key: str, item: Settled) -> int:
    account = book.accounts[loan]
    at = datetime.combine(item.day, _NOON)
    # Nothing is taken from sales that settled before the advance was paid out.
    if account.disbursed_at is None or account.disbursed_at > at:
        return 0
    book.catch_up(loans=[loan], until=night_before(at))
    amount = min(share, account.payoff)
    if amount <= 0 or account.state != LoanState.ACTIVE:
        return 0
    acts.repay(
        account,
        amount=amount,
        source=f"{item.merchant}:available",
        key=key,
        at=at,
        kind="withholding",
        reference=f"settlement:{item.settlement_id}",
    )
    account.facts.append(Fact("withheld", at, amount=amount))
    account.find_next_due()
    return amount
