"""The sweep: finish or undo what a crash, a timeout or a silent provider left."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, ExpressionWrapper, F
from django.db.models.functions import Now

from payments.models import Payment, ProviderAttempt
from payments.operations.authorising import Authorise, authorise_payments
from payments.operations.bank_notices import handle_waiting_notices
from payments.operations.cancelling import CancelPart, VoidPayment, cancel_parts, expire_payments, void_payments
from payments.operations.capturing import CapturePart, capture_parts
from payments.operations.dividing import DividePart, divide_parts
from payments.operations.refunding import RefundPart, refund_parts
from payments.operations.renewing import renew_holds_of, replace_hold
from payments.providers.other_bank import OtherBankMethod

logger = logging.getLogger(__name__)

# A call that was written down so long ago, by the database's clock, is no longer on its way.
PATIENCE = timedelta(seconds=60)
BATCH = 200


def sweep(*, at: datetime, patience: timedelta = PATIENCE) -> int:
    """Ask again about every remote call without a known end, and end payments whose time ran out by ``at``.

    Returns how many payments and attempts were looked at. Safe to run at any time and twice at once.
    """
    looked_at = 0
    old = ProviderAttempt.objects.exclude(state="applied").filter(
        recorded_at__lte=ExpressionWrapper(Now() - patience, output_field=DateTimeField())
    )
    for attempt in old.select_related("tender").order_by("pk")[:BATCH]:
        looked_at += 1
        _ask_again(attempt=attempt)
    for identifier in _at_another_bank():
        looked_at += 1
        authorise_payments(requests=[Authorise(payment_id=identifier, at=at)])
    looked_at += handle_waiting_notices(at=at)
    for identifier in _holding_for_nothing():
        looked_at += 1
        authorise_payments(requests=[Authorise(payment_id=identifier, at=at)])
    return looked_at + len(expire_payments(at=at))


def _at_another_bank() -> list[int]:
    """Return payments whose payer was sent to another bank: he may have agreed there and never come back."""
    rows = Payment.objects.filter(
        state="action_required", tenders__method=OtherBankMethod.code, tenders__state="action_required"
    )
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])


def _holding_for_nothing() -> list[int]:
    """Return refused payments of which something is still promised by a provider."""
    rows = Payment.objects.filter(
        state="refused", parts__shares__authorised=True, parts__captured=0, parts__amount__gt=F("parts__cancelled")
    )
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:BATCH])


def _ask_again(*, attempt: ProviderAttempt) -> None:
    request: dict[str, Any] = attempt.request
    at = datetime.fromisoformat(request["at"])
    match attempt.action:
        case "authorise":
            authorise_payments(requests=[Authorise(payment_id=request["payment_id"], at=at)])
        case "capture":
            capture_parts(
                requests=[
                    CapturePart(
                        part_reference=request["part_reference"],
                        amount=request["amount"],
                        key=request["key"],
                        at=at,
                    )
                ]
            )
        case "refund":
            refund_parts(
                requests=[
                    RefundPart(
                        part_reference=request["part_reference"],
                        amount=request["amount"],
                        reason=request["reason"],
                        key=request["key"],
                        at=at,
                        claim=request.get("claim", ""),
                    )
                ]
            )
        case "renew":
            renew_holds_of(payment_id=request["payment_id"], at=at)
        case "replace":
            replace_hold(question_id=request["question_id"], source="", at=at)
        case "divide":
            divide_parts(
                requests=[
                    DividePart(
                        part_reference=request["part_reference"],
                        new_reference=request["new_reference"],
                        goods=request["goods"],
                        shipping=request["shipping"],
                        key=request["key"],
                        at=at,
                    )
                ]
            )
        case "void":
            _give_back_again(request=request, at=at)


def _give_back_again(*, request: dict[str, Any], at: datetime) -> None:
    generated = f"{request['ending']}:{request['payment_id']}:"
    if not request["key"].startswith(generated):
        cancel_parts(
            requests=[CancelPart(part_reference=request["part_reference"], key=request["key"], at=at)]
        )
    elif request["ending"] == "void":
        void_payments(requests=[VoidPayment(payment_id=request["payment_id"], at=at)])
    elif request["ending"] == "expire":
        expire_payments(at=at)
    else:
        authorise_payments(requests=[Authorise(payment_id=request["payment_id"], at=at)])
