"""Parcels that arrived, and the steps of a return."""

import io
from datetime import timedelta

from PIL import Image

from mall.actors import BUYER, Actor
from mall.checkout.operations import submit_order
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver, Dispatch
from mall.returns import operations
from mall.returns.models import Return
from mall.returns.requests import AnswerReturn, AskReturn, DecideReturn, ReceiveReturn, SayReturn, SendReturn
from mall.uploads import Picture
from tests.factories.mall import AT, Market, deliver_events, make_draft, staff

ARRIVED = AT + timedelta(days=2)
ASKED = AT + timedelta(days=4)
_keys = iter(range(1, 10**9))


def make_parcel(*, market: Market, delivered: bool = True, **quantities: int) -> Consignment:
    """Return a parcel of the first merchant that was sent, and arrived: two lamps unless said otherwise."""
    wanted = {getattr(market, name): number for name, number in (quantities or {"lamp": 2}).items()}
    outcome = submit_order(draft=make_draft(user=market.shopper, quantities=wanted))
    assert outcome.state == "confirmed", outcome
    deliver_events()
    part = Consignment.objects.get(order__number=outcome.number, merchant=market.first)
    send(part)
    if delivered:
        arrive(part)
    part.refresh_from_db()
    return part


def send(part: Consignment) -> None:
    """Hand a parcel to its carrier."""
    [result] = fulfilment.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=part.number, by=staff(part.merchant), at=AT, carrier="Blue Post", tracking="RX1"
            )
        ]
    )
    assert not isinstance(result, Exception), result
    deliver_events()


def arrive(part: Consignment) -> None:
    """Have the carrier say that a parcel arrived."""
    [result] = fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=part.number, said_by="carrier", at=ARRIVED)]
    )
    assert not isinstance(result, Exception), result
    deliver_events()


def buyer(part: Consignment) -> Actor:
    """Return the actor of a parcel's buyer."""
    return Actor(BUYER, user_id=part.order.user_id)


def ask(part: Consignment, pieces: int = 1, *, line: int = 0, **others: object) -> Return:
    """Ask to return pieces of one line of a parcel."""
    values = {
        "key": f"test-return-{next(_keys)}",
        "consignment_number": part.number,
        "pieces": ((part.lines.order_by("pk")[line].line_id, pieces),),
        "reason": "changed_mind",
        "text": "",
        "by": buyer(part),
        "at": ASKED,
    }
    return operations.ask_return(request=AskReturn(**values | others))


def answer(row: Return, what: str, **others: object) -> Return:
    """Answer as the merchant."""
    values = {"number": row.number, "answer": what, "by": staff(row.merchant), "at": ASKED + timedelta(days=1)}
    return operations.answer_return(request=AnswerReturn(**values | others))


def send_back(row: Return, **others: object) -> Return:
    """Send the goods back as the buyer."""
    values = {"number": row.number, "carrier": "Blue Post", "tracking": "BACK1", "at": ASKED + timedelta(days=2)}
    return operations.send_return(request=SendReturn(by=Actor(BUYER, user_id=row.buyer_id), **values | others))


def receive(row: Return, condition: str = "as_new", **others: object) -> Return:
    """Confirm the goods as the merchant."""
    values = {"number": row.number, "condition": condition, "by": staff(row.merchant), "at": ASKED + timedelta(days=5)}
    return operations.receive_return(request=ReceiveReturn(**values | others))


def say(row: Return, by: Actor, text: str = "Please look at it.", **others: object) -> SayReturn:
    """Return the request of somebody who says something about a return."""
    return SayReturn(**{"number": row.number, "by": by, "at": ASKED + timedelta(days=6), "text": text} | others)


def decision(row: Return, by: Actor, amount: int, **others: object) -> DecideReturn:
    """Return the request of somebody who decides."""
    values = {"number": row.number, "amount": amount, "reason": "The pictures show it.", "by": by}
    return DecideReturn(**values | {"at": ASKED + timedelta(days=7)} | others)


def picture_file(*, color: str = "red", exif: bool = False, size: tuple[int, int] = (60, 40)) -> bytes:
    """Return a JPEG, with where it was taken in it if asked for."""
    file = io.BytesIO()
    image = Image.new("RGB", size, color)
    extra = {}
    if exif:
        data = Image.Exif()
        data[0x010E] = "Lindenweg 4, Bremen"
        extra["exif"] = data
    image.save(file, "JPEG", **extra)
    return file.getvalue()


def picture() -> Picture:
    """Return a picture drawn anew."""
    from mall import uploads

    return uploads.picture(name="lamp.jpg", content=picture_file())
