"""Paying from an account at another bank: the payer is sent there, agrees, and the bank confirms what it sent.

One request at the other bank for each tender, whatever the number of its parts. A promise here is money that has
come, so it is posted when it is confirmed; what the bank confirms in another amount or currency is never taken in and
sent back whole. The payer's return says nothing that is believed: the bank itself is asked.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import F, Sum
from django.utils.module_loading import import_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payments import chart, journals
from payments.ledger.journal import AccountSpec, Transfer
from payments.methods import Leg, Step, TenderOption
from payments.models import Share
from payments.money import Money
from payments.providers import bank_signatures

logger = logging.getLogger(__name__)

SECONDS = 10
SOURCE = "redirect"
WAITING, CONFIRMED, RETURNED = "waiting", "confirmed", "returned"
MONEY_CAME = (CONFIRMED, RETURNED)


class _Refused(Exception):
    """The other bank answered, and said no."""


class OtherBankMethod:
    """An account at another bank, chosen there; the tender's ``source`` is always ``redirect``."""

    code = "other_bank"
    label = _("Another bank")
    remote = True

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the one way there is, where another bank is connected."""
        if not is_connected():
            return []
        detail = gettext("You agree on your own bank's pages, and come back here.")
        return [TenderOption(method=self.code, source=SOURCE, label=str(self.label), detail=detail)]

    def accounts(self, *, leg: Leg) -> tuple[AccountSpec, ...]:
        """Return the accounts that the confirmed money needs."""
        return (
            chart.transfer_pending("otherbank", leg.currency),
            chart.held(leg.payment_id, leg.currency, leg.payer),
        )

    def transfers(self, *, action: str, leg: Leg) -> tuple[Transfer, ...]:
        """Return what an act that succeeded posts; what was never promised posts nothing when it is given up."""
        if action == "authorise":
            return journals.transfer_confirmed(payment_id=leg.payment_id, amount=leg.amount, currency=leg.currency)
        if action == "void":
            if not leg.promised:
                return ()
            return journals.transfer_sent_back(payment_id=leg.payment_id, amount=leg.amount, currency=leg.currency)
        if action == "capture":
            return tuple(
                transfer
                for escrow, amount in leg.accounts
                for transfer in journals.capture_from_account(payment_id=leg.payment_id, escrow=escrow, amount=amount)
            )
        destination = journals.transfer_destination(currency=leg.currency)
        return journals.refund_to(sources=leg.accounts, destination=destination)

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Ask the other bank for the money, or how far it has come."""
        return [_answered(act=_authorise, leg=leg) for leg in legs]

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Take what is here already."""
        return [Step() for _leg in legs]

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Withdraw the request, or send back what has come."""
        return [_answered(act=_void, leg=leg) for leg in legs]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Send money back to the account it came from."""
        return [_answered(act=_refund, leg=leg) for leg in legs]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Add nothing."""
        return [Step() for _leg in legs]


def is_connected() -> bool:
    """Return whether there is another bank to ask, a real one or the stand-in."""
    return bool(settings.OTHER_BANK_URL and settings.OTHER_BANK_SECRET) or _may_play()


def secret() -> str:
    """Return the secret shared with the other bank; empty when there is none."""
    if settings.OTHER_BANK_URL:
        return settings.OTHER_BANK_SECRET
    return bank_signatures.STAND_IN_SECRET if _may_play() else ""


def page_url(*, reference: str) -> str:
    """Return the other bank's page where the payer agrees."""
    return f"{_base()}/pay/{reference}"


def send_back_late(*, reference: str) -> bool:
    """Send back whole what came for a payment that had ended; return whether the bank answered."""
    try:
        found = _call("GET", f"/payments/{reference}")
        if found["status"] == WAITING:
            _call("POST", f"/payments/{reference}/cancel", {})
        elif found["status"] in MONEY_CAME and found["paid"] > found["returned"]:
            _send_back(reference=reference, amount=found["paid"] - found["returned"], key=f"{reference}:late")
    except _Refused as refused:
        logger.warning("The other bank refused to take money back", extra={"problem": str(refused)})
    except (requests.RequestException, ValueError, KeyError) as silent:
        logger.warning("The other bank did not answer", extra={"problem": str(silent)})
        return False
    return True


def _may_play() -> bool:
    return settings.RIALTO_ENV != "production" and not settings.OTHER_BANK_URL


def _authorise(leg: Leg) -> Step:
    if leg.provider_reference:
        found = _call("GET", f"/payments/{leg.provider_reference}")
        needed = found["amount"]
    else:
        needed = _needed(leg)
        found = _call("POST", "/payments", _request(leg=leg, amount=needed))
    reference = found["id"]
    if found["status"] == WAITING:
        return Step(provider_reference=reference, action_url=f"/money/bank/{reference}/")
    if found["status"] in MONEY_CAME and (found["paid"], found["paid_currency"]) != (needed, leg.currency):
        if not found["returned"]:
            _send_back(reference=reference, amount=found["paid"], key=f"{reference}:wrong")
        return Step(provider_reference=reference, refusal=_wrong_amount(found=found, needed=needed, leg=leg))
    if found["status"] != CONFIRMED:
        return Step(provider_reference=reference, refusal=gettext("Your bank did not make this payment."))
    return Step(provider_reference=reference)


def _wrong_amount(*, found: dict[str, Any], needed: int, leg: Leg) -> str:
    said = {
        "sent": Money(found["paid"], found["paid_currency"]).format(),
        "needed": Money(needed, leg.currency).format(),
    }
    return gettext("Your bank sent %(sent)s where %(needed)s were asked for: it goes back to you.") % said


def _needed(leg: Leg) -> int:
    """Return what the whole tender is to bring."""
    shares = Share.objects.filter(tender_id=leg.tender_id)
    return shares.aggregate(total=Sum(F("amount") - F("cancelled")))["total"]


def _request(*, leg: Leg, amount: int) -> dict[str, Any]:
    site = urlsplit(leg.return_url)
    origin = f"{site.scheme}://{site.netloc}" if site.netloc else ""
    return {
        # The same for every part: they are paid together.
        "key": f"{leg.payment_reference}:{leg.tender_id}",
        "amount": amount,
        "currency": leg.currency,
        "reference": leg.payment_reference,
        "creditor": settings.RIALTO_POLICY.BANK_NAME,
        "return_url": f"{origin}/money/bank/return/" if origin else "",
        "notice_url": f"{origin}/money/bank/notices/" if origin else "",
    }


def _void(leg: Leg) -> Step:
    path = f"/payments/{leg.provider_reference}"
    found = _call("GET", path)
    if found["status"] == WAITING:
        found = _call("POST", f"{path}/cancel", {})
    left = found["paid"] - found["returned"]
    if found["status"] in MONEY_CAME and (left or leg.retry):
        amount = leg.amount if leg.promised else min(leg.amount, left)
        if amount:
            _send_back(reference=leg.provider_reference, amount=amount, key=_name(leg))
    return Step()


def _refund(leg: Leg) -> Step:
    _send_back(reference=leg.provider_reference, amount=leg.amount, key=_name(leg))
    return Step()


def _send_back(*, reference: str, amount: int, key: str) -> None:
    _call("POST", f"/payments/{reference}/returns", {"key": key, "amount": amount})


def _name(leg: Leg) -> str:
    return f"{leg.payment_reference}:{leg.key}"


def _answered(*, act: Callable[[Leg], Step], leg: Leg) -> Step:
    """Return the act's step; silence, and an answer that is none, are told as such."""
    try:
        return act(leg)
    except _Refused as refused:
        logger.warning("The other bank refused a request", extra={"leg": leg.key, "problem": str(refused)})
        return Step(refusal=gettext("The other bank refused: %(why)s") % {"why": str(refused)})
    except (requests.RequestException, ValueError, KeyError, OSError) as silent:
        logger.warning("The other bank did not answer", extra={"leg": leg.key, "problem": str(silent)})
        return Step(answered=False)


def _call(verb: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    text = "" if body is None else json.dumps(body)
    signed = bank_signatures.sign(secret=secret(), text=f"{verb} {path} {text}", at=int(time.time()))
    headers = {"Signature": signed, "Content-Type": "application/json"}
    answer = _session().request(
        verb, f"{_base()}{path}", data=text.encode() or None, headers=headers, timeout=SECONDS, allow_redirects=False
    )
    if 400 <= answer.status_code < 500:
        raise _Refused(str(answer.json().get("problem", answer.status_code))[:200])
    answer.raise_for_status()
    return answer.json()


def _base() -> str:
    if settings.OTHER_BANK_URL:
        return settings.OTHER_BANK_URL.rstrip("/")
    return f"{import_string(settings.RIALTO_CARD_STAND_IN)()}/other-bank"


@cache
def _session() -> requests.Session:
    return requests.Session()
