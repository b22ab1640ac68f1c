"""What notices do when something has happened; each handler may see an event twice."""

from __future__ import annotations

from collections.abc import Sequence

from mall import bank, events
from mall.notices import delivery


def send_letters(happened: Sequence[events.NoticesMade]) -> None:
    """Send the letters of notices that were made, as far as they are due."""
    if happened:
        delivery.send_due(at=bank.now())
