"""From released to paid out: a merchant's day is settled, his reserve matures, his money goes to his account."""

from payments.settlement.maturing import mature_reserves
from payments.settlement.paying_out import PayoutReport, pay_out_due
from payments.settlement.settling import Settled, SettlementReport, Withholding, settle_due

__all__ = [
    "PayoutReport",
    "Settled",
    "SettlementReport",
    "Withholding",
    "mature_reserves",
    "pay_out_due",
    "settle_due",
]
