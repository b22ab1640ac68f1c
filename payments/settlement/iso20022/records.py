"""What files say, as frozen records. Amounts are minor units, above zero unless said otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The message around everything else; ``kind`` is like `camt.054`, ``version`` like `001.08`."""

    kind: str
    version: str
    message_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """One payment within an entry; what the file does not say is empty.

    ``return_reason`` is a code such as `AC04` where the payment came back.
    """

    position: int
    amount: int
    is_credit: bool
    end_to_end_id: str
    message_id: str
    payment_information_id: str
    bank_reference: str
    debtor_name: str
    debtor_iban: str
    creditor_name: str
    creditor_iban: str
    remittance: str
    return_reason: str
    return_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line on our account at another bank; ``is_credit`` as it moved the account, reversals included.

    ``status`` is `BOOK`, `PDNG` or `INFO`. ``position`` counts from one within its account's part of the file.
    """

    position: int
    reference: str
    bank_reference: str
    amount: int
    currency: str
    is_credit: bool
    is_reversal: bool
    status: str
    booked_on: date | None
    valued_on: date | None
    code: str
    text: str
    batch_message_id: str
    batch_payment_information_id: str
    batch_count: int | None
    details: tuple[Detail, ...]

    @property
    def signed(self) -> int:
        """Return the amount, below zero where money left the account."""
        return self.amount if self.is_credit else -self.amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance of a statement: ``kind`` is `OPBD`, `CLBD`, `PRCD`, …; ``amount`` is below zero when overdrawn."""

    kind: str
    amount: int
    currency: str
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement of one account, whole."""

    header: Header
    statement_id: str
    account: str
    currency: str
    sequence: int | None
    since: date | None
    until: date | None
    balances: tuple[Balance, ...]
    entries: tuple[Entry, ...]

    def balance(self, *kinds: str) -> Balance | None:
        """Return the first balance of one of these kinds."""
        return next((balance for kind in kinds for balance in self.balances if balance.kind == kind), None)

    @property
    def opening(self) -> Balance | None:
        """Return the booked balance it begins with, or the one the last statement ended with."""
        return self.balance("OPBD", "PRCD")

    @property
    def closing(self) -> Balance | None:
        """Return the booked balance it ends with."""
        return self.balance("CLBD")

    @property
    def booked(self) -> int:
        """Return the sum of its booked entries, below zero where more went than came."""
        return sum(entry.signed for entry in self.entries if entry.status == "BOOK")

    @property
    def difference(self) -> int | None:
        """Return how far its closing balance is from opening and entries; nothing where a balance is missing."""
        if self.opening is None or self.closing is None:
            return None
        return self.closing.amount - self.opening.amount - self.booked


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """What became of one payment that was ordered; ``status`` such as `ACSP` or `RJCT`, ``reason`` such as `AC04`."""

    end_to_end_id: str
    status: str
    reason: str
    text: str
    amount: int | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The other bank's answer to one file of orders; ``status`` is the group's, empty where it gives none."""

    header: Header
    original_message_id: str
    original_count: int | None
    status: str
    reason: str
    text: str
    payments: tuple[PaymentStatus, ...]
