"""A small market for the tests of payments: shoppers with money, merchants with terms, payments in every state."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from payments import operations
from payments.ledger import queries as ledger

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
_numbers = count(1)


def make_shopper(*, user: int = 1, money: int = 100_000, currency: str = "EUR") -> str:
    """Open an account with money in it; return its number."""
    [account] = operations.open_customer_accounts(
        requests=[operations.OpenAccount(holder=f"user:{user}", currency=currency, at=AT)]
    )
    if money:
        operations.one(
            operations.receive_money(
                requests=[
                    operations.Deposit(
                        account_number=account.number, amount=money, key=f"in:{next(_numbers)}", reference="", at=AT
                    )
                ]
            )
        )
    return account.number


def make_merchant(
    *,
    merchant: int = 1,
    currency: str = "EUR",
    commission_bps: int = 1_000,
    reserve_bps: int = 500,
    settle_days: int = 2,
) -> str:
    """Open a merchant's account and terms; return his reference."""
    reference = f"merchant:{merchant}"
    [account] = operations.open_customer_accounts(
        requests=[operations.OpenAccount(holder=reference, currency=currency, at=AT)]
    )
    operations.one(
        operations.open_merchant_terms(
            requests=[
                operations.OpenMerchantTerms(
                    merchant=reference,
                    currency=currency,
                    commission_bps=commission_bps,
                    commission_vat_bps=2_000,
                    reserve_bps=reserve_bps,
                    settle_days=settle_days,
                    payout_account_number=account.number,
                    at=AT,
                )
            ]
        )
    )
    return reference


def make_request(
    *,
    tenders: Sequence[tuple[str, str, int]],
    parts: Sequence[tuple[str, int]],
    key: str | None = None,
    payer: str = "user:1",
    at: datetime = AT,
    minutes: int = 15,
    currency: str = "EUR",
    return_url: str = "",
    device: str = "",
    address: str = "",
) -> operations.PaymentRequest:
    """Return a payment request; parts are (merchant, amount) and get references ``<key>-1``, ``<key>-2``…"""
    key = key or f"order{next(_numbers)}"
    return operations.PaymentRequest(
        key=key,
        reference=key,
        payer=payer,
        currency=currency,
        tenders=tuple(
            operations.TenderRequest(method=method, source=source, amount=amount) for method, source, amount in tenders
        ),
        parts=tuple(
            operations.PartRequest(reference=f"{key}-{number}", merchant=merchant, goods=amount, shipping=0)
            for number, (merchant, amount) in enumerate(parts, 1)
        ),
        return_url=return_url,
        device=device,
        address=address,
        expires_at=at + timedelta(minutes=minutes),
        at=at,
    )


def record(**arguments) -> int:
    """Record a payment and return its id."""
    return operations.one(operations.record_payments(requests=[make_request(**arguments)]))


def authorise(payment_id: int, at: datetime = AT) -> operations.PaymentOutcome:
    [outcome] = operations.authorise_payments(requests=[operations.Authorise(payment_id=payment_id, at=at)])
    return outcome


def capture(part: str, amount: int | None = None, *, key: str = "", at: datetime = AT) -> object:
    [result] = operations.capture_parts(
        requests=[operations.CapturePart(part_reference=part, amount=amount, key=key or f"capture:{part}", at=at)]
    )
    return result


def release(part: str, amount: int | None = None, *, key: str = "", at: datetime = AT) -> object:
    [result] = operations.release_parts(
        requests=[operations.ReleasePart(part_reference=part, amount=amount, key=key or f"release:{part}", at=at)]
    )
    return result


def refund(part: str, amount: int, *, key: str = "", at: datetime = AT) -> object:
    [result] = operations.refund_parts(
        requests=[
            operations.RefundPart(
                part_reference=part, amount=amount, reason="test", key=key or f"refund:{part}:{amount}", at=at
            )
        ]
    )
    return result


def cancel(part: str, *, key: str = "", at: datetime = AT) -> object:
    [result] = operations.cancel_parts(
        requests=[operations.CancelPart(part_reference=part, key=key or f"cancel:{part}", at=at)]
    )
    return result


def balance(code: str) -> int:
    return ledger.balance(code=code)
