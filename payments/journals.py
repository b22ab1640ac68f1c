"""What every event of payments posts: pure functions, one an event, read from top to bottom as the accounting.

``docs/money-flow.md`` is generated from these by calling each with the figures of its ``Example`` (see ``LINES``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from payments.ledger import chart
from payments.ledger.journal import Journal, Transfer

# --- Opening -------------------------------------------------------------------------------------------------------


def capital_paid_in(*, bank: str, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """The owners pay capital in."""
    return Journal(
        key=key,
        event="capital_paid_in",
        reference=bank,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(chart.nostro(bank, currency).code, chart.equity("capital", currency).code, amount),),
    )


def money_received(
    *, bank: str, account: str, amount: int, currency: str, reference: str, key: str, at: datetime
) -> Journal:
    """Money arrives from another bank for a customer."""
    return Journal(
        key=key,
        event="money_received",
        reference=reference or account,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(chart.nostro(bank, currency).code, f"deposit:{account}", amount),),
    )


def money_received_for_nobody(
    *, bank: str, account: str, amount: int, currency: str, reference: str, key: str, at: datetime
) -> Journal:
    """Money arrives from another bank for an account that does not exist."""
    return Journal(
        key=key,
        event="money_received_for_nobody",
        reference=reference or account,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(chart.nostro(bank, currency).code, chart.suspense("transfers", currency).code, amount),),
        metadata={"account": account},
    )


def money_sent(
    *, bank: str, account: str, amount: int, currency: str, reference: str, key: str, at: datetime
) -> Journal:
    """A customer's money leaves to another bank."""
    return Journal(
        key=key,
        event="money_sent",
        reference=reference or account,
        happened_at=at,
        currency=currency,
        transfers=(Transfer(f"deposit:{account}", chart.nostro(bank, currency).code, amount),),
    )


# --- Paying: what a method's leg posts -------------------------------------------------------------------------------


def hold_on_account(*, account: str, payment_id: int, amount: int) -> tuple[Transfer, ...]:
    """Authorise by bank account."""
    return (Transfer(f"deposit:{account}", f"held:{payment_id}", amount),)


def hold_given_back(*, account: str, payment_id: int, amount: int) -> tuple[Transfer, ...]:
    """Void or expiry of a hold on a bank account."""
    return (Transfer(f"held:{payment_id}", f"deposit:{account}", amount),)


def capture_from_account(*, payment_id: int, escrow: str, amount: int) -> tuple[Transfer, ...]:
    """Capture by bank account."""
    return (Transfer(f"held:{payment_id}", escrow, amount),)


def capture_from_card(*, escrow: str, amount: int, currency: str) -> tuple[Transfer, ...]:
    """Capture by card."""
    return (Transfer(chart.card_pending("stripe", currency).code, escrow, amount),)


def capture_from_voucher(*, escrow: str, amount: int, currency: str) -> tuple[Transfer, ...]:
    """Capture by a voucher the bank pays for."""
    return (Transfer(chart.expense("marketing", currency).code, escrow, amount),)


def refund_to(*, sources: Sequence[tuple[str, int]], destination: str) -> tuple[Transfer, ...]:
    """Refund of one tender: from where the money is, to where it came from."""
    return tuple(Transfer(source, destination, amount) for source, amount in sources if amount)


def account_destination(*, account: str) -> str:
    """Return where a refund to a bank account goes."""
    return f"deposit:{account}"


def card_destination(*, currency: str) -> str:
    """Return where a refund to a card goes."""
    return chart.card_pending("stripe", currency).code


def voucher_destination(*, currency: str) -> str:
    """Return where a refund of a voucher goes."""
    return chart.expense("marketing", currency).code


# --- Paying: the journals ------------------------------------------------------------------------------------------


def payment_authorised(
    *, payment_id: int, reference: str, currency: str, transfers: Sequence[Transfer], key: str, at: datetime
) -> Journal:
    """The local tenders of a payment are authorised, all of them or none."""
    return Journal(
        key=key,
        event="payment_authorised",
        reference=reference,
        happened_at=at,
        currency=currency,
        transfers=tuple(transfers),
        metadata={"payment": payment_id},
    )


def hold_released(
    *, payment_id: int, reference: str, currency: str, transfers: Sequence[Transfer], key: str, at: datetime
) -> Journal:
    """What was held and will not be captured goes back: a void, an expiry, a cancelled consignment."""
    return Journal(
        key=key,
        event="hold_released",
        reference=reference,
        happened_at=at,
        currency=currency,
        transfers=tuple(transfers),
        metadata={"payment": payment_id},
    )


def part_captured(
    *, part: str, payment_id: int, currency: str, transfers: Sequence[Transfer], key: str, at: datetime
) -> Journal:
    """A consignment's money moves from its tenders into escrow."""
    return Journal(
        key=key,
        event="part_captured",
        reference=part,
        happened_at=at,
        currency=currency,
        transfers=tuple(transfers),
        metadata={"payment": payment_id},
    )


# --- Delivering and settling -----------------------------------------------------------------------------------------


def part_released(
    *,
    part: str,
    merchant: str,
    net: int,
    commission: int,
    vat: int,
    currency: str,
    extra: Sequence[Transfer] = (),
    key: str,
    at: datetime,
) -> Journal:
    """A consignment is delivered: its escrow goes to the merchant, less commission and the tax on it.

    ``net`` is before what a method takes from the merchant in ``extra`` (a 0 % plan's subsidy).
    """
    escrow = f"escrow:{part}"
    shares = (
        Transfer(escrow, f"{merchant}:pending", net),
        Transfer(escrow, chart.income("commission", currency).code, commission),
        Transfer(escrow, chart.vat_commission(currency).code, vat),
    )
    return Journal(
        key=key,
        event="part_released",
        reference=part,
        happened_at=at,
        currency=currency,
        transfers=(*(transfer for transfer in shares if transfer.amount), *extra),
    )


def merchant_settled(
    *, merchant: str, day: date, receivable: int, reserve: int, available: int, currency: str, key: str, at: datetime
) -> Journal:
    """A day's pending money becomes the merchant's: first what he owes, then the reserve, the rest available."""
    pending = f"{merchant}:pending"
    shares = (
        Transfer(pending, f"{merchant}:receivable", receivable),
        Transfer(pending, f"{merchant}:reserve", reserve),
        Transfer(pending, f"{merchant}:available", available),
    )
    return Journal(
        key=key,
        event="merchant_settled",
        reference=f"{merchant}@{day.isoformat()}",
        happened_at=at,
        currency=currency,
        transfers=tuple(transfer for transfer in shares if transfer.amount),
    )


def reserve_matured(*, merchant: str, day: date, amount: int, currency: str, key: str, at: datetime) -> Journal:
    """What was kept back from a settlement is the merchant's."""
    return Journal(
        key=key,
        event="reserve_matured",
        reference=f"{merchant}@{day.isoformat()}",
        happened_at=at,
        currency=currency,
        transfers=(Transfer(f"{merchant}:reserve", f"{merchant}:available", amount),),
    )


def merchant_paid_out(
    *, merchant: str, day: date, account: str, amount: int, currency: str, key: str, at: datetime
) -> Journal:
    """A merchant's available money is paid to his account here."""
    return Journal(
        key=key,
        event="merchant_paid_out",
        reference=f"{merchant}@{day.isoformat()}",
        happened_at=at,
        currency=currency,
        transfers=(Transfer(f"{merchant}:available", f"deposit:{account}", amount),),
    )


# --- Undoing -------------------------------------------------------------------------------------------------------


def refund_sources(
    *,
    part: str,
    merchant: str,
    currency: str,
    escrow: int,
    pending: int,
    available: int,
    reserve: int,
    receivable: int,
    commission: int,
    vat: int,
) -> tuple[tuple[str, int], ...]:
    """From where a refund is taken: escrow; after release the merchant's accounts in order, commission and its tax."""
    sources = (
        (f"escrow:{part}", escrow),
        (f"{merchant}:pending", pending),
        (f"{merchant}:available", available),
        (f"{merchant}:reserve", reserve),
        (f"{merchant}:receivable", receivable),
        (chart.income("commission", currency).code, commission),
        (chart.vat_commission(currency).code, vat),
    )
    return tuple((account, amount) for account, amount in sources if amount)


def part_refunded(
    *, part: str, reason: str, currency: str, transfers: Sequence[Transfer], key: str, at: datetime
) -> Journal:
    """Money of a consignment goes back to the tenders it came from."""
    return Journal(
        key=key,
        event="part_refunded",
        reference=part,
        happened_at=at,
        currency=currency,
        transfers=tuple(transfers),
        metadata={"reason": reason},
    )
