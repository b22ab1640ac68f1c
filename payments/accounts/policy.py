"""The limits of step-up and the velocity rules in force: the newest version two people agreed on, else the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from payments.models import RiskPolicy

OUTCOMES = ("pass", "challenge", "hold", "refuse")
MEASURES = ("payments", "payers", "sum", "new", "amount")
MONEY = ("sum", "new", "amount")
# A window above this would count what nobody remembers; a figure above that fits no column.
LONGEST = timedelta(days=90)
LARGEST = 10**12


class InvalidPolicy(ValueError):
    """A version names a figure or an outcome that cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Within a time, more than so many payments, payers, or minor units of one subject lead to an outcome.

    ``sum`` is of all the subject's payments, ``amount`` of this one alone; so is ``new``, and it counts only where the
    payer had nothing to do with the subject (a device, an address) within the time.
    A rule whose ``then`` is `pass` counts, is recorded, and changes nothing: to watch it before it bites.
    """

    code: str
    by: str
    within: Any
    then: str
    payments: int | None = None
    payers: int | None = None
    sum: int | None = None
    new: int | None = None
    amount: int | None = None

    def __post_init__(self) -> None:
        if self.then not in OUTCOMES or [getattr(self, name) is not None for name in MEASURES].count(True) != 1:
            raise ValueError(
                f"The velocity rule {self.code!r} needs one of payments, payers, sum, new and amount, and pass, "
                "challenge, hold or refuse."
            )

    @property
    def measure(self) -> str:
        """Return what is counted, one of ``MEASURES``."""
        return next(name for name in MEASURES if getattr(self, name) is not None)

    @property
    def limit(self) -> int:
        """Return the figure above which the rule fires."""
        return getattr(self, self.measure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version: what is free of a second factor (minor units), when two people review, and the rules.

    ``number`` is the version's, 0 for the settings.
    """

    number: int
    free_up_to: int
    free_payments: int
    free_sum: int
    second_above: int
    rules: tuple[Rule, ...]


def in_force() -> Policy:
    """Return the version in force, read with one statement."""
    row = RiskPolicy.objects.filter(state="in_force").first()
    return parse(body=row.body, number=row.pk) if row else from_settings()


def from_settings() -> Policy:
    """Return what the settings say: in force until the first version is approved."""
    return Policy(
        number=0,
        free_up_to=settings.RIALTO_STEP_UP_ABOVE,
        free_payments=settings.RIALTO_STEP_UP_FREE_PAYMENTS,
        free_sum=settings.RIALTO_STEP_UP_FREE_SUM,
        second_above=settings.RIALTO_REVIEW_SECOND_ABOVE,
        rules=tuple(Rule(**rule) for rule in settings.RIALTO_VELOCITY_RULES),
    )


def parse(*, body: Mapping[str, Any], number: int) -> Policy:
    """Return the version that ``body`` (plain JSON, as :func:`to_body` makes it) says.

    :raises InvalidPolicy: a figure, a window or an outcome cannot be.
    """
    try:
        rules = tuple(Rule(**{**rule, "within": timedelta(seconds=rule["within"])}) for rule in body["rules"])
        figures = {name: body[name] for name in ("free_up_to", "free_payments", "free_sum", "second_above")}
    except (KeyError, TypeError, ValueError, OverflowError) as problem:
        raise InvalidPolicy(f"This version cannot be read: {problem}") from problem
    for name, figure in [*figures.items(), *((rule.code, rule.limit) for rule in rules)]:
        if not isinstance(figure, int) or not 0 <= figure <= LARGEST:
            raise InvalidPolicy(f"{name} must be a whole number from 0 to {LARGEST}.")
    for rule in rules:
        if not timedelta(0) < rule.within <= LONGEST:
            raise InvalidPolicy(f"{rule.code} must look back a minute at least and {LONGEST.days} days at most.")
    if len({rule.code for rule in rules}) != len(rules):
        raise InvalidPolicy("Two rules have one code: give each its own.")
    return Policy(number=number, rules=rules, **figures)


def to_body(*, policy: Policy) -> dict[str, Any]:
    """Return a version as plain JSON; windows are seconds."""
    body = asdict(policy)
    del body["number"]
    rules = [{**rule, "within": int(rule["within"].total_seconds())} for rule in body["rules"]]
    body["rules"] = [{name: value for name, value in rule.items() if value is not None} for rule in rules]
    return body
