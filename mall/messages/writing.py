"""Writing: opening a thread, answering in it, and marking it as read."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from oscar.core.loading import get_model

from mall import actors, bank, events
from mall.actors import Actor
from mall.customer.models import User
from mall.merchants import roles
from mall.messages import contact, files
from mall.messages.models import BUYER, STORE, Answer, Message, Thread, WritingBlock
from mall.messages.requests import (
    Attachment,
    HasContactData,
    OpenThread,
    UnableToWrite,
    UnknownThread,
    WriteMessage,
)
from mall.order.models import Order
from mall.partner.models import StockRecord

Product = get_model("catalogue", "Product")
MOST_TEXT = 4_000
_SHOWN = 160


def open_thread(*, request: OpenThread) -> Thread:
    """Write to a merchant about an order or a product; the thread there is already is written into.

    :raises UnknownThread: the order is not this buyer's, or the merchant does not sell that.
    :raises UnableToWrite: the text, the files or the number of messages cannot be taken.
    """
    if request.by.kind != actors.BUYER:
        raise UnknownThread(_("Only a buyer begins a conversation."))
    about = _about(request=request)
    with files.in_transaction() as kept:
        _only_writer(user_id=request.by.user_id)
        known = Thread.objects.filter(merchant_id=request.merchant_id, **about).order_by("pk").first()
        if known is None:
            _check_new(by=request.by, at=request.at)
            Thread.objects.bulk_create(
                [
                    Thread(
                        merchant_id=request.merchant_id,
                        opened_at=request.at,
                        last_at=request.at,
                        last_side=BUYER,
                        **about | {"buyer_id": request.by.user_id},
                    )
                ],
                ignore_conflicts=True,
            )
        thread = Thread.objects.select_for_update(no_key=True).get(merchant_id=request.merchant_id, **about)
        _post(thread=thread, request=request, kept=kept)
    return thread


def _about(*, request: OpenThread) -> dict[str, object]:
    """Return what finds the one thread about this order or product."""
    if request.order_number:
        order = Order.objects.filter(number=request.order_number, user_id=request.by.user_id)
        found = order.filter(consignments__merchant_id=request.merchant_id).values_list("pk", flat=True).first()
        if found is None:
            raise UnknownThread(_("There is no such order of yours from this store."))
        return {"order_id": found}
    sold = StockRecord.objects.filter(
        product_id=request.product_id, partner__merchant=request.merchant_id, product__is_public=True
    )
    if request.product_id is None or not sold.exists():
        raise UnknownThread(_("This store does not sell that."))
    return {"order_id": None, "product_id": request.product_id, "buyer_id": request.by.user_id}


def write_message(*, request: WriteMessage) -> Message:
    """Write into a thread, as its buyer or for its store; the same key is the same message.

    :raises UnknownThread: it is no thread of this actor's.
    :raises UnableToWrite: the text, the files or the number of messages cannot be taken.
    """
    with files.in_transaction() as kept:
        _only_writer(user_id=request.by.user_id)
        thread = Thread.objects.select_for_update(no_key=True).filter(pk=request.thread_id).first()
        check_side(thread=thread, by=request.by)
        return _post(thread=thread, request=request, kept=kept)


def check_side(*, thread: Thread | None, by: Actor) -> str:
    """Return which side of a thread an actor is.

    :raises UnknownThread: neither; the answer does not tell whether there is such a thread.
    """
    sides = {actors.BUYER: BUYER, actors.MERCHANT: STORE}
    if (
        thread is None
        or by.kind not in sides
        or not by.may_touch(merchant_id=thread.merchant_id, buyer_id=thread.buyer_id)
        or actors.without_permission(actors={by}, permission=roles.MESSAGES)
    ):
        raise UnknownThread(_("There is no such conversation of yours."))
    return sides[by.kind]


def _only_writer(*, user_id: int | None) -> None:
    """Have one person write one message at a time, so that what he wrote can be counted."""
    list(User.objects.filter(pk=user_id).select_for_update(no_key=True).values_list("pk"))


def _post(*, thread: Thread, request: OpenThread | WriteMessage, kept: list[str]) -> Message:
    known = Message.objects.filter(key=request.key).first()
    if known is not None:
        if known.author_id != request.by.user_id or known.thread_id != thread.pk:
            raise UnknownThread(_("There is no such message of yours."))
        return known
    side = BUYER if request.by.kind == actors.BUYER else STORE
    is_flagged = _check(thread=thread, side=side, request=request)
    text = request.text.strip()
    message = Message.objects.create(
        thread=thread,
        key=request.key,
        side=side,
        author_id=request.by.user_id,
        text=text,
        is_flagged=is_flagged,
        at=request.at,
    )
    files.keep(message=message, given=request.files, kept=kept)
    _turn(thread=thread, message=message, files_given=request.files)
    return message


def _check(*, thread: Thread, side: str, request: OpenThread | WriteMessage) -> bool:
    """Check that a message may be sent; tell whether it has contact data in it."""
    if not request.text.strip() and not request.files:
        raise UnableToWrite(_("Please write something, or add a file."))
    if len(request.text) > MOST_TEXT:
        raise UnableToWrite(_("Please write at most %(n)s characters.") % {"n": MOST_TEXT})
    if side == BUYER and is_blocked(buyer_id=thread.buyer_id, merchant_id=thread.merchant_id):
        raise UnableToWrite(_("You cannot write to this store: write to the bank if you need something."))
    most = bank.policy().MESSAGES_AN_HOUR[side]
    since = request.at - timedelta(hours=1)
    if Message.objects.filter(author_id=request.by.user_id, at__gt=since).count() >= most:
        raise UnableToWrite(_("You wrote %(n)s messages within an hour: please go on later.") % {"n": most})
    kinds = contact.found(text=request.text)
    if kinds and not request.sure:
        raise HasContactData(warning(kinds=kinds))
    return bool(kinds)


def warning(*, kinds: frozenset[str]) -> str:
    """Return what to think of before contact data is sent."""
    if kinds & {contact.ACCOUNT, contact.ELSEWHERE}:
        return _(
            "Your message speaks of paying or writing outside the market. What is paid elsewhere the bank cannot hold "
            "or give back: take it out, or send it as it is."
        )
    return _(
        "There is an e-mail address or a telephone number in your message. Nobody needs it here, and outside the "
        "market the bank cannot help: take it out, or send it as it is."
    )


def _check_new(*, by: Actor, at: datetime) -> None:
    most = bank.policy().THREADS_A_DAY
    since = at - timedelta(days=1)
    if Thread.objects.filter(buyer_id=by.user_id, opened_at__gt=since).count() >= most:
        raise UnableToWrite(_("You began %(n)s conversations today: please go on tomorrow.") % {"n": most})


def is_blocked(*, buyer_id: int, merchant_id: int) -> bool:
    """Tell whether the bank keeps a buyer from writing to a merchant."""
    here = Q(merchant_id=merchant_id) | Q(merchant_id__isnull=True)
    return WritingBlock.objects.filter(here, buyer_id=buyer_id, lifted_at__isnull=True).exists()


def _turn(*, thread: Thread, message: Message, files_given: tuple[Attachment, ...]) -> None:
    """Count a new message in its thread; a store's first answer to a waiting buyer is a fact about the store."""
    thread.last_at, thread.last_side = message.at, message.side
    thread.last_text = " ".join((message.text or files_given[0].name).split())[:_SHOWN]
    if message.side == BUYER:
        is_news = thread.store_unread == 0
        thread.store_unread += 1
        thread.buyer_unread = 0
        thread.waiting_since = thread.waiting_since or message.at
    else:
        is_news = thread.buyer_unread == 0
        thread.buyer_unread += 1
        thread.store_unread = 0
        if thread.waiting_since is not None:
            waited = max(message.at, thread.waiting_since) - thread.waiting_since
            Answer.objects.create(
                merchant_id=thread.merchant_id,
                message=message,
                asked_at=thread.waiting_since,
                answered_at=max(message.at, thread.waiting_since),
                seconds=int(waited.total_seconds()),
            )
        thread.waiting_since = None
    thread.save(update_fields=["last_at", "last_side", "last_text", "buyer_unread", "store_unread", "waiting_since"])
    if is_news:
        bank.publish(
            happened=[events.MessagePosted(key=message.key, at=message.at, thread=thread.pk, side=message.side)]
        )


def mark_read(*, thread_id: int, side: str) -> None:
    """Note that a side has seen everything in a thread of its own."""
    field = "buyer_unread" if side == BUYER else "store_unread"
    Thread.objects.filter(pk=thread_id, **{f"{field}__gt": 0}).update(**{field: 0})
