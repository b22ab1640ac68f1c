"""Why goods go back, in what condition they come, and by which right: each a row of data."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to return; `fault` when it is the store's to answer for. Photos help with those that can be seen."""

    code: str
    label: str | Promise
    fault: bool = False
    asks_photo: bool = False


REASONS = (
    Reason("changed_mind", _("I have changed my mind")),
    Reason("does_not_fit", _("It does not fit")),
    Reason("ordered_wrong", _("I ordered the wrong thing")),
    Reason("damaged", _("It is damaged or does not work"), fault=True, asks_photo=True),
    Reason("not_as_described", _("It is not as described"), fault=True, asks_photo=True),
    Reason("wrong_item", _("It is not what I ordered"), fault=True, asks_photo=True),
    Reason("incomplete", _("Something is missing"), fault=True, asks_photo=True),
    Reason("arrived_late", _("It arrived too late"), fault=True),
)
CODES = tuple(reason.code for reason in REASONS)
BY_CODE = {reason.code: reason for reason in REASONS}

# By the law of withdrawal, by what the store or the market gives beyond it, or because the store is at fault.
WITHDRAWAL, STORE, FAULT = "withdrawal", "store", "fault"
RIGHTS = (WITHDRAWAL, STORE, FAULT)


@dataclass(frozen=True, slots=True)
class Condition:
    """In what condition goods came back, and whether they can be sold again."""

    code: str
    label: str | Promise
    restocks: bool = False


ALL_CONDITIONS = (
    Condition("as_new", _("As new: back on sale"), restocks=True),
    Condition("opened", _("Opened, and all is well: back on sale"), restocks=True),
    Condition("used", _("Used: not sold again")),
    Condition("damaged", _("Damaged: not sold again")),
    Condition("incomplete", _("Incomplete, or something else: not sold again")),
)
CONDITIONS = tuple(condition.code for condition in ALL_CONDITIONS)
RESTOCKED = frozenset(condition.code for condition in ALL_CONDITIONS if condition.restocks)
