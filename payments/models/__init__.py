"""Everything payments keeps, one file a subject. Private to payments: others use operations and queries."""

from payments.models.accounts import CustomerAccount
from payments.models.acquirer import ProviderBalance, ProviderBalanceTransaction, ProviderCursor, ProviderPayout
from payments.models.cards import CardCustomer, CardHoldQuestion, SavedCard
from payments.models.cases import CaseNote, OperationsCase
from payments.models.claims import PartClaim
from payments.models.disputes import Dispute, DisputeCall, DisputeEvent, DisputeMovement, Evidence, EvidenceFile
from payments.models.elsewhere import (
    BankEntry,
    BankFile,
    Batch,
    Delivery,
    OutgoingPayment,
    PayoutAccount,
)
from payments.models.holding import MoneyHold
from payments.models.making_up import FailedRefund, Goodwill
from payments.models.movements import Cancellation, Capture, MovementLeg, PartDivision, Refund, Release
from payments.models.outbox import HandledEvent, OutboxEvent
from payments.models.paying import Part, Payment, Share, Tender
from payments.models.policy import RiskPolicy
from payments.models.provider_events import ProviderEvent
from payments.models.providers import BankNotice, ProviderAttempt, ProviderHealth, Voucher, VoucherReservation
from payments.models.reconciling import (
    BankStatement,
    ReconciliationEntry,
    ReconciliationMatch,
    ReconciliationRun,
)
from payments.models.screening import Screening, Sighting
from payments.models.settling import MerchantTerms, Payout, Settlement, SettlementLine
from payments.models.step_up import FreePayments, StepUpChallenge, UsedCode
from payments.models.tiers import TierChange
from payments.models.verifying import Verification

__all__ = [
    "BankEntry",
    "BankFile",
    "BankNotice",
    "BankStatement",
    "Batch",
    "Cancellation",
    "Capture",
    "CardCustomer",
    "CardHoldQuestion",
    "CaseNote",
    "CustomerAccount",
    "Delivery",
    "Dispute",
    "DisputeCall",
    "DisputeEvent",
    "DisputeMovement",
    "Evidence",
    "EvidenceFile",
    "FailedRefund",
    "FreePayments",
    "Goodwill",
    "HandledEvent",
    "MerchantTerms",
    "MoneyHold",
    "MovementLeg",
    "OperationsCase",
    "OutboxEvent",
    "OutgoingPayment",
    "Part",
    "PartClaim",
    "PartDivision",
    "Payment",
    "Payout",
    "PayoutAccount",
    "ProviderAttempt",
    "ProviderBalance",
    "ProviderBalanceTransaction",
    "ProviderCursor",
    "ProviderEvent",
    "ProviderHealth",
    "ProviderPayout",
    "ReconciliationEntry",
    "ReconciliationMatch",
    "ReconciliationRun",
    "Refund",
    "Release",
    "RiskPolicy",
    "SavedCard",
    "Screening",
    "Settlement",
    "SettlementLine",
    "Share",
    "Sighting",
    "StepUpChallenge",
    "Tender",
    "TierChange",
    "UsedCode",
    "Verification",
    "Voucher",
    "VoucherReservation",
]
