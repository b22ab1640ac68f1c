"""What the demo finds at its desks after the last day: returns in several states, and conversations."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from PIL import Image, ImageDraw

from config.simulation import people
from mall import uploads
from mall.actors import BUYER, MERCHANT, Actor
from mall.customer.models import User
from mall.fulfilment.models import Consignment
from mall.merchants.models import OWNER, Membership, Merchant
from mall.messages import operations as messages
from mall.messages.requests import OpenThread, UnableToWrite, WriteMessage
from mall.returns import operations as returns
from mall.returns.models import Return
from mall.returns.requests import AnswerReturn, AskReturn, SayReturn, UnableToReturn

# Reason, words of the buyer, and what the store did about it; nothing where it has still to answer.
_WISHES = (
    ("damaged", "The box was dented and there is a crack on one side, see the picture.", ""),
    ("changed_mind", "", ""),
    ("not_as_described", "It is much darker than in the picture.", "decline"),
    ("does_not_fit", "", "accept"),
    ("incomplete", "The screws are missing.", "offer"),
)
_QUICK = (
    ("Thank you", "Thank you for writing to us. We look into it today and come back to you."),
    ("When it ships", "What is ordered before 14:00 on a working day leaves us the same day."),
)
_QUESTIONS = (
    "Is it in stock, and could it be here by the weekend?",
    "Could you tell me how deep it is? The description gives width and height only.",
)


def leave(*, name: str, at: datetime) -> Counter[str]:
    """Leave returns and conversations at the demo's desks, each once by its key; return how many of each."""
    store = Merchant.objects.filter(owner__email=people.OWNER).order_by("pk").first()
    shopper = User.objects.filter(email=people.SHOPPER).first()
    done: Counter[str] = Counter()
    if store is None or shopper is None:
        return done
    owner = Actor(MERCHANT, user_id=store.owner_id, merchant_id=store.pk, role=OWNER)
    arrived = Consignment.objects.filter(delivered_at__lte=at, refunded=0).order_by("-delivered_at", "pk")
    recent = arrived.filter(delivered_at__gt=at - timedelta(days=12), order__user__isnull=False)
    parcels = [*recent.filter(merchant=store)[: len(_WISHES)]]
    for parcel, (reason, text, answer) in zip(parcels, _WISHES, strict=False):
        row = _ask(name=name, parcel=parcel, reason=reason, text=text, at=at)
        if row is not None:
            done["returns"] += 1
            _answer(row=row, answer=answer, by=owner, at=at)
    for parcel in arrived.filter(order__user=shopper).exclude(merchant=store)[:1]:
        text = "It stopped working after a few days."
        done["returns"] += _ask(name=name, parcel=parcel, reason="damaged", text=text, at=at) is not None
    done["conversations"] += _write(name=name, store=store, shopper=shopper, owner=owner, at=at)
    return done


def _ask(*, name: str, parcel: Consignment, reason: str, text: str, at: datetime) -> Return | None:
    line = parcel.lines.order_by("pk").first()
    buyer = Actor(BUYER, user_id=parcel.order.user_id)
    request = AskReturn(
        key=f"{name}:return:{parcel.number}",
        consignment_number=parcel.number,
        pieces=((line.line_id, 1),),
        reason=reason,
        text=text,
        photos=(_picture(),) if reason == "damaged" else (),
        by=buyer,
        at=at - timedelta(hours=20),
    )
    with suppress(UnableToReturn):
        return returns.ask_return(request=request)
    return None


def _answer(*, row: Return, answer: str, by: Actor, at: datetime) -> None:
    if not answer:
        return
    with suppress(UnableToReturn):
        returns.answer_return(
            request=AnswerReturn(
                number=row.number,
                answer=answer,
                by=by,
                at=at - timedelta(hours=9),
                text="" if answer == "accept" else "The picture shows it in daylight, and so it is.",
                amount=max(1, row.claimed // 5),
            )
        )
        if answer == "decline":
            buyer = Actor(BUYER, user_id=row.buyer_id)
            words = "In daylight it is dark as well: please look at both pictures."
            returns.escalate(request=SayReturn(number=row.number, by=buyer, at=at - timedelta(hours=2), text=words))


def _picture() -> uploads.Picture:
    """Return a picture of a box with a crack."""
    image = Image.new("RGB", (640, 480), "#d8c7a8")
    draw = ImageDraw.Draw(image)
    draw.rectangle((110, 120, 530, 400), fill="#b98d57", outline="#6d4c24", width=6)
    draw.line((110, 250, 530, 250), fill="#8c6434", width=10)
    draw.line((330, 120, 300, 190, 345, 240, 310, 320, 350, 400), fill="#3b2812", width=5)
    file = io.BytesIO()
    image.save(file, "PNG")
    return uploads.picture(name="box.png", content=file.getvalue())


def _write(*, name: str, store: Merchant, shopper: User, owner: Actor, at: datetime) -> int:
    for title, text in _QUICK:
        messages.keep_quick_answer(title=title, text=text, by=owner)
    offered = store.partner.stockrecords.filter(product__is_public=True).order_by("pk")
    product_ids: Sequence[int] = [*dict.fromkeys(offered.values_list("product_id", flat=True)[:6])][:2]
    staff = set(Membership.objects.filter(merchant=store).values_list("user_id", flat=True))
    if shopper.pk in staff:
        return 0
    written = 0
    for number, (product_id, text) in enumerate(zip(product_ids, _QUESTIONS, strict=False)):
        with suppress(UnableToWrite):
            thread = messages.open_thread(
                request=OpenThread(
                    key=f"{name}:question:{number}",
                    merchant_id=store.pk,
                    product_id=product_id,
                    text=text,
                    by=Actor(BUYER, user_id=shopper.pk),
                    at=at - timedelta(hours=8 - number),
                )
            )
            written += 1
            if number == 0:
                messages.write_message(
                    request=WriteMessage(
                        key=f"{name}:answer:{number}",
                        thread_id=thread.pk,
                        text="It is, and orders of today are with you on Friday at the latest.",
                        by=owner,
                        at=at - timedelta(hours=6),
                    )
                )
    return written
