"""What can be asked of messages, and what can be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mall.actors import Actor


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file ready to be kept: a picture drawn anew, or a PDF."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteMessage:
    """Somebody writes into a thread; `sure` when he was warned of contact data in it and sends it all the same."""

    key: str
    thread_id: int
    text: str
    by: Actor
    at: datetime
    files: tuple[Attachment, ...] = ()
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThread:
    """A buyer writes to a merchant for the first time about an order of his, or about a product it sells."""

    key: str
    merchant_id: int
    text: str
    by: Actor
    at: datetime
    order_number: str = ""
    product_id: int | None = None
    files: tuple[Attachment, ...] = ()
    sure: bool = False


class UnableToWrite(Exception):
    """The message was not sent; a sentence for who wrote it."""


class HasContactData(UnableToWrite):
    """The message has means of contact or payment in it; it is sent once its writer is sure."""


class UnknownThread(UnableToWrite):
    """There is no such thread, or it is no business of this actor's; he cannot tell which."""
