"""What the mall does when something has happened, here or at the bank; each handler may see an event twice."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from mall import bank, events, mail
from mall.actors import SYSTEM_ACTOR
from mall.checkout import operations as checkout
from mall.checkout.drafts import CancelOrder, ConfirmOrder, UnableToConfirmOrder
from mall.fulfilment import dividing, following, states
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.following import MoneyMoved
from mall.fulfilment.models import Consignment, Division
from mall.fulfilment.requests import CancelConsignment
from mall.health import letters as health_letters
from mall.merchants import letters
from mall.messages import news
from mall.offers import operations as offers
from mall.onboarding import deciding
from mall.onboarding import letters as onboarding_letters
from mall.order.models import CANCELLED, Order
from mall.returns import letters as return_letters
from mall.returns import operations as returns
from mall.search import operations as search
from payments import events as bank_events

logger = logging.getLogger(__name__)

# A confirmation that comes later than this is no news; so an imported history sends none.
MAIL_WITHIN = timedelta(days=3)


class NotDone(Exception):
    """Something of what an event asks for could not be done; the outbox comes again."""


def confirm_paid(happened: Sequence[bank_events.PaymentAuthorised]) -> None:
    """Confirm the orders whose payment is promised; one that was given up meanwhile gets its money back."""
    results = checkout.confirm_orders(
        requests=[ConfirmOrder(number=event.reference, at=event.at) for event in happened]
    )
    failed = {
        event.reference: (event, result)
        for event, result in zip(happened, results, strict=True)
        if isinstance(result, UnableToConfirmOrder)
    }
    if not failed:
        return
    given_up = dict(Order.objects.filter(number__in=failed, status=CANCELLED).values_list("number", "payment_id"))
    _raise(
        bank.void(
            payments=[
                (payment_id, number, failed[number][0].at)
                for number, payment_id in given_up.items()
                if payment_id is not None
            ]
        )
    )
    # Not promised any more: the event that says so gives the order up.


def give_up_unpaid(
    happened: Sequence[bank_events.PaymentRefused | bank_events.PaymentExpired | bank_events.PaymentVoided],
) -> None:
    """Cancel the orders whose payment came to nothing."""
    checkout.cancel_orders(
        requests=[
            CancelOrder(
                number=event.reference,
                reason=getattr(event, "reason", "") or "The payment was not made in time.",
                at=event.at,
            )
            for event in happened
        ]
    )


def give_back_payment(happened: Sequence[events.OrderCancelled]) -> None:
    """Give back what is held for cancelled orders."""
    _raise(
        bank.void(
            payments=[(event.payment_id, event.number, event.at) for event in happened if event.payment_id is not None]
        )
    )


def refresh_search(happened: Sequence[events.OffersChanged]) -> None:
    """Compute anew what search says of what is offered otherwise than before."""
    search.refresh_products(product_ids={product_id for event in happened for product_id in event.product_ids})
    for merchant_id in sorted({event.merchant_id for event in happened if event.merchant_id is not None}):
        search.refresh_merchant(merchant_id=merchant_id)


def rank_anew(happened: Sequence[events.BuyBoxChanged]) -> None:
    """Choose anew what is shown first of everything that several merchants offer."""
    if happened:
        for _last in offers.rank_anew():
            pass


def capture_dispatched(happened: Sequence[events.ConsignmentDispatched]) -> None:
    """Take the money of consignments that were sent into escrow."""
    _raise(
        bank.capture(
            parts=[
                bank.PartRequest(event.number, f"dispatch:{event.number}", event.at)
                for event in happened
                if event.amount
            ]
        )
    )


def release_delivered(happened: Sequence[events.ConsignmentDelivered]) -> None:
    """Release the escrow of consignments that arrived.

    What was free of charge has nothing to wait for, what went back to the buyer meanwhile has nothing to release, and
    what is disputed waits for the dispute's end.
    """
    following.note_released(
        moved=[MoneyMoved(event.number, 0, event.key, event.at) for event in happened if not event.amount]
    )
    standing = bank.parts(numbers=[event.number for event in happened])
    _raise(
        bank.release(
            parts=[
                bank.PartRequest(event.number, f"deliver:{event.number}", event.at)
                for event in happened
                if event.amount and not _stays(standing.get(event.number))
            ]
        )
    )


def release_undisputed(happened: Sequence[bank_events.DisputeClosed]) -> None:
    """Release what was delivered while it was disputed, once no dispute of it is open any more."""
    _release_delivered(ends={event.part_reference: event.at for event in happened if event.part_reference})


def release_after_return(happened: Sequence[events.ReturnClosed]) -> None:
    """Release what was delivered while some of it was asked back, once nothing is any more."""
    _release_delivered(ends={event.consignment: event.at for event in happened})


def _release_delivered(*, ends: Mapping[str, datetime]) -> None:
    delivered = Consignment.objects.filter(number__in=ends, status=states.DELIVERED).values_list("number", flat=True)
    standing = bank.parts(numbers=list(delivered))
    _raise(
        bank.release(
            parts=[
                bank.PartRequest(number, f"deliver:{number}", ends[number])
                for number, part in standing.items()
                if not _stays(part)
            ]
        )
    )


def _stays(part: bank.standing.PartStanding | None) -> bool:
    """Tell whether a part's money has nowhere to go now: it went back, is asked back, or a dispute decides on it."""
    return part is not None and (part.state == "refunded" or part.open_disputes > 0 or part.has_claim)


def pay_returns(happened: Sequence[events.ReturnRefundDue]) -> None:
    """Pay back what is to go back for returns."""
    returns.pay_back(keys=[event.key for event in happened], at=max(event.at for event in happened))


def mail_returns(happened: Sequence[events.ReturnMoved]) -> None:
    """Write to buyers and stores whose return went on."""
    since = bank.now() - MAIL_WITHIN
    return_letters.send_return_letters(keys=[event.key for event in happened if event.at >= since])


def mail_messages(happened: Sequence[events.MessagePosted]) -> None:
    """Tell people once that a message waits for them."""
    since = bank.now() - MAIL_WITHIN
    news.send_message_letters(waiting=[(event.thread, event.side, event.at) for event in happened if event.at >= since])


def give_back_part(happened: Sequence[events.ConsignmentCancelled]) -> None:
    """Give back what is held for consignments that will not be sent, unless their whole payment was given back."""
    standing = bank.parts(numbers=[event.number for event in happened])
    _raise(
        bank.cancel(
            parts=[
                bank.PartRequest(event.number, f"cancel:{event.number}", event.at)
                for event in happened
                if event.number in standing and standing[event.number].state != "cancelled"
            ]
        )
    )


def divide_consignments(happened: Sequence[events.DivisionAsked]) -> None:
    """Go on with divisions that were asked for."""
    outcomes = [dividing.carry_out(key=event.division_key) for event in happened]
    if waiting := [outcome.number for outcome in outcomes if outcome.state == states.DIVISION_ASKED]:
        raise NotDone(f"The division of {', '.join(waiting[:5])} awaits the payment's provider.")


def give_up_part(happened: Sequence[bank_events.PartCancelled]) -> None:
    """Cancel the consignments whose money is not held any more before they were sent."""
    numbers = [event.part_reference for event in happened]
    asked = Division.objects.filter(state=states.DIVISION_ASKED)
    if asked.filter(Q(consignment__number__in=numbers) | Q(new_number__in=numbers)).exists():
        raise NotDone("A consignment that is being divided is given up once it is two.")
    fulfilment.cancel_consignments(
        requests=[
            CancelConsignment(
                number=event.part_reference, by=SYSTEM_ACTOR, reason="The payment is not held any more.", at=event.at
            )
            for event in happened
        ]
    )


def note_released(happened: Sequence[bank_events.PartReleased]) -> None:
    """Mark the consignments whose escrow went to their merchants."""
    following.note_released(
        moved=[MoneyMoved(event.part_reference, event.amount, event.key, event.at) for event in happened]
    )


def note_refunded(happened: Sequence[bank_events.PartRefunded]) -> None:
    """Count what went back to buyers."""
    following.note_refunded(
        moved=[MoneyMoved(event.part_reference, event.amount, event.key, event.at) for event in happened]
    )


def mail_confirmation(happened: Sequence[events.OrderConfirmed]) -> None:
    """Write to the buyers of confirmed orders; a mail server that fails is tried again and harms no order."""
    since = bank.now() - MAIL_WITHIN
    mail.send_order_confirmations(numbers=[event.number for event in happened if event.at >= since])


def mail_card_hold_refused(happened: Sequence[bank_events.CardHoldRefused]) -> None:
    """Ask the buyers whose card's bank would not renew a hold for another card; past its deadline it is no use."""
    now = bank.now()
    mail.send_hold_questions(questions=[event for event in happened if event.deadline > now])


def go_on_reviewed(happened: Sequence[bank_events.PaymentReviewed]) -> None:
    """Go on with payments that people let go on, also when whoever did so was cut off at that moment."""
    for event in happened:
        if event.approved:
            bank.authorise(payment_id=event.payment_id, at=event.at)


def mail_reviewed(happened: Sequence[bank_events.PaymentReviewed]) -> None:
    """Write to the buyers whose payment the bank has looked at: it goes on, or it does not."""
    since = bank.now() - MAIL_WITHIN
    news = [event for event in happened if event.at >= since]
    mail.send_reviewed(decided={event.reference: (event.approved, event.url) for event in news})


def mail_payout_account(happened: Sequence[bank_events.PayoutAccountAsked]) -> None:
    """Write to everybody who owns a store that its payouts are to go elsewhere, while it can still be cancelled."""
    mail.send_payout_account_letters(
        changes=[
            (bank.merchant_id(reference=event.merchant), event.account_id, event.iban, event.effective_at)
            for event in happened
            if event.effective_at > bank.now()
        ]
    )


def mail_came_back(happened: Sequence[bank_events.PaymentCameBack]) -> None:
    """Write to those whose payment to another bank did not arrive."""
    since = bank.now() - MAIL_WITHIN
    mail.send_came_back_letters(
        payments=[
            (event.holder, bank.text(amount=event.amount, currency=event.currency), event.iban, event.reason)
            for event in happened
            if event.at >= since and event.kind in ("payout", "transfer")
        ]
    )


def _raise(problems: Sequence[Exception]) -> None:
    if problems:
        raise NotDone("; ".join(str(problem) for problem in problems[:5]))


def mail_invitation(happened: Sequence[events.StaffInvited]) -> None:
    """Send people the link by which they begin to work for a store."""
    letters.send_invitations(invitation_ids=[event.invitation_id for event in happened])


def follow_application(happened: Sequence[events.ApplicationMoved]) -> None:
    """Check applications that were never checked, and tell applicants what they wait for."""
    deciding.check_new(
        application_ids=sorted({event.application_id for event in happened}), at=max(event.at for event in happened)
    )
    onboarding_letters.send_moved(moves=[(event.application_id, event.state, event.note) for event in happened])


def mail_merchant_status(happened: Sequence[events.MerchantStatusChanged]) -> None:
    """Tell a store's owners that it sells again, sells no more, or is closed, and why."""
    letters.send_status(changes=[(event.merchant_id, event.status, event.reason) for event in happened])


def mail_health_warned(happened: Sequence[events.HealthWarned]) -> None:
    """Tell a store's owners which figure is below its threshold."""
    health_letters.send_warned(warned=[(event.merchant_id, event.code) for event in happened])
