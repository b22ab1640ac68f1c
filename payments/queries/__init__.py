"""What payments tells: every read, as frozen records."""

from payments.queries.accounts import (
    Account,
    AccountLine,
    AccountStatement,
    account,
    accounts_of,
    balance_of,
    recent,
    statement,
)
from payments.queries.day import Overview, overview
from payments.queries.merchants import (
    LineView,
    MerchantMoney,
    PayoutView,
    SettlementView,
    merchant_money,
    payouts_of,
    settlement,
    settlements_of,
)
from payments.queries.paying import (
    CardQuestion,
    MovementView,
    PartView,
    PaymentView,
    TenderView,
    card_question,
    find,
    part,
    payment,
)
from payments.queries.standing import PartStanding, account_numbers, parts_standing, paying_holders, payment_states
from payments.queries.tenders import TenderStanding, tenders, tenders_of

__all__ = [
    "Account",
    "AccountLine",
    "AccountStatement",
    "CardQuestion",
    "LineView",
    "MerchantMoney",
    "MovementView",
    "Overview",
    "PartStanding",
    "PartView",
    "PaymentView",
    "PayoutView",
    "SettlementView",
    "TenderStanding",
    "TenderView",
    "account",
    "account_numbers",
    "accounts_of",
    "balance_of",
    "card_question",
    "find",
    "merchant_money",
    "overview",
    "part",
    "parts_standing",
    "paying_holders",
    "payment",
    "payment_states",
    "payouts_of",
    "recent",
    "settlement",
    "settlements_of",
    "statement",
    "tenders",
    "tenders_of",
]
