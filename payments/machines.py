"""State machines: tables of allowed transitions, the one way to move along them, and how they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def path(*, machine: Machine, state: str, target: str) -> tuple[str, ...] | None:
    """Return the shortest way from ``state`` to ``target`` as states, both included; nothing where there is none."""
    ways = [(state,)]
    seen = {state}
    for way in ways:
        if way[-1] == target:
            return way
        for source, _event, following in machine.transitions:
            if source == way[-1] and following not in seen:
                seen.add(following)
                ways.append((*way, following))
    return None


def document(*, machines: Sequence[Machine]) -> str:
    """Return the whole of ``docs/states.md``: every machine as a diagram and as a table."""
    return "\n".join(_lines(machines))


def _lines(machines: Sequence[Machine]) -> Iterator[str]:
    yield "# States"
    yield ""
    yield "Generated from `payments/states.py` by `manage.py states --write docs/states.md`; edit the tables there."
    for machine in machines:
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
