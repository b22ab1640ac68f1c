"""Who takes part in living a history beside the driver: lenders, a helping process, and the tally of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from config.simulation.acts import Act
from config.simulation.history import Purchase
from payments.operations import PaymentOutcome

# Tells of a person, a shop or an account whether one process deals with it.
Whose = Callable[[str], bool]


@dataclass(slots=True)
class Tally:
    """What was done, and what the operations would not do, by reason."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    plans_closed: int = 0

    def add(self, other: Tally) -> None:
        """Add what somebody else did."""
        self.done.update(other.done)
        self.refused.update(other.refused)
        self.examples.update(other.examples)
        self.plans_closed += other.plans_closed

    def count(self, kind: str, asked: Sequence[Act], results: Sequence[object]) -> None:
        """Count one result per act."""
        for act, result in zip(asked, results, strict=True):
            if isinstance(result, Exception):
                reason = f"{kind}: {type(result).__name__}"
                self.refused[reason] += 1
                self.examples.setdefault(reason, f"{act.purchase.key}: {result}")
            else:
                self.done[kind] += 1


class Credit(Protocol):
    """What lenders add to a history; :class:`NoCredit` adds nothing."""

    # Whether something happens at the ends of months, so that windows end there.
    by_month: bool

    def product_for(self, purchase: Purchase) -> str | None:
        """Return the plan that pays this purchase, or None when it is paid at once."""

    def sign(self, waiting: Sequence[tuple[Purchase, PaymentOutcome, datetime]]) -> None:
        """Sign the plans of (purchase, what its payment waits for, moment)."""

    def refresh(self) -> None:
        """Look at the loans again, for somebody who does not close the days."""

    def before(self, first: date, last: date, *, whose: Whose) -> None:
        """Have money leave, and bring in what borrowers pay in these days, for those ``whose`` says."""

    def close_plans(self, last: date) -> int:
        """Close the days of shoppers' plans, which need nothing of the merchants' evening; return how many."""

    def after(self, first: date, last: date, *, closed: int = 0) -> None:
        """Close these days, ``closed`` plans apart; at a month's end make offers and take advances."""


class NoCredit:
    """A history without lending."""

    by_month = False

    def product_for(self, purchase: Purchase) -> str | None:
        """Return that everything is paid at once."""

    def sign(self, waiting: Sequence[tuple[Purchase, PaymentOutcome, datetime]]) -> None:
        """Sign nothing."""

    def before(self, first: date, last: date, *, whose: Whose) -> None:
        """Bring in nothing."""

    def close_plans(self, last: date) -> int:
        """Close nothing."""
        return 0

    def after(self, first: date, last: date, *, closed: int = 0) -> None:
        """Close nothing."""


# What a helper does its share of, each step waited for by both.
BRING, TRADE, CLOSE = "bring", "trade", "close"


class Share(Protocol):
    """A helper that does a share of every window beside this process."""

    def is_theirs(self, purchase: Purchase) -> bool:
        """Tell whether the helper lives a purchase."""

    def deals_with(self, who: str) -> bool:
        """Tell whether the helper brings in and sends away the money of a person, a shop or an account."""

    def start(self, step: str, first: date, last: date) -> None:
        """Have the helper do its share of a step in these days."""

    def join(self) -> Tally:
        """Wait for the helper and return what it did."""
