"""What may be done with payments: every write, one transaction each, batches first.

Operations take a sequence of requests and return one result for each, in order: what was done, or the error that says
why it was not. :func:`one` turns a batch of one into its result or its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from payments.operations.accounts import (
    Deposit,
    Moved,
    OpenAccount,
    open_customer_accounts,
    receive_money,
    withdraw_money,
)
from payments.operations.authorising import Authorise, PaymentOutcome, authorise_payments
from payments.operations.bank_notices import handle_waiting_notices, payer_came_back, take_bank_notice
from payments.operations.cancelling import (
    Cancelled,
    CancelPart,
    Ended,
    VoidPayment,
    cancel_parts,
    expire_payments,
    void_payments,
)
from payments.operations.capturing import Captured, CapturePart, capture_parts
from payments.operations.card_answers import answer_for_card, cards_are_played
from payments.operations.confirming import Confirmation, UnableToConfirm, ask_for_code, confirm
from payments.operations.errors import (
    InProgress,
    InvalidPayment,
    KeyReused,
    PaymentError,
    UnableToAuthorise,
    UnableToCancel,
    UnableToCapture,
    UnableToMakeUp,
    UnableToMoveMoney,
    UnableToOpen,
    UnableToRefund,
    UnableToRelease,
    UnknownPayment,
)
from payments.operations.failed_refunds import (
    MadeUp,
    PayFailedRefund,
    RefundFailed,
    named_at_provider,
    note_failed_refunds,
    pay_failed_refunds,
)
from payments.operations.house import open_house_accounts, pay_in_capital
from payments.operations.making_up import (
    GiveGoodwill,
    GoodwillStanding,
    correct_journal,
    decide_goodwill,
    give_goodwill,
)
from payments.operations.merchants import OpenMerchantTerms, TermsOpened, open_merchant_terms
from payments.operations.publishing import deliver, held, publish, undelivered
from payments.operations.recording import PartRequest, PaymentRequest, TenderRequest, record_payments
from payments.operations.refunding import Refunded, RefundPart, refund_parts
from payments.operations.releasing import Released, ReleasePart, release_parts
from payments.operations.sweeping import sweep
from payments.operations.verifying import verify_book
from payments.operations.vouchers import IssueVoucher, issue_vouchers

Success = TypeVar("Success")


def one(results: Sequence[Success | PaymentError]) -> Success:
    """Return the only result of a batch of one.

    :raises PaymentError: when the result is a refusal.
    """
    [result] = results
    if isinstance(result, PaymentError):
        raise result
    return result


__all__ = [
    "Authorise",
    "CancelPart",
    "Cancelled",
    "CapturePart",
    "Captured",
    "Confirmation",
    "Deposit",
    "Ended",
    "GiveGoodwill",
    "GoodwillStanding",
    "InProgress",
    "InvalidPayment",
    "IssueVoucher",
    "KeyReused",
    "MadeUp",
    "Moved",
    "OpenAccount",
    "OpenMerchantTerms",
    "PartRequest",
    "PayFailedRefund",
    "PaymentError",
    "PaymentOutcome",
    "PaymentRequest",
    "RefundFailed",
    "RefundPart",
    "Refunded",
    "ReleasePart",
    "Released",
    "TenderRequest",
    "TermsOpened",
    "UnableToAuthorise",
    "UnableToCancel",
    "UnableToCapture",
    "UnableToConfirm",
    "UnableToMakeUp",
    "UnableToMoveMoney",
    "UnableToOpen",
    "UnableToRefund",
    "UnableToRelease",
    "UnknownPayment",
    "VoidPayment",
    "answer_for_card",
    "ask_for_code",
    "authorise_payments",
    "cancel_parts",
    "capture_parts",
    "cards_are_played",
    "confirm",
    "correct_journal",
    "decide_goodwill",
    "deliver",
    "expire_payments",
    "give_goodwill",
    "handle_waiting_notices",
    "held",
    "issue_vouchers",
    "named_at_provider",
    "note_failed_refunds",
    "one",
    "open_customer_accounts",
    "open_house_accounts",
    "open_merchant_terms",
    "pay_failed_refunds",
    "pay_in_capital",
    "payer_came_back",
    "publish",
    "receive_money",
    "record_payments",
    "refund_parts",
    "release_parts",
    "sweep",
    "take_bank_notice",
    "undelivered",
    "verify_book",
    "void_payments",
    "withdraw_money",
]
