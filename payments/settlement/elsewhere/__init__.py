"""Money to and from other banks: ordered, batched, approved, sent once; files taken in once, entry by entry."""

from payments.settlement.elsewhere.batches import (
    UnableToChangeBatch,
    approve_batch,
    close_batch,
    close_due,
    withdraw_batch,
)
from payments.settlement.elsewhere.booking import book_recorded
from payments.settlement.elsewhere.failed_refunds import PayFailedRefund, pay_failed_refunds
from payments.settlement.elsewhere.importing import Imported, UnableToImport, import_file
from payments.settlement.elsewhere.inbox import take_in
from payments.settlement.elsewhere.limits import Limits, limits_of
from payments.settlement.elsewhere.ordering import Ordered, OrderPayment, check_iban, hold_batches, order_payments
from payments.settlement.elsewhere.payout_accounts import (
    AskPayoutAccount,
    Question,
    UnableToChangePayoutAccount,
    activate_payout_accounts,
    ask_payout_account,
    cancel_payout_account,
    confirm_payout_account,
    question_of,
)
from payments.settlement.elsewhere.sending import send_due
from payments.settlement.elsewhere.suspense import UnableToResolve, match_entry, send_entry_back
from payments.settlement.elsewhere.transfers import (
    OrderTransfer,
    Transferred,
    answer_question,
    ask_question,
    order_transfer,
)

__all__ = [
    "AskPayoutAccount",
    "Imported",
    "Limits",
    "OrderPayment",
    "OrderTransfer",
    "Ordered",
    "PayFailedRefund",
    "Question",
    "Transferred",
    "UnableToChangeBatch",
    "UnableToChangePayoutAccount",
    "UnableToImport",
    "UnableToResolve",
    "activate_payout_accounts",
    "answer_question",
    "approve_batch",
    "ask_payout_account",
    "ask_question",
    "book_recorded",
    "cancel_payout_account",
    "check_iban",
    "close_batch",
    "close_due",
    "confirm_payout_account",
    "hold_batches",
    "import_file",
    "limits_of",
    "match_entry",
    "order_payments",
    "order_transfer",
    "pay_failed_refunds",
    "question_of",
    "send_due",
    "send_entry_back",
    "take_in",
    "withdraw_batch",
]
