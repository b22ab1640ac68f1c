"""Consignments that become two: some pieces are sent now, the rest later; or some pieces are given up.

Money first, then the goods: the payment's part is divided by the bank, which may have to ask a card's provider, and the
consignment follows. What is asked for is written down before, so that a crash between the two is gone on from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from mall import actors, bank, events
from mall.actors import Actor
from mall.fulfilment import _rows, operations, states
from mall.fulfilment._rows import LockedConsignment
from mall.fulfilment.models import Consignment, ConsignmentEvent, ConsignmentLine, Division
from mall.fulfilment.requests import (
    CancelConsignment,
    MovedConsignment,
    UnableToCancel,
    UnableToMoveConsignment,
    UnknownConsignment,
)
from mall.taxes.computing import included
from payments import rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DivideConsignment:
    """Give pieces, by order line, a consignment of their own, to be sent later; `key` names the wish once for ever."""

    number: str
    pieces: Mapping[int, int]
    by: Actor
    key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPieces:
    """Pieces, by order line, that will not be sent."""

    number: str
    pieces: Mapping[int, int]
    by: Actor
    reason: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DividedConsignment:
    """How a division stands: `asked` (the bank is still at it), `made`, or `refused` with the reason."""

    number: str
    new_number: str
    state: str
    refusal: str = ""


class UnableToDivide(UnableToMoveConsignment):
    """The consignment stays one."""


def divide_consignment(*, request: DivideConsignment) -> DividedConsignment:
    """Divide a consignment that was not sent; afterwards each of the two is sent and paid for by itself.

    Delivery is divided by the goods' worth. The pieces named get the new consignment. Safe to ask again with the key.

    :raises UnknownConsignment: there is none of that number for this actor.
    :raises UnableToDivide: it was sent or given up, another division is under way, or the pieces are not in it.
    """
    if request.by.kind == actors.BUYER:
        raise UnknownConsignment(f"There is no consignment {request.number} for you to divide.")
    try:
        with transaction.atomic():
            division = _ask(request=request, given_up=False)
            bank.publish(happened=[events.DivisionAsked(key=division.key, at=request.at, division_key=division.key)])
    except IntegrityError:
        # The same wish, or another for the same consignment, was written at the same moment.
        division = Division.objects.filter(key=request.key).first()
        if division is None:
            raise UnableToDivide(f"Consignment {request.number} is being divided already.") from None
    return carry_out(key=division.key)


def carry_out(*, key: str) -> DividedConsignment:
    """Go on with a division that was asked for: divide its money, then its goods. Twice is once."""
    division = Division.objects.select_related("consignment").get(key=key)
    if division.state == states.DIVISION_ASKED:
        outcome = _divide_money(division=division, given_up=False)
        if isinstance(outcome, bank.InProgress):
            return _standing(division)
        with transaction.atomic():
            row = _locked(number=division.consignment.number)
            division = Division.objects.select_for_update().select_related("consignment").get(pk=division.pk)
            if division.state == states.DIVISION_ASKED and isinstance(outcome, Exception):
                division.state, division.refusal = states.DIVISION_REFUSED, str(outcome)[:500]
                division.save(update_fields=["state", "refusal"])
            elif division.state == states.DIVISION_ASKED:
                _apply(division=division, row=row)
    return _standing(division)


def cancel_pieces(*, request: CancelPieces) -> MovedConsignment:
    """Give up pieces of a consignment that was not sent; what is held for them is given back, delivery stays.

    They get a consignment of their own that is cancelled at once. All pieces are the whole consignment.

    :raises UnknownConsignment: there is none of that number for this actor.
    :raises UnableToCancel: it was sent or given up, or the pieces are not in it.
    """
    try:
        with transaction.atomic():
            return _cancel_pieces(request=request)
    except UnableToDivide as problem:
        raise UnableToCancel(str(problem)) from problem
    except IntegrityError:
        found = Division.objects.filter(key=request.key, state=states.DIVISION_MADE).first()
        if found is None:
            raise UnableToCancel(f"Consignment {request.number} is being divided: try again in a minute.") from None
        return MovedConsignment(found.new_number, states.CANCELLED, replayed=True)


def _cancel_pieces(*, request: CancelPieces) -> MovedConsignment:
    row = _locked(number=request.number, with_orders=True)
    seen = Division.objects.filter(key=request.key).first()
    if seen is not None:
        return MovedConsignment(seen.new_number, states.CANCELLED, replayed=True)
    number = request.number
    if not _is_whole(row=row, pieces=request.pieces):
        division = _ask(request=request, given_up=True)
        outcome = _divide_money(division=division, given_up=True)
        if isinstance(outcome, Exception):
            raise UnableToDivide(str(outcome))
        _apply(division=division, row=row)
        number = division.new_number
    [result] = operations.cancel_consignments(
        requests=[CancelConsignment(number=number, by=request.by, reason=request.reason, at=request.at)]
    )
    if isinstance(result, Exception):
        raise result
    return result


def _standing(division: Division) -> DividedConsignment:
    return DividedConsignment(
        division.consignment.number, division.new_number, division.state, refusal=division.refusal
    )


def _locked(*, number: str, with_orders: bool = True) -> LockedConsignment | None:
    return _rows.lock(numbers=[number], with_orders=with_orders).get(number)


def _is_whole(*, row: LockedConsignment | None, pieces: Mapping[int, int]) -> bool:
    if row is None:
        return False
    inside = dict(ConsignmentLine.objects.filter(consignment_id=row.id).values_list("line_id", "quantity"))
    return inside == {line_id: quantity for line_id, quantity in pieces.items() if quantity}


def _ask(*, request: DivideConsignment | CancelPieces, given_up: bool) -> Division:
    """Write the wish down, with what its pieces are worth."""
    row = _locked(number=request.number)
    former = actors.former_staff(actors={request.by})
    row = _rows.check_actor(row=row, by=request.by, former=former, number=request.number)
    seen = Division.objects.select_related("consignment").filter(key=request.key).first()
    if seen is not None:
        return seen
    if row.status != states.CONFIRMED:
        raise UnableToDivide(f"Consignment {row.number} is {row.status.replace('_', ' ')}: it stays as it is.")
    if row.being_divided:
        raise UnableToDivide(f"Consignment {row.number} is being divided: try again in a minute.")
    goods, rest = _worth(row=row, pieces=request.pieces)
    shipping = 0
    if not given_up and row.shipping:
        weights = [rest, goods] if rest + goods else [1, 1]
        shipping = bank.split(total=row.shipping, weights=weights)[1]
    if row.amount and goods + shipping == row.amount:
        raise UnableToDivide("What costs nothing cannot go by itself: send it together with something else.")
    wanted = {line_id: quantity for line_id, quantity in sorted(request.pieces.items()) if quantity}
    return Division.objects.create(
        key=request.key,
        consignment_id=row.id,
        new_number=_new_number(row=row),
        line_ids=list(wanted),
        quantities=list(wanted.values()),
        goods=goods,
        shipping=shipping,
        by=str(request.by),
        at=request.at,
    )


def _worth(*, row: LockedConsignment, pieces: Mapping[int, int]) -> tuple[int, int]:
    """Return the minor units of the pieces, and of what stays.

    :raises UnableToDivide: they are not in it, none are named, or none would stay.
    """
    lines = {line.line_id: line for line in ConsignmentLine.objects.filter(consignment_id=row.id)}
    wanted = {line_id: quantity for line_id, quantity in pieces.items() if quantity}
    if any(line_id not in lines or not 0 < number <= lines[line_id].quantity for line_id, number in wanted.items()):
        raise UnableToDivide(f"Consignment {row.number} does not hold these pieces: look at it again.")
    if not wanted or sum(wanted.values()) == sum(line.quantity for line in lines.values()):
        raise UnableToDivide("Choose some of the pieces, not none and not all.")
    goods = sum(_share(line=lines[line_id], quantity=quantity) for line_id, quantity in wanted.items())
    return goods, row.goods - goods


def _share(*, line: ConsignmentLine, quantity: int) -> int:
    """Return what so many pieces of a line cost, discounts included; the odd cents stay with the first."""
    return bank.split(total=line.amount, weights=[line.quantity - quantity, quantity])[1]


def _new_number(*, row: LockedConsignment) -> str:
    """Return the next number of the order; its row is locked."""
    used = Consignment.objects.filter(order_id=row.order_id).count()
    asked = Division.objects.filter(consignment__order_id=row.order_id).exclude(state=states.DIVISION_MADE).count()
    return f"{row.order_number}-{used + asked + 1}"


def _divide_money(*, division: Division, given_up: bool) -> Exception | None:
    """Divide the part of the payment; what costs nothing has none."""
    if not division.goods + division.shipping:
        return None
    return bank.divide(
        number=division.consignment.number,
        new_number=division.new_number,
        goods=division.goods,
        shipping=division.shipping,
        key=f"divide:{division.key}",
        at=division.at,
        given_up=given_up,
    )


def _apply(*, division: Division, row: LockedConsignment) -> None:
    """Let the goods follow their money; the consignment is locked."""
    old = Consignment.objects.get(pk=row.id)
    new = Consignment(
        number=division.new_number,
        goods=division.goods,
        shipping=division.shipping,
        divided_from=old,
        **{
            name: getattr(old, name)
            for name in (
                *("order_id", "merchant_id", "status", "currency", "shipping_method"),
                *("placed_at", "promised_by", "confirmed_at"),
            )
        },
    )
    new.save(force_insert=True)
    lines = {line.line_id: line for line in ConsignmentLine.objects.filter(consignment=old)}
    for line_id, quantity in zip(division.line_ids, division.quantities, strict=True):
        _move_line(line=lines[line_id], quantity=quantity, new=new)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE fulfilment_consignment SET goods = goods - %s, shipping = shipping - %s, packed_at = NULL "
            "WHERE id = %s",
            [division.goods, division.shipping, old.pk],
        )
    for consignment_id in (old.pk, new.pk):
        _share_delivery(consignment_id=consignment_id)
    rows.insert(rows=_history(division=division, old=old, new=new))
    division.state = states.DIVISION_MADE
    division.save(update_fields=["state"])


def _move_line(*, line: ConsignmentLine, quantity: int, new: Consignment) -> None:
    if quantity == line.quantity:
        ConsignmentLine.objects.filter(pk=line.pk).update(consignment=new)
        return
    amount = _share(line=line, quantity=quantity)
    tax = bank.split(total=line.tax, weights=[line.amount - amount, amount])[1] if line.tax else 0
    ConsignmentLine.objects.filter(pk=line.pk).update(
        quantity=line.quantity - quantity, amount=line.amount - amount, tax=line.tax - tax
    )
    ConsignmentLine.objects.create(
        consignment=new,
        line_id=line.line_id,
        product_id=line.product_id,
        stockrecord_id=line.stockrecord_id,
        quantity=quantity,
        unit_price=line.unit_price,
        amount=amount,
        title=line.title,
        tax_class=line.tax_class,
        tax_rate_bps=line.tax_rate_bps,
        tax=tax,
    )


def _share_delivery(*, consignment_id: int) -> None:
    """Divide a consignment's delivery over its lines anew, with the tax in each share, where lines say their tax."""
    lines = list(ConsignmentLine.objects.filter(consignment_id=consignment_id).order_by("pk"))
    if not any(line.tax_class for line in lines):
        return
    delivery = Consignment.objects.values_list("shipping", flat=True).get(pk=consignment_id)
    weights = [line.amount for line in lines]
    shares = bank.split(total=delivery, weights=weights if any(weights) else [1] * len(lines))
    for line, share in zip(lines, shares, strict=True):
        tax = included(amount=share, rate_bps=line.tax_rate_bps)
        ConsignmentLine.objects.filter(pk=line.pk).update(shipping=share, shipping_tax=tax)


def _history(*, division: Division, old: Consignment, new: Consignment) -> Sequence[ConsignmentEvent]:
    said = [
        (old, f"{old.number}:divided:{division.pk}", states.DIVIDED, division.at, division.by, new.number),
        (new, f"{new.number}:divided", states.DIVIDED, division.at, division.by, old.number),
    ]
    if new.confirmed_at is not None:
        # What was bought was bought then: the facts of that day are the same before and after.
        said.append((new, f"{new.number}:confirmed", states.CONFIRMED, new.confirmed_at, str(actors.SYSTEM_ACTOR), ""))
    return [
        ConsignmentEvent(consignment=consignment, key=key, status=status, at=at, by=by, note=note)
        for consignment, key, status, at, by, note in said
    ]
