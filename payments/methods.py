"""What a way of paying must be able to do, and the ways that are connected.

A method never moves money itself: it says which transfers a leg needs (or why it refuses), keeps its own records of
what it promised (a reserved budget, a plan), and the operation that asked posts everything in one journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from payments.ledger.journal import AccountSpec, Transfer


class UnknownMethod(Exception):
    """A tender names a method that is not connected in ``RIALTO_METHODS``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A tender's share in one act. ``amount`` is minor units of ``currency``, above zero.

    - ``part_reference``, ``merchant``: the consignment; ``None`` when the leg is the whole tender, as in
      ``authorise`` of a method that is not ``per_part``.
    - ``accounts``: the ledger accounts on the other side, each with its amount, summing to ``amount``: where a
      capture's money goes (escrow), where a refund's or a release's money comes from. Empty for authorise and void.
    - ``provider_reference``: what the method returned when it authorised.
    - ``key``: names this act of this tender for ever; the same key is the same act again.
    - ``promised``: the method had said yes to it; what it never promised it need not give back.
    - ``retry``: an earlier call with this key may have been made without its answer being known.
    """

    tender_id: int
    payment_id: int
    payment_reference: str
    part_reference: str | None
    merchant: str | None
    payer: str
    source: str
    amount: int
    currency: str
    provider_reference: str
    key: str
    at: datetime
    accounts: tuple[tuple[str, int], ...] = ()
    return_url: str = ""
    promised: bool = True
    retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A method's answer to one leg: what to post, or why not.

    - ``accounts``: ledger accounts to open first (an identical one that exists is fine).
    - ``refusal``: a sentence for the payer; nothing of the leg happens.
    - ``action_url``: where the payer must go first; the payment waits in ``action_required``.
    - ``answered``: false when a remote provider gave no answer; the sweep asks again.
    """

    transfers: tuple[Transfer, ...] = ()
    accounts: tuple[AccountSpec, ...] = ()
    refusal: str = ""
    provider_reference: str = ""
    expires_at: datetime | None = None
    action_url: str = ""
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TenderOption:
    """A way this payer could pay this amount, for the checkout page.

    ``keep_as`` is its source when the payer wants it kept for the next time; empty where that cannot be.
    """

    method: str
    source: str
    label: str
    detail: str
    needs_sign_in: bool = False
    keep_as: str = ""


class Method(Protocol):
    """A way of paying. One answer per leg, in the order of the legs.

    Local methods (``remote`` false) run inside the operation's transaction, set-based over the legs, and may lock
    their own rows; ``authorise`` gets one leg a tender. A remote one (see ``RemoteMethod``) is called outside any
    transaction, after its attempt has been written down, and ``authorise`` gets one leg a part.
    ``capture``, ``void``, ``refund`` and ``release`` get one leg for each part a tender pays for. ``authorise`` may be
    asked again for a tender that said yes before its payer had something to do elsewhere.

    When one tender of a payment refuses, ``void`` is called for the others that had said yes in the same breath;
    the transfers it answers are then left out, since nothing had been posted.
    """

    code: str
    label: str
    remote: bool

    # A method may also set ``asks_payer``: larger payments by it then need the payer's second factor first.

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]: ...

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]: ...

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]: ...

    def void(self, *, legs: Sequence[Leg]) -> list[Step]: ...

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]: ...

    def release(self, *, legs: Sequence[Leg]) -> list[Step]: ...


class RemoteMethod(Method, Protocol):
    """A method at another company: safe to call again with the same keys, and its postings follow from the leg.

    One whose promise is money that has come (a transfer from another bank) also has ``accounts(*, leg)``: the ledger
    accounts to open before what ``transfers`` says of ``authorise`` is posted.
    """

    def transfers(self, *, action: str, leg: Leg) -> tuple[Transfer, ...]: ...


def get(*, code: str) -> Method:
    """Return the connected method of that code.

    :raises UnknownMethod: there is none.
    """
    try:
        return _connected(tuple(settings.RIALTO_METHODS))[code]
    except KeyError:
        raise UnknownMethod(f"There is no payment method {code!r}: connect one in RIALTO_METHODS.") from None


def connected() -> list[Method]:
    """Return every connected method, in the order of ``RIALTO_METHODS``."""
    return list(_connected(tuple(settings.RIALTO_METHODS)).values())


@cache
def _connected(paths: tuple[str, ...]) -> dict[str, Method]:
    found = [import_string(path)() for path in paths]
    return {method.code: method for method in found}


def pair(*, debits: Iterable[tuple[str, int]], credits: Iterable[tuple[str, int]]) -> tuple[Transfer, ...]:
    """Return transfers that take ``debits`` and give ``credits``, both (account, amount), in their order.

    :raises ValueError: the two sides do not sum to the same amount.
    """
    left = [[account, amount] for account, amount in debits if amount]
    right = [[account, amount] for account, amount in credits if amount]
    if sum(amount for _, amount in left) != sum(amount for _, amount in right):
        raise ValueError(f"The debits {left} and the credits {right} differ.")
    transfers = []
    while left and right:
        amount = min(left[0][1], right[0][1])
        transfers.append(Transfer(debit=left[0][0], credit=right[0][0], amount=amount))
        for side in (left, right):
            side[0][1] -= amount
            if not side[0][1]:
                side.pop(0)
    return tuple(transfers)
