"""Small books for the tests of the ledger."""

from datetime import UTC, datetime

from payments import chart
from payments.ledger import operations
from payments.ledger.journal import AccountSpec, Journal, Posted, Transfer

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOSTRO = chart.nostro("main", "EUR").code


def make_journal(
    key: str,
    *transfers: tuple[str, str, int],
    at: datetime = AT,
    currency: str = "EUR",
    event: str = "test",
    reference: str = "order:1",
    metadata: dict | None = None,
) -> Journal:
    return Journal(key, event, reference, at, currency, tuple(Transfer(*each) for each in transfers), metadata or {})


def open_deposits(*names: str, overdraft: int = 0) -> list[str]:
    """Open the nostro and one deposit a name; return the deposits' codes."""
    specs: list[AccountSpec] = [chart.deposit(name, "EUR", overdraft) for name in names]
    operations.open_accounts(specs=[chart.nostro("main", "EUR"), *specs], at=AT)
    return [spec.code for spec in specs]


def pay_in(code: str, amount: int, *, key: str | None = None, at: datetime = AT) -> Posted:
    return operations.post(journal=make_journal(key or f"in:{code}:{amount}", (NOSTRO, code, amount), at=at))
