"""Means of contact and of payment outside the market, as they stand in a text: pure."""

from __future__ import annotations

import re

EMAIL, PHONE, ACCOUNT, ELSEWHERE = "email", "phone", "account", "elsewhere"

_EMAIL = re.compile(r"[\w.+-]+\s*(?:@|\(at\)|\[at\])\s*[\w-]+(?:\.|\s*(?:\(dot\)|\[dot\])\s*)[a-z]{2,}", re.IGNORECASE)
# Nine digits or more that somebody could dial, after a plus or a zero; numbers of orders and parcels begin otherwise.
_PHONE = re.compile(r"(?<![\w-])(?:\+|0)[\s()./-]*(?:[0-9][\s()./-]*){7,14}[0-9](?![\w-])")
_ACCOUNT = re.compile(r"\b[A-Z]{2}[0-9]{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,4})?\b")
_ELSEWHERE = re.compile(
    r"\b(?:paypal|western\s?union|moneygram|revolut|venmo|zelle|bizum|bitcoin|crypto|whats\s?app|telegram|wechat|"
    r"bank\s+transfer|wire\s+transfer|pay\s+(?:me\s+)?(?:in\s+cash|directly|outside)|gift\s+cards?\s+codes?)\b",
    re.IGNORECASE,
)


def found(*, text: str) -> frozenset[str]:
    """Return what kinds of contact or payment outside the market a text has in it."""
    kinds = {EMAIL: _EMAIL, PHONE: _PHONE, ACCOUNT: _ACCOUNT, ELSEWHERE: _ELSEWHERE}
    return frozenset(kind for kind, pattern in kinds.items() if pattern.search(text))
