"""Policy as data: read a version's rules, apply them to a snapshot, refuse data that is not a policy. Pure."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from financing.features.registry import catalogue
from financing.underwriting.terms import Exposure

FIRST = Path(__file__).resolve().parent / "policies" / "v1.json"
TESTS = ("below", "above", "is")
_NUMBERS = {
    "consumer": (
        ("limit", "spend_percent"),
        ("affordability", "debt_service_percent"),
        ("affordability", "essentials_percent"),
        ("affordability", "stress_percent"),
    ),
    "merchant": (
        ("limit", "sales_percent"),
        ("limit", "without_largest_buyer_percent"),
        ("limit", "capacity_percent"),
    ),
}
_OF_BOTH = (
    ("limit", "first_time_percent"),
    ("limit", "round_to"),
    ("price", "funding_bps"),
    ("price", "operating_bps"),
    ("price", "lgd_percent"),
    ("price", "capital_percent"),
    ("price", "hurdle_bps"),
    ("price", "round_to_bps"),
    ("price", "cap_bps"),
    ("refer_below",),
    ("above_limit_refer_percent",),
    ("machine_authority",),
    ("offer_days",),
    ("approval_days",),
)


class WrongPolicy(ValueError):
    """The data is not a policy that could decide anything."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A rule that held for a snapshot."""

    code: str
    then: str
    reason: str


def first() -> dict[str, Any]:
    """Return the data of the policy the bank starts with."""
    return json.loads(FIRST.read_text())


def hits(*, policy: Mapping[str, Any], snapshot: Mapping[str, Any]) -> list[Hit]:
    """Return the rules of the snapshot's kind that hold, in the policy's order. What is unknown never holds."""
    return [
        Hit(code=rule["code"], then=rule["then"], reason=rule["reason"])
        for rule in policy[snapshot["kind"]]["rules"]
        if _holds(rule, snapshot)
    ]


def check(*, data: Mapping[str, Any]) -> None:
    """Refuse data that could not decide.

    :raises WrongPolicy: naming the part that is missing or wrong.
    """
    for kind in ("consumer", "merchant"):
        part = data.get(kind)
        if not isinstance(part, Mapping):
            raise WrongPolicy(f"The policy says nothing about the {kind}.")
        for path in (*_OF_BOTH, *_NUMBERS[kind]):
            value: Any = part
            for name in path:
                value = value.get(name) if isinstance(value, Mapping) else None
            if type(value) is not int or value < 0:
                raise WrongPolicy(f"{kind}.{'.'.join(path)} must be a whole number, not {value!r}.")
        known = {"consent", *(f"exposure.{one.name}" for one in fields(Exposure))}
        known |= {f"features.{feature.name}" for feature in catalogue(kind).features}
        for rule in part.get("rules", ()):
            _check_rule(kind, rule, known)
        _check_grades(kind, part.get("grades"))
        repaid = part["limit"].get("repaid_feature")
        if f"features.{repaid}" not in known:
            raise WrongPolicy(f"{kind}.limit.repaid_feature must name a feature of the {kind}, not {repaid!r}.")
    if not isinstance(data.get("four_eyes_above"), Mapping):
        raise WrongPolicy("The policy does not say above which amount two people must agree (four_eyes_above).")


def _holds(rule: Mapping[str, Any], snapshot: Mapping[str, Any]) -> bool:
    value: Any = snapshot
    for name in rule["field"].split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return False
    if rule["test"] == "below":
        return value < rule["value"]
    if rule["test"] == "above":
        return value > rule["value"]
    return value == rule["value"]


def _check_rule(kind: str, rule: Mapping[str, Any], known: Set[str]) -> None:
    missing = {"code", "field", "test", "value", "then", "reason"} - set(rule)
    if missing:
        raise WrongPolicy(f"A rule of the {kind} lacks {', '.join(sorted(missing))}.")
    if rule["test"] not in TESTS or rule["then"] not in ("decline", "refer"):
        raise WrongPolicy(f"Rule {rule['code']} of the {kind} tests {rule['test']!r} and then {rule['then']!r}.")
    # What is unknown never holds, so a name that nobody knows would be a rule that never refuses anybody.
    if rule["field"] not in known:
        raise WrongPolicy(f"Rule {rule['code']} of the {kind} tests {rule['field']!r}, which nobody knows.")


def _check_grades(kind: str, grades: Any) -> None:
    if not grades:
        raise WrongPolicy(f"The policy has no grades for the {kind}.")
    scores = [grade["score"] for grade in grades]
    if scores != sorted(set(scores), reverse=True) or any(type(grade["cap"]) is not int for grade in grades):
        raise WrongPolicy(f"The grades of the {kind} must fall from the best score to the lowest.")
