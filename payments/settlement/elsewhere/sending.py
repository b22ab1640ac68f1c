"""Sending a batch exactly once: written down, laid ready, written down again, handed over, written down for good.

Whoever dies in between is finished by the next run. What was laid ready in an attempt that was not written down is
never handed over; what was written down as laid ready is handed over by a rename that succeeds once.
"""

from __future__ import annotations

import logging
import secrets
import zlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from payments.models import Batch, Delivery, OutgoingPayment
from payments.settlement.elsewhere import file_drop
from payments.states import BATCH, DELIVERY, OUTGOING, move

logger = logging.getLogger(__name__)


def send_due(*, at: datetime) -> int:
    """Hand over the files of all approved batches; return how many were sent. A folder that fails is tried again."""
    sent = 0
    for batch in Batch.objects.filter(state="approved").select_related("file").order_by("day", "pk"):
        try:
            sent += _send(batch=batch, at=at)
        except OSError:
            logger.exception("The folder for other banks cannot be written", extra={"batch": batch.reference})
    return sent


def _send(*, batch: Batch, at: datetime) -> bool:
    folder = Path(settings.RIALTO_BANK_OUT)
    delivery = _attempt(batch=batch, at=at)
    if delivery.state == "asked":
        token = secrets.token_hex(16)
        content = zlib.decompress(bytes(batch.file.content))
        file_drop.stage(folder=folder, name=batch.file.name, token=token, content=content)
        delivery = _staged(delivery_id=delivery.pk, token=token)
    file_drop.deliver(folder=folder, name=batch.file.name, token=delivery.token)
    return _sent(batch_id=batch.pk, at=at)


def _attempt(*, batch: Batch, at: datetime) -> Delivery:
    Delivery.objects.bulk_create([Delivery(batch=batch, at=at)], ignore_conflicts=True)
    return Delivery.objects.get(batch=batch)


def _staged(*, delivery_id: int, token: str) -> Delivery:
    """Write down which copy counts: the first one's, whoever else has laid one ready."""
    state = move(machine=DELIVERY, state="asked", event="stage")
    Delivery.objects.filter(pk=delivery_id, state="asked").update(state=state, token=token)
    return Delivery.objects.get(pk=delivery_id)


def _sent(*, batch_id: int, at: datetime) -> bool:
    with transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state != "approved":
            return False
        batch.state = move(machine=BATCH, state=batch.state, event="send")
        batch.sent_at = at
        batch.save(update_fields=["state", "sent_at"])
        state = move(machine=DELIVERY, state="staged", event="deliver")
        Delivery.objects.filter(batch=batch).update(state=state, delivered_at=at)
        state = move(machine=OUTGOING, state="ordered", event="send")
        OutgoingPayment.objects.filter(batch=batch, state="ordered").update(state=state)
    return True
