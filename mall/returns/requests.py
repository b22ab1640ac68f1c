"""What can be asked of returns, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mall.actors import Actor
from mall.uploads import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReturn:
    """A buyer wants to give pieces of a consignment back: (number of the order's line, pieces) each."""

    key: str
    consignment_number: str
    pieces: tuple[tuple[int, int], ...]
    reason: str
    text: str
    by: Actor
    at: datetime
    photos: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReturn:
    """A merchant answers: `accept`, `let keep`, `offer` (with an amount in minor units) or `decline`."""

    number: str
    answer: str
    by: Actor
    at: datetime
    text: str = ""
    amount: int | None = None
    photos: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerOffer:
    """A buyer takes the part a merchant offered, or refuses it."""

    number: str
    takes: bool
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReturn:
    """A buyer has sent the goods back."""

    number: str
    carrier: str
    tracking: str
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveReturn:
    """A merchant has the goods: in what condition, and what he gives back when it is not all (minor units)."""

    number: str
    condition: str
    by: Actor
    at: datetime
    amount: int | None = None
    text: str = ""
    photos: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SayReturn:
    """Somebody does one thing to a return that needs only words: agree, withdraw, escalate, add."""

    number: str
    by: Actor
    at: datetime
    text: str = ""
    photos: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideReturn:
    """A person of operations decides what goes back of what is still asked for (minor units), and why."""

    number: str
    amount: int
    reason: str
    by: Actor
    at: datetime


class UnableToReturn(Exception):
    """The return was not asked for, or stays as it is; a sentence for who asked."""


class UnknownReturn(UnableToReturn):
    """There is none of that number, or it is no business of this actor's; he cannot tell which."""
