"""Scheduled work of notices; each task may run twice or at the same time as itself."""

from __future__ import annotations

from celery import shared_task

from mall import bank
from mall.notices import delivery, operations


@shared_task
def send_due() -> int:
    """Send the letters whose quiet hours or day are over, and those that could not be sent before."""
    return delivery.send_due(at=bank.now())


@shared_task
def forget_old() -> int:
    """Delete what is older than notices are kept."""
    return operations.forget_old(at=bank.now())
