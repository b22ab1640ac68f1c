"""The lives of a payment, a tender and a part, each one table of allowed transitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class ForbiddenTransition(Exception):
    """A state machine was asked for a transition its table does not have."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A named table of (state, event, next state); the first row's state is where a life begins."""

    name: str
    meaning: str
    transitions: tuple[tuple[str, str, str], ...]

    @property
    def initial(self) -> str:
        """Return the state every life begins in."""
        return self.transitions[0][0]

    @property
    def states(self) -> tuple[str, ...]:
        """Return every state, in the order of first appearance."""
        seen = dict.fromkeys(name for row in self.transitions for name in (row[0], row[2]))
        return tuple(seen)

    @property
    def final(self) -> tuple[str, ...]:
        """Return the states nothing leads out of."""
        left = {row[0] for row in self.transitions if row[0] != row[2]}
        return tuple(state for state in self.states if state not in left)


PAYMENT = Machine(
    name="payment",
    meaning="What a payer gives for one order, by one or more tenders.",
    transitions=(
        ("recorded", "ask", "authorising"),
        ("recorded", "authorise", "authorised"),
        ("recorded", "need_action", "action_required"),
        ("recorded", "refuse", "refused"),
        ("recorded", "expire", "expired"),
        ("recorded", "void", "voided"),
        ("authorising", "authorise", "authorised"),
        ("authorising", "need_action", "action_required"),
        ("authorising", "refuse", "refused"),
        ("action_required", "ask", "authorising"),
        ("action_required", "authorise", "authorised"),
        ("action_required", "refuse", "refused"),
        ("action_required", "expire", "expired"),
        ("action_required", "void", "voided"),
        ("authorised", "complete", "captured"),
        ("authorised", "void", "voided"),
        ("authorised", "expire", "expired"),
    ),
)

TENDER = Machine(
    name="tender",
    meaning="One source of a payment's money: an account, a card, a plan, a voucher.",
    transitions=(
        ("recorded", "ask", "asked"),
        ("recorded", "authorise", "authorised"),
        ("recorded", "need_action", "action_required"),
        ("recorded", "refuse", "refused"),
        ("recorded", "void", "voided"),
        ("asked", "authorise", "authorised"),
        ("asked", "need_action", "action_required"),
        ("asked", "refuse", "refused"),
        ("action_required", "ask", "asked"),
        ("action_required", "authorise", "authorised"),
        ("action_required", "refuse", "refused"),
        ("action_required", "void", "voided"),
        ("authorised", "void", "voided"),
        ("authorised", "complete", "captured"),
        ("captured", "refund_all", "refunded"),
    ),
)

PART = Machine(
    name="part",
    meaning="One consignment's share of a payment: from the hold through escrow to the merchant.",
    transitions=(
        ("awaiting", "authorise", "authorised"),
        ("awaiting", "cancel", "cancelled"),
        ("authorised", "capture", "captured"),
        ("authorised", "cancel", "cancelled"),
        ("captured", "capture", "captured"),
        ("captured", "release", "released"),
        ("captured", "refund_all", "refunded"),
        ("released", "settle", "settled"),
        ("released", "refund_all", "refunded"),
        ("settled", "refund_all", "refunded"),
    ),
)

ATTEMPT = Machine(
    name="provider attempt",
    meaning="One call to a remote provider: written down before it is made, so that no answer can be lost.",
    transitions=(
        ("asked", "answer", "answered"),
        ("answered", "apply", "applied"),
    ),
)

FAILED_REFUND = Machine(
    name="failed refund",
    meaning="A refund that its provider could not deliver: it waits in suspense, and is paid another way.",
    transitions=(("waiting", "pay", "paid"),),
)

GOODWILL = Machine(
    name="goodwill",
    meaning="Money the bank gives to make up for something; above a limit it takes a second person.",
    transitions=(
        ("proposed", "give", "given"),
        ("proposed", "decline", "declined"),
    ),
)

MACHINES = (PAYMENT, TENDER, PART, ATTEMPT, FAILED_REFUND, GOODWILL)


def may(*, machine: Machine, state: str, event: str) -> bool:
    """Return whether ``machine`` allows ``event`` in ``state``."""
    return any(row[0] == state and row[1] == event for row in machine.transitions)


def move(*, machine: Machine, state: str, event: str) -> str:
    """Return the state that follows ``event`` in ``state``.

    :raises ForbiddenTransition: the table has no such row.
    """
    for source, name, target in machine.transitions:
        if source == state and name == event:
            return target
    raise ForbiddenTransition(f"A {machine.name} that is {state!r} cannot {event!r}.")


def document() -> str:
    """Return the whole of ``docs/states.md``: every machine as a diagram and as a table."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# States"
    yield ""
    yield "Generated from `payments/states.py` by `manage.py states --write docs/states.md`; edit the tables there."
    for machine in MACHINES:
        yield ""
        yield f"## {machine.name.capitalize()}"
        yield ""
        yield machine.meaning
        yield ""
        yield "```mermaid"
        yield "stateDiagram-v2"
        yield f"    [*] --> {machine.initial}"
        for source, event, target in machine.transitions:
            yield f"    {source} --> {target}: {event}"
        for state in machine.final:
            yield f"    {state} --> [*]"
        yield "```"
        yield ""
        yield "| in | on | becomes |"
        yield "|---|---|---|"
        for source, event, target in machine.transitions:
            yield f"| {source} | {event} | {target} |"
    yield ""
