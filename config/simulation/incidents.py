"""What operations find on a morning: disputes, a payment to look at, a refund that failed, wishes for a second person.

All of it happens through the operations and the card stand-in, in the hour before ``at``; amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests

from config import services
from config.simulation import people
from config.simulation.models import Run
from mall.actors import merchant_staff
from mall.checkout import operations as checkout
from mall.checkout.drafts import DeliveryChoice, DraftLine, OrderDraft, TenderChoice
from mall.customer.addresses import AddressData
from mall.customer.models import User
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver, Dispatch
from mall.merchants.models import ACTIVE, Merchant
from mall.partner.models import StockRecord
from payments import operations, queries
from payments.operations import publishing
from payments.providers import card_api
from payments.settlement import elsewhere, holding

SECONDS = 10
# What the rules have people look at: `very-large`.
_LOOKED_AT = 400_100
_UNSEEN = 100_000
_RUN = "incidents"
_GUEST = AddressData(
    name="Greta Guest",
    line1="Am Markt 3",
    line2="",
    postcode="20095",
    city="Hamburg",
    region="",
    country="DE",
    phone="",
)


@dataclass(slots=True)
class _Shelf:
    """Stock records to buy from, each of another merchant, the dearest first."""

    records: list[StockRecord]

    def take(self, *, worth: int = 0) -> StockRecord:
        """Take the first of which so much money can be spent; without it, one of which a piece goes unlooked at."""
        price = {row.pk: int(row.price * 100) for row in self.records}
        found = [
            row
            for row in self.records
            if price[row.pk] * row.net_stock_level >= worth and (worth or price[row.pk] < _UNSEEN)
        ]
        self.records.remove(found[0])
        return found[0]


def happen(*, at: datetime, say: Callable[[str], object]) -> int:
    """Let things happen that need people; return how many. Once: what is there already is left alone."""
    run, _ = Run.objects.get_or_create(name=_RUN)
    if run.finished_at is not None:
        return 0
    shelf = _Shelf(records=_records())
    done = 0
    for act in (_disputes, _held_payment, _failed_refund, _wishes, _payment_elsewhere):
        try:
            done += act(shelf=shelf, at=at)
        except IndexError:
            # A market of a few products has too few stores for all of it.
            say(f"The market is too small for {act.__name__.strip('_').replace('_', ' ')}.")
    operations.read_provider(at=at)
    operations.poll_provider_events(at=at)
    operations.handle_provider_events(at=at)
    publishing.deliver()
    run.finished_at = at
    run.save(update_fields=["finished_at"])
    return done


def _records() -> list[StockRecord]:
    rows = StockRecord.objects.filter(partner__merchant__status=ACTIVE, num_in_stock__gt=2, price__gt=20)
    rows = rows.select_related("partner__merchant").order_by("partner_id", "-price").distinct("partner_id")
    # The demo's own store keeps to its story, but for one dispute it can answer.
    own = set(Merchant.objects.filter(owner__email=people.OWNER).values_list("partner_id", flat=True))
    return sorted(rows, key=lambda row: (row.partner_id not in own, -row.price, row.pk))


def _disputes(*, shelf: _Shelf, at: datetime) -> int:
    """Two buyers question a charge: the demo's own store can answer one, the other is lost already."""
    waiting = _sent(shelf.take(), "dispute-1", card="pm_card_createDispute", at=at - timedelta(minutes=50))
    lost = _sent(shelf.take(), "dispute-2", card="pm_card_visa", at=at - timedelta(minutes=40), delivered=True)
    raised = _stand_in("disputes", payment_intent=_intent(lost), reason="product_not_received")
    operations.read_provider(at=at - timedelta(minutes=30))
    _stand_in(f"disputes/{raised['id']}", outcome="lost")
    return len([waiting, lost])


def _held_payment(*, shelf: _Shelf, at: datetime) -> int:
    """A guest buys a lot to be sent to where nobody sent anything before: people look at it first."""
    record = shelf.take(worth=_LOOKED_AT)
    pieces = -(-_LOOKED_AT // int(record.price * 100))
    _order(record, "held", pieces=pieces, card="pm_card_visa", at=at - timedelta(minutes=20))
    return 1


def _failed_refund(*, shelf: _Shelf, at: datetime) -> int:
    """A card that was closed meanwhile does not take a refund."""
    number = _sent(shelf.take(), "refund", card="pm_card_visa", at=at - timedelta(minutes=35), delivered=True)
    captured = queries.part(reference=number).captured
    refund = operations.RefundPart(
        part_reference=number,
        amount=min(2_500, captured),
        reason="Came damaged.",
        key=f"incident:{number}",
        at=at,
    )
    operations.one(operations.refund_parts(requests=[refund]))
    [made] = card_api.api().refunds.list({"payment_intent": _intent(number)}).data
    key, tender_id = operations.named_at_provider(name=card_api.plain(made.metadata)["leg"])
    failed = operations.RefundFailed(refund_key=key, tender_id=tender_id, at=at, why="expired_or_canceled_card")
    operations.one(operations.note_failed_refunds(requests=[failed]))
    return 1


def _wishes(*, shelf: _Shelf, at: datetime) -> int:
    """What one person of operations asked for, another may agree to."""
    [(_role, email, _name)] = people.SECOND_PAIR_OF_EYES
    by = f"user:{User.objects.get(email=email).pk}"
    merchant = shelf.take().partner.merchant
    holding.ask(
        request=holding.AskHold(
            merchant=merchant.reference, part_reference="", reason="Many returns in a week.", by=by, at=at
        )
    )
    operations.propose_tier(
        proposal=operations.TierProposal(
            kind="reserve",
            subject=merchant.reference,
            tier="raised",
            begins_on=at.date() + timedelta(days=1),
            reason="Returns doubled since the spring.",
            by=by,
            at=at,
        )
    )
    operations.give_goodwill(
        request=operations.GiveGoodwill(
            account=_account(people.SHOPPER).number, amount=7_500, reason="A parcel came three weeks late.", by=by,
            key="incident:goodwill", at=at,
        )
    )  # fmt: skip
    return 3


def _payment_elsewhere(*, shelf: _Shelf, at: datetime) -> int:
    """The demo's shopper pays his rent to another bank: it leaves with the day's file, which two people agree to."""
    account = _account(people.SHOPPER)
    if account.available < 85_000:
        raise IndexError("The shopper has spent it.")
    [ordered] = elsewhere.order_payments(
        requests=[
            elsewhere.OrderPayment(
                kind="transfer", source=f"deposit:{account.number}", holder=account.holder, amount=85_000,
                currency=account.currency, creditor_name="Hausverwaltung Nord", iban="DE02120300000000202051",
                remittance="Rent", key="incident:rent", at=at,
            )
        ]
    )  # fmt: skip
    return int(isinstance(ordered, elsewhere.Ordered))


def _sent(record: StockRecord, key: str, *, card: str, at: datetime, delivered: bool = False) -> str:
    """Have a guest buy one piece, and the store send it; return the consignment's number."""
    order = _order(record, key, pieces=1, card=card, at=at)
    number = Consignment.objects.get(order__number=order).number
    merchant = record.partner.merchant
    store = merchant_staff(user_id=merchant.owner_id, merchant_id=merchant.pk)
    [moved] = fulfilment.dispatch_consignments(
        requests=[Dispatch(consignment_number=number, by=store, at=at, carrier="DHL", tracking="00340434161094")]
    )
    if isinstance(moved, Exception):
        raise moved
    publishing.deliver()
    if delivered:
        fulfilment.deliver_consignments(requests=[Deliver(consignment_number=number, said_by="carrier", at=at)])
        publishing.deliver()
    return number


def _order(record: StockRecord, key: str, *, pieces: int, card: str, at: datetime) -> str:
    price, merchant = int(record.price * 100), record.partner.merchant
    draft = OrderDraft(
        # The card stand-in outlives a database and remembers the orders of the one before.
        key=f"incident:{key}:{at.timestamp():.0f}",
        user_id=None,
        email=f"{key}@guests.example",
        currency=merchant.currency,
        lines=(DraftLine(stockrecord_id=record.pk, quantity=pieces, unit_price_minor=price),),
        address=_GUEST,
        deliveries={merchant.pk: DeliveryChoice("standard", 490, at + timedelta(days=5))},
        tenders=(TenderChoice("card", card, price * pieces + 490),),
        device=f"incident-{key}",
        return_url="/",
        at=at,
    )
    checkout.submit_order(draft=draft)
    publishing.deliver()
    return draft.number


def _intent(number: str) -> str:
    """Return the card provider's name of a consignment's charge."""
    for intent in card_api.api().payment_intents.list({"limit": 100}).auto_paging_iter():
        if card_api.plain(intent.metadata).get("part") == number:
            return intent.id
    raise LookupError(f"The card provider knows no charge for {number}.")


def _account(email: str) -> queries.Account:
    return queries.accounts_of(holder=f"user:{User.objects.get(email=email).pk}")[0]


def _stand_in(path: str, **given: str) -> dict:
    answer = requests.post(f"{services.card_stand_in_address()}/_config/{path}", json=given, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()
