"""Everything payments keeps, one file a subject. Private to payments: others use operations and queries."""

from payments.models.accounts import CustomerAccount
from payments.models.making_up import FailedRefund, Goodwill
from payments.models.movements import Cancellation, Capture, MovementLeg, Refund, Release
from payments.models.outbox import HandledEvent, OutboxEvent
from payments.models.paying import Part, Payment, Share, Tender
from payments.models.providers import BankNotice, ProviderAttempt, ProviderHealth, Voucher, VoucherReservation
from payments.models.settling import MerchantTerms, Payout, Settlement, SettlementLine
from payments.models.step_up import StepUpChallenge, StepUpCounter
from payments.models.verifying import Verification

__all__ = [
    "BankNotice",
    "Cancellation",
    "Capture",
    "CustomerAccount",
    "FailedRefund",
    "Goodwill",
    "HandledEvent",
    "MerchantTerms",
    "MovementLeg",
    "OutboxEvent",
    "Part",
    "Payment",
    "Payout",
    "ProviderAttempt",
    "ProviderHealth",
    "Refund",
    "Release",
    "Settlement",
    "SettlementLine",
    "Share",
    "StepUpChallenge",
    "StepUpCounter",
    "Tender",
    "Verification",
    "Voucher",
    "VoucherReservation",
]
