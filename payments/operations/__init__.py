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
from payments.operations.cases import (
    CloseCase,
    OpenCase,
    Opened,
    UnableToHandle,
    UnknownCase,
    close_case,
    close_settled_cases,
    hand_over_case,
    note_case,
    open_case,
    open_cases,
    take_case,
)
from payments.operations.claiming import Claimed, ClaimPart, CloseClaim, close_claims, open_claims
from payments.operations.confirming import (
    Act,
    Confirmation,
    NotConfirmed,
    UnableToConfirm,
    act_to_confirm,
    ask_for_code,
    ask_to_confirm,
    confirm,
    confirm_act,
    passkey_options,
    take_confirmation,
)
from payments.operations.dispute_calls import accept_dispute, finish_dispute_calls, submit_dispute
from payments.operations.disputing import DisputeNoted, note_disputes
from payments.operations.dividing import Divided, DividePart, divide_parts
from payments.operations.errors import (
    InProgress,
    InvalidPayment,
    KeyReused,
    PaymentError,
    UnableToAuthorise,
    UnableToCancel,
    UnableToCapture,
    UnableToClaim,
    UnableToDivide,
    UnableToMakeUp,
    UnableToMoveMoney,
    UnableToOpen,
    UnableToRefund,
    UnableToRelease,
    UnknownPayment,
)
from payments.operations.evidence import (
    Paper,
    UnableToAnswer,
    UnknownDispute,
    answer_dispute,
    open_paper,
    say,
    write_evidence,
)
from payments.operations.failed_refunds import (
    MadeUp,
    RefundFailed,
    named_at_provider,
    note_failed_refunds,
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
from payments.operations.provider_balance import (
    dispute_lines_in_book,
    keep_transactions,
    make_available,
    post_transactions,
    unknown_disputes,
)
from payments.operations.provider_events import (
    EventContradicts,
    ReceivedEvent,
    handle_provider_events,
    poll_provider_events,
    received,
    store_provider_events,
)
from payments.operations.provider_payouts import PayoutNoted, note_payouts
from payments.operations.provider_reading import read_provider
from payments.operations.publishing import deliver, held, publish, undelivered
from payments.operations.recording import PartRequest, PaymentRequest, TenderRequest, record_payments
from payments.operations.refunding import Refunded, RefundPart, refund_parts
from payments.operations.releasing import Released, ReleasePart, release_parts
from payments.operations.renewing import (
    HoldStanding,
    UnableToReplace,
    hold_standing,
    renew_holds,
    renew_holds_of,
    replace_hold,
)
from payments.operations.reviewing import Review, UnableToReview
from payments.operations.ruling import (
    Proposal,
    Ruling,
    UnableToRule,
    approve_policy,
    decline_policy,
    propose_policy,
)
from payments.operations.saved_cards import UnableToSave, card_options, remove_card, save_card, test_cards
from payments.operations.sweeping import sweep
from payments.operations.tiers import (
    TierProposal,
    UnableToChangeTier,
    agree_to_tier,
    decline_tier,
    propose_tier,
    tiers_of,
)
from payments.operations.transfers import transfers_arrived
from payments.operations.verifying import verify_book
from payments.operations.vouchers import IssueVoucher, end_vouchers, issue_vouchers
from payments.providers.card import NEW_CARD
from payments.providers.card_api import ProviderSilent

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
    "NEW_CARD",
    "Act",
    "Authorise",
    "CancelPart",
    "Cancelled",
    "CapturePart",
    "Captured",
    "ClaimPart",
    "Claimed",
    "CloseCase",
    "CloseClaim",
    "Confirmation",
    "Deposit",
    "DisputeNoted",
    "DividePart",
    "Divided",
    "Ended",
    "EventContradicts",
    "GiveGoodwill",
    "GoodwillStanding",
    "HoldStanding",
    "InProgress",
    "InvalidPayment",
    "IssueVoucher",
    "KeyReused",
    "MadeUp",
    "Moved",
    "NotConfirmed",
    "OpenAccount",
    "OpenCase",
    "OpenMerchantTerms",
    "Opened",
    "Paper",
    "PartRequest",
    "PaymentError",
    "PaymentOutcome",
    "PaymentRequest",
    "PayoutNoted",
    "Proposal",
    "ProviderSilent",
    "ReceivedEvent",
    "RefundFailed",
    "RefundPart",
    "Refunded",
    "ReleasePart",
    "Released",
    "Review",
    "Ruling",
    "TenderRequest",
    "TermsOpened",
    "TierProposal",
    "UnableToAnswer",
    "UnableToAuthorise",
    "UnableToCancel",
    "UnableToCapture",
    "UnableToChangeTier",
    "UnableToClaim",
    "UnableToConfirm",
    "UnableToDivide",
    "UnableToHandle",
    "UnableToMakeUp",
    "UnableToMoveMoney",
    "UnableToOpen",
    "UnableToRefund",
    "UnableToRelease",
    "UnableToReplace",
    "UnableToReview",
    "UnableToRule",
    "UnableToSave",
    "UnknownCase",
    "UnknownDispute",
    "UnknownPayment",
    "VoidPayment",
    "accept_dispute",
    "act_to_confirm",
    "agree_to_tier",
    "answer_dispute",
    "answer_for_card",
    "approve_policy",
    "ask_for_code",
    "ask_to_confirm",
    "authorise_payments",
    "cancel_parts",
    "capture_parts",
    "card_options",
    "cards_are_played",
    "close_case",
    "close_claims",
    "close_settled_cases",
    "confirm",
    "confirm_act",
    "correct_journal",
    "decide_goodwill",
    "decline_policy",
    "decline_tier",
    "deliver",
    "dispute_lines_in_book",
    "divide_parts",
    "end_vouchers",
    "expire_payments",
    "finish_dispute_calls",
    "give_goodwill",
    "hand_over_case",
    "handle_provider_events",
    "handle_waiting_notices",
    "held",
    "hold_standing",
    "issue_vouchers",
    "keep_transactions",
    "make_available",
    "named_at_provider",
    "note_case",
    "note_disputes",
    "note_failed_refunds",
    "note_payouts",
    "one",
    "open_case",
    "open_cases",
    "open_claims",
    "open_customer_accounts",
    "open_house_accounts",
    "open_merchant_terms",
    "open_paper",
    "passkey_options",
    "pay_in_capital",
    "payer_came_back",
    "poll_provider_events",
    "post_transactions",
    "propose_policy",
    "propose_tier",
    "publish",
    "read_provider",
    "receive_money",
    "received",
    "record_payments",
    "refund_parts",
    "release_parts",
    "remove_card",
    "renew_holds",
    "renew_holds_of",
    "replace_hold",
    "save_card",
    "say",
    "store_provider_events",
    "submit_dispute",
    "sweep",
    "take_bank_notice",
    "take_case",
    "take_confirmation",
    "test_cards",
    "tiers_of",
    "transfers_arrived",
    "undelivered",
    "unknown_disputes",
    "verify_book",
    "void_payments",
    "withdraw_money",
    "write_evidence",
]
