"""Everything payments keeps, one file a subject. Private to payments: others use operations and queries."""

from payments.models.accounts import CustomerAccount
from payments.models.cases import CaseNote, OperationsCase
from payments.models.movements import Cancellation, Capture, MovementLeg, Refund, Release
from payments.models.outbox import HandledEvent, OutboxEvent
from payments.models.paying import Part, Payment, Share, Tender
from payments.models.providers import ProviderAttempt, Voucher, VoucherReservation
from payments.models.reconciling import (
    BankStatement,
    ReconciliationEntry,
    ReconciliationMatch,
    ReconciliationRun,
)
from payments.models.settling import MerchantTerms, Payout, Settlement, SettlementLine
from payments.models.step_up import StepUpChallenge, StepUpCounter
from payments.models.verifying import Verification

__all__ = [
    "BankStatement",
    "Cancellation",
    "Capture",
    "CaseNote",
    "CustomerAccount",
    "HandledEvent",
    "MerchantTerms",
    "MovementLeg",
    "OperationsCase",
    "OutboxEvent",
    "Part",
    "Payment",
    "Payout",
    "ProviderAttempt",
    "ReconciliationEntry",
    "ReconciliationMatch",
    "ReconciliationRun",
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
