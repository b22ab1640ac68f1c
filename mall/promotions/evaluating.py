"""What promotions take off a basket: pure arithmetic in whole minor units, the same for page, charge and preview.

Of each store one promotion lowers the goods: the one that gives the shopper most, the older one of equals. Free
delivery of the same store comes beside it, and stores do not touch each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mall import bank
from mall.promotions.models import AMOUNT, FREE_DELIVERY, PERCENTAGE, PIECES


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A promotion in force, as it is applied. `left`: what its budget still has, nothing without one."""

    promotion_id: int
    merchant_id: int
    name: str
    code: str
    kind: str
    value: int
    paid_for: int = 0
    minimum: int = 0
    category_id: int | None = None
    product_ids: tuple[int, ...] = ()
    left: int | None = None
    used_up_by_customer: bool = False


@dataclass(frozen=True, slots=True)
class Goods:
    """Pieces of one product in a basket; `categories`: its own and all above them."""

    key: int
    merchant_id: int
    product_id: int
    unit_price: int
    quantity: int
    categories: frozenset[int] = frozenset()

    @property
    def amount(self) -> int:
        """Return what they cost without promotions."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Applied:
    """A promotion that counts: what it takes off each line by key; free delivery takes off the charge instead."""

    promotion_id: int
    merchant_id: int
    name: str
    code: str
    amount: int
    lines: Mapping[int, int] = field(default_factory=dict)
    delivery: bool = False
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Idle:
    """A code that was entered and does not count; `why` is a word for the page to put into a sentence."""

    promotion_id: int
    code: str
    why: str
    missing: int = 0
    better: str = ""


BETTER, MINIMUM, NOTHING, USED_UP, TWICE = "better", "minimum", "nothing", "used_up", "twice"


def evaluate(*, goods: Sequence[Goods], promotions: Sequence[Terms]) -> tuple[list[Applied], list[Idle]]:
    """Return the promotions that count, by store, and the codes that do not."""
    applied: list[Applied] = []
    idle: list[Idle] = []
    by_merchant: dict[int, list[Goods]] = {}
    for line in goods:
        by_merchant.setdefault(line.merchant_id, []).append(line)
    for merchant_id, lines in by_merchant.items():
        own = [terms for terms in promotions if terms.merchant_id == merchant_id]
        chosen, unused = _of_merchant(lines=lines, promotions=own)
        applied += chosen
        idle += unused
    there = by_merchant.keys()
    idle += [
        Idle(terms.promotion_id, terms.code, NOTHING)
        for terms in promotions
        if terms.code and terms.merchant_id not in there
    ]
    return applied, idle


def _of_merchant(*, lines: list[Goods], promotions: Iterable[Terms]) -> tuple[list[Applied], list[Idle]]:
    idle: list[Idle] = []
    candidates: list[tuple[Terms, Applied]] = []
    for terms in sorted(promotions, key=lambda terms: terms.promotion_id):
        offered, why, missing = _apply(terms=terms, lines=lines)
        if offered is not None:
            candidates.append((terms, offered))
        elif terms.code:
            idle.append(Idle(terms.promotion_id, terms.code, why, missing))
    chosen = []
    for delivery in (False, True):
        rivals = [(terms, offered) for terms, offered in candidates if offered.delivery == delivery]
        if not rivals:
            continue
        best = max(rivals, key=lambda pair: (pair[1].amount, bool(pair[0].code), -pair[0].promotion_id))
        chosen.append(best[1])
        idle += [
            Idle(terms.promotion_id, terms.code, BETTER, better=best[1].name)
            for terms, _offered in rivals
            if terms.code and terms is not best[0]
        ]
    return chosen, idle


def _apply(*, terms: Terms, lines: list[Goods]) -> tuple[Applied | None, str, int]:
    scope = [line for line in lines if _covers(terms=terms, line=line)]
    worth = sum(line.amount for line in scope)
    if not scope:
        return None, NOTHING, 0
    if terms.used_up_by_customer:
        return None, TWICE, 0
    if worth < terms.minimum:
        return None, MINIMUM, terms.minimum - worth
    if terms.kind == FREE_DELIVERY:
        spent = terms.left is not None and terms.left <= 0
        return (None, USED_UP, 0) if spent else (_applied(terms=terms, lines={}, delivery=True), "", 0)
    parts = _taken_off(terms=terms, scope=scope, worth=worth)
    amount = sum(parts.values())
    if not amount:
        return None, NOTHING, 0
    if terms.left is not None and amount > terms.left:
        return None, USED_UP, 0
    return _applied(terms=terms, lines=parts, delivery=False), "", 0


def _applied(*, terms: Terms, lines: dict[int, int], delivery: bool) -> Applied:
    return Applied(
        promotion_id=terms.promotion_id,
        merchant_id=terms.merchant_id,
        name=terms.name,
        code=terms.code,
        amount=sum(lines.values()),
        lines=lines,
        delivery=delivery,
        left=terms.left,
    )


def _covers(*, terms: Terms, line: Goods) -> bool:
    if terms.product_ids and line.product_id not in terms.product_ids:
        return False
    return terms.category_id is None or terms.category_id in line.categories


def _taken_off(*, terms: Terms, scope: list[Goods], worth: int) -> dict[int, int]:
    if terms.kind == PIECES:
        return _free_pieces(terms=terms, scope=scope)
    off = min(terms.value, worth) if terms.kind == AMOUNT else (2 * worth * terms.value + 10_000) // 20_000
    if terms.kind not in (AMOUNT, PERCENTAGE) or not off:
        return {}
    shares = bank.split(total=off, weights=[line.amount for line in scope])
    return {line.key: share for line, share in zip(scope, shares, strict=True) if share}


def _free_pieces(*, terms: Terms, scope: list[Goods]) -> dict[int, int]:
    """Give the cheapest of every full set of pieces away, sets made from the dearest down."""
    given: dict[int, int] = {}
    position = 0
    complete = sum(line.quantity for line in scope) // terms.value * terms.value
    for line in sorted(scope, key=lambda line: (-line.unit_price, line.key)):
        free = _free_between(start=position, end=min(position + line.quantity, complete), terms=terms)
        if free and line.unit_price:
            given[line.key] = free * line.unit_price
        position += line.quantity
    return given


def _free_between(*, start: int, end: int, terms: Terms) -> int:
    """Count the places from `start` to `end` that stand last in their set of `value`, where pieces are free."""

    def up_to(place: int) -> int:
        sets, rest = divmod(place, terms.value)
        return sets * (terms.value - terms.paid_for) + max(0, rest - terms.paid_for)

    return max(0, up_to(end) - up_to(start)) if end > start else 0
