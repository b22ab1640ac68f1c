"""What may be done with returns: every write, one transaction each."""

from mall.returns.answering import add_word, agree, answer_offer, answer_return, escalate, send_return, withdraw
from mall.returns.asking import ask_return
from mall.returns.deciding import agree_to_decision, decide, object_to_decision
from mall.returns.paying import NotPaid, pay_back
from mall.returns.receiving import note_arrivals, receive_return
from mall.returns.sweeping import sweep_returns
from mall.returns.terms import set_terms

__all__ = [
    "NotPaid",
    "add_word",
    "agree",
    "agree_to_decision",
    "answer_offer",
    "answer_return",
    "ask_return",
    "decide",
    "escalate",
    "note_arrivals",
    "object_to_decision",
    "pay_back",
    "receive_return",
    "send_return",
    "set_terms",
    "sweep_returns",
    "withdraw",
]
