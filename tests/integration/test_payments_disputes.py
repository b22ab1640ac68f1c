"""Disputes of card payments: what is taken, held, given back and lost; told late, twice and in any order."""

from itertools import permutations

import pytest

from payments import models, operations, settlement
from payments.operations import errors
from payments.reconciliation import card_checks, checks
from tests.factories.disputes import DAY, METHODS, dispute, line, note, pay_by_card
from tests.factories.payments import (
    AT,
    authorise,
    balance,
    capture,
    make_merchant,
    make_shopper,
    record,
    refund,
    release,
)

AVAILABLE = "card:stripe:available"
TAKEN = line(-10_000, fee=1_500, identifier="txn_taken")
BACK = line(10_000, days=5, identifier="txn_back")


@pytest.fixture(autouse=True)
def _cards(db: None, settings: object) -> object:
    settings.RIALTO_METHODS = METHODS
    settings.RIALTO_OUTBOX_KICK = False
    yield
    assert checks.check_parts() == []
    assert checks.check_tenders() == []
    assert checks.check_nothing_half_done() == []
    assert card_checks.check_disputes() == []


@pytest.fixture
def merchant() -> str:
    return make_merchant()


def code(kind: str) -> str:
    return f"dispute:{models.Dispute.objects.get(provider_id='dp_1').pk}:{kind}"


def events(name: str) -> list[dict]:
    return [row.payload for row in models.OutboxEvent.objects.filter(name=f"payments.{name}").order_by("pk")]


def test_a_dispute_before_release_holds_the_escrow_and_freezes_it(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    noted = note(dispute(share, "needs_response", TAKEN))
    assert (noted.state, noted.taken, noted.held) == ("needs_response", 10_000, 10_000)
    assert (balance(code("receivable")), balance(code("held")), balance("escrow:o1-1")) == (10_000, 10_000, 0)
    assert (balance(AVAILABLE), balance("expense:dispute")) == (-11_500, 1_500)
    refused = release("o1-1")
    assert isinstance(refused, errors.UnableToRelease)
    assert "disputed" in str(refused)
    row = models.Dispute.objects.get()
    assert (row.due_by, row.merchant_due_by) == (AT + 10 * DAY, AT + 7 * DAY)
    [opened] = events("dispute_opened")
    assert (opened["part_reference"], opened["amount"], opened["moves_money"]) == ("o1-1", 10_000, True)


def test_a_dispute_that_is_won_gives_the_escrow_back_and_the_part_goes_on(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    note(dispute(share, "needs_response", TAKEN))
    note(dispute(share, "won", TAKEN, BACK), days=5)
    assert (balance(code("receivable")), balance(code("held")), balance("escrow:o1-1")) == (0, 0, 10_000)
    assert balance(AVAILABLE) == -1_500
    assert release("o1-1").amount == 10_000
    assert [event["outcome"] for event in events("dispute_closed")] == ["won"]


def test_a_dispute_that_is_lost_counts_as_a_refund(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    note(dispute(share, "needs_response", TAKEN))
    note(dispute(share, "lost", TAKEN), days=5)
    assert (balance(code("receivable")), balance(code("held"))) == (0, 0)
    part = models.Part.objects.get()
    assert (part.state, part.refunded_before, part.disputed_before, part.open_disputes) == ("refunded", 10_000, 0, 0)
    assert models.Tender.objects.get().refunded == 10_000
    [told] = events("part_refunded")
    assert (told["amount"], told["before_release"]) == (10_000, True)
    assert isinstance(refund("o1-1", 1), errors.UnableToRefund)


def test_after_release_the_merchant_s_unsettled_money_and_the_commission_are_held(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    assert balance(f"{merchant}:pending") == 8_800
    note(dispute(share, "needs_response", TAKEN))
    row = models.Dispute.objects.get()
    assert (row.pending, row.commission, row.vat, row.held) == (8_800, 1_000, 200, 10_000)
    assert (balance(f"{merchant}:pending"), balance("income:commission")) == (0, 0)
    note(dispute(share, "won", TAKEN, BACK), days=5)
    assert (balance(f"{merchant}:pending"), balance("income:commission")) == (8_800, 1_000)
    assert settlement.settle_due(until=(AT + 6 * DAY).date()).available == {"EUR": 8_360}


def test_after_the_payout_the_merchant_owes_it_and_a_won_dispute_clears_the_debt(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    until = (AT + 2 * DAY).date()
    settlement.settle_due(until=until)
    settlement.pay_out_due(until=until)
    note(dispute(share, "needs_response", TAKEN), days=3)
    row = models.Dispute.objects.get()
    assert (row.available, row.reserve, row.receivable) == (0, 440, 8_360)
    assert balance(f"{merchant}:receivable") == 8_360
    note(dispute(share, "won", TAKEN, BACK), days=5)
    assert (balance(f"{merchant}:receivable"), balance(f"{merchant}:reserve")) == (0, 440)


def test_a_debt_that_was_settled_meanwhile_comes_back_as_available_money(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    until = (AT + 2 * DAY).date()
    settlement.settle_due(until=until)
    settlement.pay_out_due(until=until)
    note(dispute(share, "needs_response", TAKEN), days=3)
    pay_by_card(merchant=merchant, key="o2", released=True)
    settlement.settle_due(until=(AT + 4 * DAY).date())
    assert balance(f"{merchant}:receivable") == 0
    before = balance(f"{merchant}:available")
    note(dispute(share, "won", TAKEN, BACK), days=5)
    assert balance(f"{merchant}:available") == before + 8_360
    assert balance(f"{merchant}:receivable") == 0


def test_a_matured_reserve_is_given_back_as_available_money(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    settlement.settle_due(until=(AT + 2 * DAY).date())
    note(dispute(share, "needs_response", TAKEN), days=3)
    settlement.mature_reserves(until=(AT + 40 * DAY).date())
    assert models.Settlement.objects.get().matured == 0
    note(dispute(share, "won", TAKEN, BACK), days=41)
    assert (balance(f"{merchant}:available"), balance(f"{merchant}:reserve")) == (8_800, 0)


def test_a_part_of_a_charge_is_disputed_and_the_rest_may_be_refunded(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    taken = line(-4_000, fee=1_500)
    note(dispute(share, "needs_response", taken, amount=4_000))
    assert balance("escrow:o1-1") == 6_000
    assert isinstance(refund("o1-1", 6_001), errors.UnableToRefund)
    assert refund("o1-1", 1_000).amount == 1_000
    note(dispute(share, "lost", taken, amount=4_000), days=5)
    assert release("o1-1").amount == 5_000
    part = models.Part.objects.get()
    assert (part.state, part.refunded_before, part.released) == ("released", 5_000, 5_000)


def test_two_disputes_on_one_consignment_hold_and_end_each_for_itself(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    first, second = line(-3_000), line(-5_000)
    note(dispute(share, "needs_response", first, amount=3_000))
    note(dispute(share, "needs_response", second, amount=5_000, identifier="dp_2"))
    assert balance("escrow:o1-1") == 2_000
    note(dispute(share, "won", first, line(3_000), amount=3_000))
    assert isinstance(release("o1-1"), errors.UnableToRelease)
    note(dispute(share, "lost", second, amount=5_000, identifier="dp_2"))
    assert release("o1-1").amount == 5_000


def test_an_inquiry_moves_no_money_but_keeps_the_escrow_where_it_is(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    journals = models.DisputeMovement.objects.count()
    assert note(dispute(share, "warning_needs_response")).taken == 0
    assert isinstance(release("o1-1"), errors.UnableToRelease)
    assert note(dispute(share, "warning_closed")).state == "inquiry_closed"
    assert models.DisputeMovement.objects.count() == journals
    assert release("o1-1").amount == 10_000
    assert [event["moves_money"] for event in events("dispute_opened")] == [False]


def test_an_inquiry_becomes_a_dispute(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    note(dispute(share, "warning_needs_response"))
    assert note(dispute(share, "needs_response", TAKEN)).held == 10_000
    assert models.Part.objects.get().open_disputes == 1


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_a_dispute_of_a_charge_that_was_refunded_is_borne_by_the_bank(merchant: str, outcome: str) -> None:
    share = pay_by_card(merchant=merchant)
    refund("o1-1", 7_000)
    noted = note(dispute(share, "needs_response", TAKEN))
    assert (noted.taken, noted.held) == (10_000, 3_000)
    note(dispute(share, outcome, TAKEN, *([BACK] if outcome == "won" else [])), days=5)
    assert balance("expense:dispute") == 1_500 + (7_000 if outcome == "lost" else 0)
    assert models.Part.objects.get().refunded_before == (10_000 if outcome == "lost" else 7_000)


def test_a_dispute_of_a_charge_nobody_here_made_still_counts_its_money(merchant: str) -> None:
    noted = note(dispute(None, "needs_response", TAKEN))
    assert (noted.taken, noted.held) == (10_000, 0)
    note(dispute(None, "lost", TAKEN))
    assert (balance(AVAILABLE), balance("expense:dispute")) == (-11_500, 11_500)


MESSAGES = {
    "won": (("needs_response", (TAKEN,)), ("under_review", (TAKEN,)), ("won", (TAKEN, BACK))),
    "lost": (("warning_needs_response", ()), ("needs_response", (TAKEN,)), ("lost", (TAKEN,))),
}


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
@pytest.mark.parametrize("outcome", MESSAGES)
def test_messages_in_any_order_twice_each_end_alike(merchant: str, outcome: str, order: tuple[int, ...]) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    for number in (*order, *order):
        status, lines = MESSAGES[outcome][number]
        note(dispute(share, status, *lines))
    row = models.Dispute.objects.get()
    assert (row.state, row.taken, row.held) == (outcome, 0, 0)
    assert balance(AVAILABLE) == (-1_500 if outcome == "won" else -11_500)
    assert balance(f"{merchant}:pending") == (8_800 if outcome == "won" else 0)
    assert len(events("dispute_closed")) == 1


def test_a_dispute_is_told_for_the_first_time_when_it_is_over(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    assert note(dispute(share, "lost", TAKEN)).state == "lost"
    assert models.Part.objects.get().refunded_after == 10_000


def test_a_lost_dispute_whose_money_comes_back_pays_the_merchant_after_all(merchant: str) -> None:
    share = pay_by_card(merchant=merchant, released=True)
    settlement.settle_due(until=(AT + 2 * DAY).date())
    note(dispute(share, "lost", TAKEN), days=3)
    assert (balance(f"{merchant}:available"), balance(f"{merchant}:reserve")) == (0, 0)
    note(dispute(share, "won", TAKEN, BACK), days=30)
    assert (balance(f"{merchant}:available"), balance("income:commission")) == (8_800, 1_000)
    assert models.Part.objects.get().refunded_after == 10_000


def test_a_refund_under_way_keeps_its_room_and_what_it_does_not_take_is_held_later(merchant: str) -> None:
    share = pay_by_card(merchant=merchant)
    attempt = models.ProviderAttempt.objects.create(
        key="r", tender=share.tender, share=share, action="refund", amount=4_000, request={"at": AT.isoformat()}, at=AT
    )
    assert note(dispute(share, "needs_response", TAKEN)).held == 6_000
    assert balance("escrow:o1-1") == 4_000
    models.ProviderAttempt.objects.filter(pk=attempt.pk).update(state="applied")
    assert note(dispute(share, "needs_response", TAKEN)).held == 10_000
    assert balance("escrow:o1-1") == 0


def test_only_the_card_s_own_share_is_held(merchant: str) -> None:
    account = make_shopper(money=10_000)
    payment = record(
        tenders=[("card", "pm_card_visa", 4_000), ("bank_account", account, 6_000)],
        parts=[(merchant, 10_000)],
        key="o1",
    )
    authorise(payment)
    operations.one([capture("o1-1")])
    share = models.Share.objects.get(tender__method="card")
    assert note(dispute(share, "needs_response", line(-4_000), amount=4_000)).held == 4_000
    assert refund("o1-1", 6_000).amount == 6_000
    assert balance(f"deposit:{account}") == 10_000
    assert isinstance(refund("o1-1", 1), errors.UnableToRefund)


def test_the_book_refuses_more_than_was_captured(merchant: str) -> None:
    from django.db import IntegrityError, transaction

    pay_by_card(merchant=merchant)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Share.objects.update(disputed=10_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Part.objects.update(disputed_before=10_001)
