"""Paying returns back: each refund once by its key, through the consignment it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from mall import actors, bank
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.requests import RefundConsignment
from mall.returns import _rows, states
from mall.returns._rows import Step
from mall.returns.models import ReturnRefund


class NotPaid(Exception):
    """Money of a return could not go back yet; it is tried again."""


def pay_back(*, keys: Iterable[str], at: datetime) -> None:
    """Pay the refunds of these keys that are not paid yet; twice is once.

    :raises NotPaid: some could not be paid now.
    """
    rows = list(
        ReturnRefund.objects.filter(key__in=set(keys), paid_at__isnull=True)
        .select_related("of__consignment")
        .order_by("pk")
    )
    if not rows:
        return
    done = bank.refunds_done(keys=[_bank_key(row) for row in rows])
    waiting = [row for row in rows if _bank_key(row) not in done and row.amount]
    answers = fulfilment.refund_consignments(
        requests=[
            RefundConsignment(
                number=row.of.consignment.number,
                amount=row.amount,
                reason=row.reason,
                by=actors.SYSTEM_ACTOR,
                key=row.key,
                at=row.at,
                claim=_rows.claim_key(number=row.of.number),
            )
            for row in waiting
        ]
    )
    refused = {row.pk: answer for row, answer in zip(waiting, answers, strict=True) if isinstance(answer, Exception)}
    _note(rows=[row for row in rows if row.pk not in refused], at=at)
    if refused:
        _shorten(rows=[row for row in waiting if row.pk in refused], at=at)
        raise NotPaid("; ".join(str(answer) for answer in list(refused.values())[:5]))


def _bank_key(row: ReturnRefund) -> str:
    return bank.refund_key(number=row.of.consignment.number, key=row.key)


def _note(*, rows: Sequence[ReturnRefund], at: datetime) -> None:
    """Count what went back on its returns; those of which all did are over."""
    with transaction.atomic():
        locked = _rows.lock(numbers=[row.of.number for row in rows])
        fresh = ReturnRefund.objects.filter(pk__in=[row.pk for row in rows], paid_at__isnull=True).order_by("pk")
        steps = []
        for refund in fresh.select_related("of"):
            row = locked[refund.of.number]
            refund.paid_at = at
            row.refunded += refund.amount
            event = "pay" if row.state == states.REFUNDING and row.refunded == row.awarded else ""
            steps.append((refund, Step(row, event or "pay part", actors.SYSTEM_ACTOR, at, amount=refund.amount)))
        ReturnRefund.objects.bulk_update([refund for refund, _step in steps], ["paid_at"])
        # History first of what moves no state, then of what does.
        _rows.write(steps=[step for _refund, step in steps if step.event == "pay part"])
        _rows.take(steps=[step for _refund, step in steps if step.event == "pay"])


def _shorten(*, rows: Sequence[ReturnRefund], at: datetime) -> None:
    """Lower refunds of which a card's bank took the money meanwhile to what is left; the next try pays that."""
    standing = bank.parts(numbers=[row.of.consignment.number for row in rows])
    with transaction.atomic():
        locked = _rows.lock(numbers=[row.of.number for row in rows])
        steps = []
        for refund in ReturnRefund.objects.filter(pk__in=[row.pk for row in rows], paid_at__isnull=True).order_by("pk"):
            held = next(row for row in locked.values() if row.pk == refund.of_id)
            part = standing.get(held.consignment.number)
            if part is None or part.open_disputes or part.refundable >= refund.amount:
                continue
            held.awarded -= refund.amount - part.refundable
            refund.amount = part.refundable
            refund.save(update_fields=["amount"])
            steps.append(Step(held, "shorten", actors.SYSTEM_ACTOR, at, amount=refund.amount))
        _rows.write(steps=steps)
