"""Returns: what can go back, what the store answers, what the bank decides, and the money to the cent."""

from datetime import UTC, datetime, timedelta

import pytest

from mall.actors import BUYER, OPERATIONS, SYSTEM_ACTOR, Actor
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.checks import check_consignments
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import RefundConsignment
from mall.partner.models import StockRecord
from mall.returns import operations
from mall.returns.checks import check_returns
from mall.returns.models import Return, ReturnEvent, ReturnPhoto, ReturnRefund
from mall.returns.requests import AnswerOffer, UnableToReturn, UnknownReturn
from payments.models import Part, PartClaim
from payments.queries import standing
from payments.settlement import settling
from tests.factories.mall import AT, deliver_events, make_market, make_merchant, make_shopper, staff
from tests.factories.returns import (
    ARRIVED,
    ASKED,
    answer,
    arrive,
    ask,
    buyer,
    decision,
    make_parcel,
    picture,
    receive,
    say,
    send_back,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def market():
    return make_market()


def money(user) -> int:
    [account] = standing.account_balances(holder=f"user:{user.pk}")
    return account.balance


def clerk() -> Actor:
    return Actor(OPERATIONS, user_id=make_shopper(money=0).pk)


def stock(market) -> int:
    return StockRecord.objects.get(pk=market.lamp.pk).num_in_stock


def all_agree() -> None:
    deliver_events()
    assert check_returns() == []
    assert check_consignments() == []


def test_a_return_keeps_its_money_from_the_store_and_gives_it_back_when_the_goods_are_there(market):
    part = make_parcel(market=market)
    before = money(market.shopper)
    row = ask(part, 1)
    assert (row.number, row.state, row.right, row.delivery_paid_by) == (
        f"{part.number}-R1",
        "asked",
        "withdrawal",
        "buyer",
    )
    assert (row.goods, row.delivery, row.claimed) == (2_500, 0, 2_500)
    claim = PartClaim.objects.get()
    assert (claim.key, claim.amount, claim.closed_at) == (f"return:{row.number}", 2_500, None)
    all_agree()
    assert answer(row, "accept").state == "accepted"
    assert send_back(row).state == "sent"
    in_stock = stock(market)
    assert receive(row).state == "refunding"
    assert money(market.shopper) == before
    all_agree()
    row.refresh_from_db()
    assert (row.state, row.outcome, row.refunded) == ("refunded", "money back", 2_500)
    assert money(market.shopper) == before + 2_500
    assert stock(market) == in_stock + 1
    claim.refresh_from_db()
    assert (claim.refunded, claim.closed_at is not None) == (2_500, True)
    assert Consignment.objects.get().refunded == 2_500
    told = list(ReturnEvent.objects.order_by("pk").values_list("event", "state"))
    assert told == [
        ("ask", "asked"),
        ("accept", "accepted"),
        ("send", "sent"),
        ("receive", "refunding"),
        ("pay", "refunded"),
    ]


def test_while_a_return_is_open_nothing_of_the_parcel_is_released_and_afterwards_the_rest_is(market):
    part = make_parcel(market=market, delivered=False)
    row = ask(part, 1)
    arrive(part)
    assert Consignment.objects.get().status == "delivered"
    assert Part.objects.get().released == 0
    answer(row, "let keep")
    all_agree()
    assert Consignment.objects.get().status == "released"
    money_part = Part.objects.get()
    assert (money_part.refunded_before, money_part.released) == (2_500, 5_490 - 2_500)


def test_while_a_return_is_open_released_money_is_not_settled(market):
    part = make_parcel(market=market)
    row = ask(part, 1)
    later = (ASKED + timedelta(days=30)).date()
    assert settling.settle_due(until=later).settlements == 0
    operations.withdraw(request=say(row, buyer(part)))
    all_agree()
    assert settling.settle_due(until=later).settlements == 1


def test_the_last_piece_brings_the_delivery_charge_and_all_pieces_sum_to_what_was_paid(market):
    part = make_parcel(market=market, lamp=3)
    line = part.lines.get()
    type(line).objects.filter(pk=line.pk).update(amount=7_499)
    first, second = ask(part, 1), ask(part, 2)
    assert (first.goods, first.delivery) == (2_499, 0)
    assert (second.goods, second.delivery) == (5_000, 490)


def test_a_longer_window_of_the_store_gives_back_the_goods_and_not_the_delivery(market):
    part = make_parcel(market=market)
    row = ask(part, 2, at=ARRIVED + timedelta(days=20))
    assert (row.right, row.goods, row.delivery) == ("store", 5_000, 0)


def test_more_pieces_than_were_bought_cannot_go_back(market):
    part = make_parcel(market=market)
    ask(part, 1)
    with pytest.raises(UnableToReturn, match="at most 1 can go back"):
        ask(part, 2)
    assert Return.objects.count() == PartClaim.objects.count() == 1


@pytest.mark.parametrize(
    ("reason", "days", "works"),
    [
        ("changed_mind", 30, True),
        ("changed_mind", 31, False),
        ("damaged", 60, True),
        ("damaged", 61, False),
    ],
)
def test_the_window_ends_with_its_last_day(market, reason, days, works):
    part = make_parcel(market=market)
    end = datetime.combine(
        (ARRIVED + timedelta(days=days)).date(), datetime.max.time().replace(microsecond=0), tzinfo=UTC
    )
    if works:
        assert ask(part, reason=reason, text="It flickers.", at=end).state == "asked"
    else:
        with pytest.raises(UnableToReturn, match="could go back until"):
            ask(part, reason=reason, text="It flickers.", at=end)
        assert Return.objects.count() == PartClaim.objects.count() == 0


def test_a_store_may_give_more_days_and_pay_the_way(market):
    operations.set_terms(
        merchant_id=market.first.pk,
        days=100,
        pays_delivery=True,
        address="Dock 7\nBremen",
        by=staff(market.first),
        at=AT,
    )
    row = ask(make_parcel(market=market), at=ARRIVED + timedelta(days=99))
    assert (row.right, row.delivery_paid_by) == ("store", "store")


def test_what_comes_digitally_cannot_be_sent_back(market):
    part = make_parcel(market=market)
    kind = part.lines.get().product.get_product_class()
    type(kind).objects.filter(pk=kind.pk).update(requires_shipping=False)
    with pytest.raises(UnableToReturn, match="came digitally"):
        ask(part, reason="damaged", text="It does not open.")


def test_what_was_not_sent_or_is_not_ones_own_cannot_go_back(market):
    part = make_parcel(market=market)
    with pytest.raises(UnknownReturn):
        ask(part, by=Actor(BUYER, user_id=make_shopper().pk))
    with pytest.raises(UnknownReturn):
        ask(part, by=staff(market.first))
    Consignment.objects.update(status="confirmed")
    with pytest.raises(UnableToReturn, match="has not been sent"):
        ask(part)
    assert Return.objects.count() == PartClaim.objects.count() == 0


def test_the_same_key_is_the_same_return(market):
    part = make_parcel(market=market)
    assert ask(part, key="once").pk == ask(part, key="once").pk
    assert Return.objects.count() == PartClaim.objects.count() == 1


def test_a_fault_needs_words_and_its_way_back_is_paid_by_the_store(market):
    part = make_parcel(market=market)
    with pytest.raises(UnableToReturn, match="what is wrong"):
        ask(part, reason="damaged")
    assert ask(part, reason="damaged", text="Broken glass.").delivery_paid_by == "store"


def test_a_part_is_offered_twice_at_most_and_taken_with_the_goods_kept(market):
    part = make_parcel(market=market)
    row = ask(part, 2)
    before = money(market.shopper)
    with pytest.raises(UnableToReturn, match="below"):
        answer(row, "offer", amount=5_490)
    answer(row, "offer", amount=1_000)
    refused = AnswerOffer(number=row.number, takes=False, by=buyer(part), at=ASKED)
    assert operations.answer_offer(request=refused).state == "asked"
    answer(row, "offer", amount=1_500)
    operations.answer_offer(request=refused)
    with pytest.raises(UnableToReturn, match="made your offers"):
        answer(row, "offer", amount=2_000)
    Return.objects.update(offers=1)
    answer(row, "offer", amount=2_000)
    taken = AnswerOffer(number=row.number, takes=True, by=buyer(part), at=ASKED)
    assert operations.answer_offer(request=taken).state == "refunding"
    all_agree()
    assert money(market.shopper) == before + 2_000
    assert PartClaim.objects.get().closed_at is not None


def test_a_merchants_own_refund_leaves_what_a_return_asks_for(market):
    part = make_parcel(market=market)
    ask(part, 2)
    asked = RefundConsignment(number=part.number, amount=1, reason="kind", by=staff(market.first), key="own", at=ASKED)
    [result] = fulfilment.refund_consignments(requests=[asked])
    assert "0 left that could be refunded" in str(result)
    all_agree()


def test_a_lower_refund_is_paid_at_once_and_the_bank_decides_on_the_rest(market):
    part = make_parcel(market=market)
    row = ask(part, 1)
    before = money(market.shopper)
    answer(row, "accept")
    send_back(row)
    in_stock = stock(market)
    with pytest.raises(UnableToReturn, match="why you give back less"):
        receive(row, "damaged", amount=1_000)
    assert receive(row, "damaged", amount=1_000, text="A deep scratch.").state == "reduced"
    all_agree()
    assert money(market.shopper) == before + 1_000
    assert stock(market) == in_stock
    assert operations.escalate(request=say(row, buyer(part), "It had it when it came.")).state == "escalated"
    bank = clerk()
    with pytest.raises(UnableToReturn, match="Between nothing and"):
        operations.decide(request=decision(row, bank, 1_501))
    assert operations.decide(request=decision(row, bank, 1_500)).state == "refunding"
    all_agree()
    row.refresh_from_db()
    assert (row.state, row.refunded) == ("refunded", 2_500)
    assert money(market.shopper) == before + 2_500


def test_what_the_store_gave_back_is_paid_also_when_the_bank_adds_nothing(market):
    part = make_parcel(market=market)
    row = ask(part, 1)
    before = money(market.shopper)
    answer(row, "accept")
    receive(row, "used", amount=400, text="Worn.")
    operations.escalate(request=say(row, buyer(part)))
    operations.decide(request=decision(row, clerk(), 0))
    all_agree()
    assert money(market.shopper) == before + 400
    assert Return.objects.get().state == "refunded"


def test_above_the_limit_two_people_of_the_bank_decide(market, settings):
    settings.RIALTO_POLICY.RETURN_SECOND_ABOVE, usual = 2_000, settings.RIALTO_POLICY.RETURN_SECOND_ABOVE
    part = make_parcel(market=market)
    row = ask(part, 1)
    answer(row, "decline", text="It was fine.")
    operations.escalate(request=say(row, buyer(part)))
    one, other = clerk(), clerk()
    try:
        assert operations.decide(request=decision(row, one, 2_500)).state == "proposed"
        assert ReturnRefund.objects.count() == 0
        with pytest.raises(UnableToReturn, match="a second person"):
            operations.agree_to_decision(request=say(row, one))
        assert operations.object_to_decision(request=say(row, other)).state == "escalated"
        operations.decide(request=decision(row, one, 2_000))
        assert operations.agree_to_decision(request=say(row, other)).state == "refunding"
    finally:
        settings.RIALTO_POLICY.RETURN_SECOND_ABOVE = usual
    all_agree()
    row.refresh_from_db()
    assert (row.refunded, row.outcome) == (2_000, "part")


def test_who_is_a_side_does_not_decide(market):
    part = make_parcel(market=market)
    row = ask(part)
    answer(row, "decline", text="No.")
    operations.escalate(request=say(row, buyer(part)))
    for side in (market.shopper.pk, market.first.owner_id):
        with pytest.raises(UnableToReturn, match="somebody else decides"):
            operations.decide(request=decision(row, Actor(OPERATIONS, user_id=side), 100))
    with pytest.raises(UnknownReturn):
        operations.decide(request=decision(row, staff(market.first), 100))
    assert Return.objects.get().state == "escalated"


def test_silence_has_a_meaning_in_every_state(market):
    part = make_parcel(market=market, lamp=6)
    asked, offered, accepted, lost, arrived, declined, reduced = [ask(part, 1) for _ in range(6)] + [
        ask(make_parcel(market=market), 1)
    ]
    answer(offered, "offer", amount=100)
    for row in (accepted, lost, arrived, reduced):
        answer(row, "accept")
    for row in (lost, arrived):
        send_back(row)
    assert operations.note_arrivals(numbers=[arrived.number], by=Actor("carrier"), at=ASKED) == [arrived.number]
    assert operations.note_arrivals(numbers=[arrived.number], by=Actor("carrier"), at=ASKED) == []
    answer(declined, "decline", text="No.")
    receive(reduced, "used", amount=0, text="Empty box.")
    assert operations.sweep_returns(at=ASKED) == 0
    late = ASKED + timedelta(days=60)
    assert operations.sweep_returns(at=late) == 7
    assert operations.sweep_returns(at=late) == 0
    all_agree()
    ended = {row.pk: (row.state, row.outcome) for row in Return.objects.all()}
    assert [ended[row.pk] for row in (asked, offered, accepted, lost, arrived, declined, reduced)] == [
        ("accepted", ""),
        ("asked", ""),
        ("closed", "not sent"),
        ("closed", "not arrived"),
        ("refunded", "money back"),
        ("closed", "declined"),
        ("refunded", "part"),
    ]


def test_the_merchants_time_is_counted_in_bank_days(market):
    part = make_parcel(market=market)
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert ask(part, at=friday).due_at == datetime(2026, 3, 11, 23, 59, 59, tzinfo=UTC)


def test_pieces_given_up_may_be_asked_for_again_and_declined_ones_may_not(market):
    part = make_parcel(market=market)
    operations.withdraw(request=say(ask(part, 2), buyer(part)))
    row = ask(part, 2)
    assert row.number.endswith("-R2")
    answer(row, "decline", text="No.")
    operations.sweep_returns(at=ASKED + timedelta(days=60))
    with pytest.raises(UnableToReturn, match="go back already"):
        ask(part, 1)


def test_what_was_sent_back_is_not_withdrawn_any_more(market):
    part = make_parcel(market=market)
    row = ask(part)
    answer(row, "accept")
    send_back(row)
    operations.escalate(request=say(row, staff(market.first), "An empty box came."))
    with pytest.raises(UnableToReturn, match="cannot be taken back"):
        operations.withdraw(request=say(row, buyer(part)))


def test_strangers_former_staff_and_the_wrong_side_are_told_nothing(market):
    part = make_parcel(market=market)
    row = ask(part)
    stranger = make_merchant()
    with pytest.raises(UnknownReturn):
        answer(row, "accept", by=staff(stranger))
    with pytest.raises(UnknownReturn):
        answer(row, "accept", by=buyer(part))
    with pytest.raises(UnknownReturn):
        answer(row, "accept", by=Actor("merchant", user_id=make_shopper().pk, merchant_id=market.first.pk))
    with pytest.raises(UnknownReturn):
        operations.withdraw(request=say(row, staff(market.first)))
    with pytest.raises(UnknownReturn):
        operations.note_arrivals(numbers=[row.number], by=staff(market.first), at=ASKED)
    assert Return.objects.get().state == "asked"
    assert ReturnEvent.objects.count() == 1


def test_a_refund_that_was_cut_off_after_the_bank_had_paid_is_not_paid_twice(market, monkeypatch):
    part = make_parcel(market=market)
    row = ask(part, 2)
    before = money(market.shopper)
    answer(row, "let keep")
    from mall.returns import paying

    monkeypatch.setattr(paying, "_note", lambda **given: (_ for _ in ()).throw(RuntimeError("cut off")))
    with pytest.raises(RuntimeError, match="cut off"):
        deliver_events()
    assert money(market.shopper) == before + 5_490
    monkeypatch.undo()
    keys = list(ReturnRefund.objects.values_list("key", flat=True))
    for _ in range(2):
        operations.pay_back(keys=keys, at=ASKED)
    all_agree()
    assert money(market.shopper) == before + 5_490
    assert Return.objects.get().state == "refunded"
    assert Consignment.objects.get().status == "refunded"


def test_pictures_are_kept_up_to_five_a_side_and_go_when_nothing_was_done(market):
    part = make_parcel(market=market)
    row = ask(part, reason="damaged", text="Look.", photos=(picture(),) * 5)
    assert ReturnPhoto.objects.count() == 5
    from mall.returns import photos

    folder = photos._FILES._folder()
    files = set(folder.iterdir())
    with pytest.raises(UnableToReturn, match="at most 5 pictures"):
        operations.add_word(request=say(row, buyer(part), photos=(picture(),)))
    with pytest.raises(UnableToReturn, match="at least one piece"):
        ask(part, 0, photos=(picture(),))
    assert set(folder.iterdir()) == files
    operations.add_word(request=say(row, staff(market.first), photos=(picture(),)))
    assert ReturnPhoto.objects.filter(side="store").count() == 1


def test_the_history_and_the_pictures_cannot_be_changed(market):
    ask(make_parcel(market=market), reason="damaged", text="Look.", photos=(picture(),))
    from django.db import DatabaseError, transaction

    for model in (ReturnEvent, ReturnPhoto):
        for act in (model.objects.all().delete, lambda model=model: model.objects.update(of_id=0)):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()
    assert (ReturnEvent.objects.count(), ReturnPhoto.objects.count()) == (1, 1)


def test_a_system_that_is_not_a_person_decides_nothing(market):
    row = ask(make_parcel(market=market))
    with pytest.raises(UnknownReturn):
        operations.decide(request=decision(row, SYSTEM_ACTOR, 100))
