"""A parcel that arrives while its charge is disputed: its money waits, and goes on when the dispute is over."""

from datetime import timedelta

import pytest

from mall.checkout import operations as checkout
from mall.checkout.drafts import TenderChoice
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver, Dispatch
from mall.queries.stories import story
from payments.models import Share
from tests.factories.disputes import METHODS, dispute, line, note
from tests.factories.mall import AT, deliver_events, make_draft, make_market, staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("outcome", "status"), [("won", "released"), ("lost", "refunded")])
def test_what_arrives_while_it_is_disputed_waits_for_the_end(settings: object, outcome: str, status: str) -> None:
    settings.RIALTO_METHODS = METHODS
    market = make_market()
    card = (TenderChoice("card", "pm_card_visa", 5_490),)
    draft = make_draft(user=market.shopper, quantities={market.lamp: 2}, tenders=card)
    assert checkout.submit_order(draft=draft).state == "confirmed"
    deliver_events()
    part = Consignment.objects.get()
    fulfilment.dispatch_consignments(
        requests=[
            Dispatch(
                consignment_number=part.number, by=staff(market.first), at=AT, carrier="DHL", tracking="JD01"
            )
        ]
    )
    deliver_events()
    share, taken = Share.objects.get(), line(-5_490, fee=1_500)
    note(dispute(share, "needs_response", taken, amount=5_490))
    fulfilment.deliver_consignments(
        requests=[Deliver(consignment_number=part.number, said_by="carrier", at=AT + timedelta(days=3))]
    )
    deliver_events()
    assert Consignment.objects.get().status == "delivered"
    known = dict(story(reference=part.number).texts)
    assert (known["shipping_carrier"], known["shipping_tracking_number"]) == ("DHL", "JD01")
    assert "Lindenweg 4" in known["shipping_address"]
    back = [line(5_490, days=5)] if outcome == "won" else []
    note(dispute(share, outcome, taken, *back, amount=5_490), days=5)
    deliver_events()
    assert Consignment.objects.get().status == status
    assert check_consignments() == []
