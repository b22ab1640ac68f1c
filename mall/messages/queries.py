"""Threads as their sides and the called staff see them: frozen rows, few statements a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet, Sum

from mall.messages.models import (
    BUYER,
    STORE,
    Message,
    MessageFile,
    QuickAnswer,
    StaffCall,
    Thread,
    WritingBlock,
)
from mall.messages.writing import is_blocked

MESSAGES_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRow:
    """A thread in a list; `unread` is for the side that looks."""

    thread_id: int
    store: str
    store_slug: str
    buyer: str
    about: str
    order_number: str
    last_at: datetime
    last_text: str
    last_side: str
    unread: int
    waits: bool


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a message."""

    file_id: int
    name: str
    is_picture: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageView:
    """A message; `author` is a person's name, which is shown to his own side alone."""

    message_id: int
    side: str
    author: str
    text: str
    is_flagged: bool
    at: datetime
    files: tuple[FileView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """A thread with its newest messages, oldest of them first; `earlier` leads to those before."""

    thread_id: int
    merchant_id: int
    buyer_id: int
    store: str
    store_slug: str
    buyer: str
    about: str
    order_number: str
    product_id: int | None
    product_slug: str
    messages: tuple[MessageView, ...]
    earlier: int | None
    is_called: bool
    is_blocked: bool


def threads_of(*, user_id: int, mark: str, size: int) -> tuple[list[ThreadRow], str]:
    """Return a page of a buyer's threads, the latest first, and where the next begins. One statement."""
    return _listed(found=Thread.objects.filter(buyer_id=user_id), side=BUYER, mark=mark, size=size)


def threads_to(*, merchant_id: int, waiting: bool, mark: str, size: int) -> tuple[list[ThreadRow], str]:
    """Return a page of a merchant's threads, the latest first, and where the next begins. One statement."""
    found = Thread.objects.filter(merchant_id=merchant_id)
    if waiting:
        found = found.filter(waiting_since__isnull=False)
    return _listed(found=found, side=STORE, mark=mark, size=size)


def _listed(*, found: QuerySet[Thread], side: str, mark: str, size: int) -> tuple[list[ThreadRow], str]:
    at, pk = _mark(mark)
    if at is not None:
        found = found.filter(Q(last_at__lt=at) | Q(last_at=at, pk__lt=pk))
    found = found.select_related("merchant", "buyer", "order", "product").order_by("-last_at", "-pk")
    rows = list(found[: size + 1])
    following = f"{rows[size - 1].last_at.isoformat()}_{rows[size - 1].pk}" if len(rows) > size else ""
    return [_row(row=row, side=side) for row in rows[:size]], following


def _mark(mark: str) -> tuple[datetime | None, int]:
    moment, _underscore, number = mark.rpartition("_")
    try:
        at = datetime.fromisoformat(moment)
        return (at if at.tzinfo else None), int(number[:18])
    except ValueError:
        return None, 0


def _row(*, row: Thread, side: str) -> ThreadRow:
    return ThreadRow(
        thread_id=row.pk,
        store=row.merchant.name,
        store_slug=row.merchant.slug,
        buyer=_named(row.buyer),
        about=row.product.get_title() if row.product else "",
        order_number=row.order.number if row.order else "",
        last_at=row.last_at,
        last_text=row.last_text,
        last_side=row.last_side,
        unread=row.buyer_unread if side == BUYER else row.store_unread,
        waits=row.waiting_since is not None,
    )


def _named(user: object) -> str:
    """Return how a buyer is called before a store: the first name and one letter."""
    return f"{user.first_name} {user.last_name[:1]}{'.' if user.last_name else ''}".strip() or "–"


def thread_page(
    *, thread_id: int, buyer_id: int | None = None, merchant_id: int | None = None, before: int | None = None
) -> ThreadPage | None:
    """Return a thread; with a buyer or a merchant only if it is theirs. Five statements, however long it is."""
    found = Thread.objects.filter(pk=thread_id)
    if buyer_id is not None:
        found = found.filter(buyer_id=buyer_id)
    if merchant_id is not None:
        found = found.filter(merchant_id=merchant_id)
    row = found.select_related("merchant", "buyer", "order", "product").first()
    if row is None:
        return None
    rows, earlier = _messages(thread_id=thread_id, before=before)
    return ThreadPage(
        thread_id=row.pk,
        merchant_id=row.merchant_id,
        buyer_id=row.buyer_id,
        store=row.merchant.name,
        store_slug=row.merchant.slug,
        buyer=_named(row.buyer),
        about=row.product.get_title() if row.product else "",
        order_number=row.order.number if row.order else "",
        product_id=row.product_id,
        product_slug=row.product.slug if row.product else "",
        messages=rows,
        earlier=earlier,
        is_called=StaffCall.objects.filter(thread=row, closed_at__isnull=True).exists(),
        is_blocked=is_blocked(buyer_id=row.buyer_id, merchant_id=row.merchant_id),
    )


def _messages(*, thread_id: int, before: int | None) -> tuple[tuple[MessageView, ...], int | None]:
    found = Message.objects.filter(thread_id=thread_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.select_related("author").order_by("-pk")[: MESSAGES_SHOWN + 1])
    earlier = rows[MESSAGES_SHOWN - 1].pk if len(rows) > MESSAGES_SHOWN else None
    rows = rows[:MESSAGES_SHOWN][::-1]
    files: dict[int, list[FileView]] = defaultdict(list)
    for file in MessageFile.objects.filter(message__in=rows).order_by("pk"):
        files[file.message_id].append(FileView(file.pk, file.name, file.content_type.startswith("image/"), file.size))
    return tuple(_message(row=row, files=files[row.pk]) for row in rows), earlier


def _message(*, row: Message, files: Sequence[FileView]) -> MessageView:
    return MessageView(
        message_id=row.pk,
        side=row.side,
        author=row.author.get_full_name() or row.author.email,
        text=row.text,
        is_flagged=row.is_flagged,
        at=row.at,
        files=tuple(files),
    )


def file(*, file_id: int) -> MessageFile | None:
    """Return a file with whose thread it is in; who may see it is for the caller to ask."""
    return MessageFile.objects.select_related("message__thread").filter(pk=file_id).first()


def unread_of(*, user_id: int) -> int:
    """Return how many messages wait for a buyer. One statement."""
    found = Thread.objects.filter(buyer_id=user_id, buyer_unread__gt=0)
    return found.aggregate(n=Sum("buyer_unread"))["n"] or 0


def of_order(*, order_number: str, user_id: int) -> dict[int, tuple[int, int]]:
    """Return the thread and its unread messages by merchant, for the threads about a buyer's order. One statement."""
    rows = Thread.objects.filter(order__number=order_number, buyer_id=user_id)
    return {
        merchant_id: (pk, unread) for merchant_id, pk, unread in rows.values_list("merchant_id", "pk", "buyer_unread")
    }


def quick_answers(*, merchant_id: int) -> list[QuickAnswer]:
    """Return a store's quick answers by title. One statement."""
    return list(QuickAnswer.objects.filter(merchant_id=merchant_id).order_by("title", "pk"))


def calls(*, is_open: bool, before: int | None, size: int) -> list[StaffCall]:
    """Return where the bank's staff is called, the newest first. One statement."""
    found = StaffCall.objects.filter(closed_at__isnull=is_open)
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.select_related("thread__merchant", "thread__buyer", "closed_by").order_by("-pk")[:size])


def blocks() -> list[WritingBlock]:
    """Return who is kept from writing now, the newest first. One statement."""
    rows = WritingBlock.objects.filter(lifted_at__isnull=True).select_related("buyer", "merchant", "by")
    return list(rows.order_by("-pk")[:100])
