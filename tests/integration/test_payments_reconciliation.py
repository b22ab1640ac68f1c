"""The bank's statements against our account there: missing, doubled, late, wrong and unknown entries are all found."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mall.checkout import operations as checkout
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Deliver, Dispatch
from payments import clock, models, operations, reconciliation
from payments.reconciliation import by_hand, consignments, runs
from payments.settlement import iso20022
from tests.factories.bank_files import entry, payment, statement
from tests.factories.mall import deliver_events, make_draft, make_market, staff
from tests.factories.payments import AT, make_shopper

pytestmark = pytest.mark.django_db
ANN = "user:1"


@pytest.fixture
def account() -> str:
    return make_shopper(money=0)


def receive(account: str, reference: str, amount: int = 10_000) -> None:
    operations.one(
        operations.receive_money(
            requests=[
                operations.Deposit(account_number=account, amount=amount, key=reference, reference=reference, at=AT)
            ]
        )
    )


def told(name: str, amount: int = 10_000, **named) -> str:
    return entry(amount, payment(end_to_end=name), **named)


def take(*entries: str, message: str = "S1", **named) -> list[reconciliation.Taken]:
    return reconciliation.take_statements(
        source=BytesIO(statement(*entries, message=message, **named)), by=ANN, at=clock.now()
    )


def run(days: int = 0) -> models.ReconciliationRun:
    """Reconcile now, or as if it were some days later."""
    return runs.reconcile(source="nostro", at=clock.now() + timedelta(seconds=1, days=days))[-1]


def open_cases() -> list[tuple[str, int | None]]:
    found = models.OperationsCase.objects.filter(kind="reconcile_nostro").exclude(state="closed")
    return sorted((case.key.split(":")[0], case.amount) for case in found)


def test_two_sides_that_agree_leave_nothing(account: str) -> None:
    receive(account, "r1")
    receive(account, "r2", 500)
    take(told("r1"), told("r2", 500), closing=10_500)
    done = run()
    assert (done.matched, done.unmatched) == (4, 0)
    assert open_cases() == []
    assert set(models.ReconciliationMatch.objects.values_list("how", "by")) == {("reference", "system")}


def test_every_kind_of_difference_is_found_in_one_file(account: str) -> None:
    for reference in ("fine", "missing", "doubled", "wrong"):
        receive(account, reference)
    take(
        told("fine"),
        told("doubled"),
        told("doubled"),
        told("wrong", 9_900),
        told("unknown", 777),
        closing=40_677,
    )
    run()
    assert open_cases() == [("doubled", 10_000), ("missing", -10_000), ("unknown", 777), ("wrong_amount", -100)]
    subjects = models.OperationsCase.objects.values_list("subject", flat=True)
    assert "wrong differs by -€1.00" in subjects
    assert models.ReconciliationEntry.objects.filter(match__isnull=True, case__isnull=True).count() == 0


def test_a_line_only_we_have_is_waited_for_and_one_that_comes_late_closes_its_case(account: str) -> None:
    receive(account, "late")
    run()
    assert open_cases() == [("missing", -10_000)]  # booked in March: the other bank has had its days
    take(told("late", day="2026-03-20"), day="2026-03-20", closing=10_000)
    run()
    assert open_cases() == []
    [case] = models.OperationsCase.objects.all()
    assert case.notes.order_by("pk").last().text == "Every entry of it has its match now."


def test_a_new_line_is_no_case_before_the_other_bank_has_had_its_days(account: str) -> None:
    operations.receive_money(
        requests=[operations.Deposit(account_number=account, amount=5, key="new", reference="new", at=clock.now())]
    )
    assert run().unmatched == 1
    assert open_cases() == []
    run(days=5)
    assert open_cases() == [("missing", -5)]


def test_a_file_taken_in_twice_and_a_day_run_twice_change_nothing(account: str) -> None:
    receive(account, "r1")
    first = take(told("r1", reference="B1"), told("x", 7, reference="B2"), closing=10_007)
    run()
    again = take(told("r1", reference="B1"), told("x", 7, reference="B2"), closing=10_007)
    assert [(one.new, one.known) for one in (*first, *again)] == [(2, False), (0, True)]
    before = (models.ReconciliationEntry.objects.count(), models.OperationsCase.objects.count())
    run()
    assert (models.ReconciliationEntry.objects.count(), models.OperationsCase.objects.count()) == before
    assert models.ReconciliationRun.objects.count() == 1


def test_days_that_were_missed_are_run_one_by_one(account: str) -> None:
    run()
    assert len(runs.reconcile(source="nostro", at=clock.now() + timedelta(days=3))) == 4
    assert models.ReconciliationRun.objects.count() == 4


def test_a_payment_of_a_collection_is_matched_by_itself(account: str) -> None:
    receive(account, "p1", 300)
    receive(account, "p2", 200)
    parts = (payment(amount=300, end_to_end="p1"), payment(amount=200, end_to_end="p2"))
    take(entry(500, *parts), closing=500)
    assert run().unmatched == 0


def test_a_statement_that_contradicts_itself_or_leaves_one_out_is_a_case(account: str) -> None:
    take(closing=10_000)
    assert open_cases() == [("sum", 10_000)]
    take(message="S2", day="2026-03-05", opening=12_000, closing=12_000)
    assert open_cases() == [("gap", 2_000), ("sum", 10_000)]


def test_a_malformed_file_leaves_nothing() -> None:
    with pytest.raises(iso20022.UnreadableFile):
        reconciliation.take_statements(
            source=BytesIO(statement(told("x"), closing=10_000)[:-40]), by=ANN, at=clock.now()
        )
    assert models.BankStatement.objects.count() == models.ReconciliationEntry.objects.count() == 0


def wrong_pair(account: str) -> list[int]:
    receive(account, "wrong")
    take(told("other", 9_900), told("fee", 100), closing=10_000)
    run()
    return list(models.ReconciliationEntry.objects.order_by("pk").values_list("pk", flat=True))


def test_a_person_matches_what_sums_to_the_same_and_its_cases_close(account: str) -> None:
    entries = wrong_pair(account)
    assert len(open_cases()) == 3
    with pytest.raises(reconciliation.UnableToMatch, match="must be the same"):
        by_hand.match_by_hand(source="nostro", entry_ids=entries[1:], by=ANN, text="so", at=clock.now())
    with pytest.raises(reconciliation.UnableToMatch, match="Choose entries"):
        by_hand.match_by_hand(source="nostro", entry_ids=[], by=ANN, text="so", at=clock.now())
    with pytest.raises(reconciliation.UnableToMatch, match="Say why"):
        by_hand.match_by_hand(source="nostro", entry_ids=entries, by=ANN, text=" ", at=clock.now())
    asked = {"source": "nostro", "entry_ids": entries, "by": ANN, "text": "less the bank's fee", "at": clock.now()}
    assert by_hand.match_by_hand(**asked) == by_hand.match_by_hand(**asked)
    assert open_cases() == []


def test_a_match_taken_apart_is_only_made_again_by_a_person(account: str) -> None:
    receive(account, "r1")
    take(told("r1"), closing=10_000)
    run()
    match = models.ReconciliationMatch.objects.get()
    for _ in range(2):
        by_hand.unmatch(match_id=match.pk, by=ANN, text="another's", at=clock.now())
    assert run().unmatched == 2
    assert open_cases() == [("wrong_amount", 0)]


def test_what_a_person_explained_by_closing_its_case_stays_explained_and_may_still_find_its_match(account: str) -> None:
    take(told("odd", 7), closing=7)
    run()
    case = models.OperationsCase.objects.get()
    operations.take_case(case_id=case.pk, by=ANN, at=clock.now())
    operations.close_case(case_id=case.pk, by=ANN, reason="interest", at=clock.now())
    assert run().unmatched == 0
    assert open_cases() == []
    receive(account, "odd", 7)
    assert run().unmatched == 0
    assert models.ReconciliationMatch.objects.count() == 1


def test_the_work_of_a_day_does_not_grow_with_what_was_matched_before(account: str) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            run()
        return len(asked)

    receive(account, "r1")
    take(told("r1"), closing=10_000)
    first = queries()
    for number in range(30):
        receive(account, f"x{number}")
    take(*[told(f"x{number}") for number in range(30)], message="S2", opening=10_000, closing=310_000)
    assert queries() <= first + 2


def test_a_consignment_whose_goods_left_without_money_is_a_case_until_the_money_comes() -> None:
    market = make_market()
    draft = make_draft(user=market.shopper, quantities={market.lamp: 1})
    assert checkout.submit_order(draft=draft).state == "confirmed"
    part = Consignment.objects.get()
    sent = Dispatch(consignment_number=part.number, by=staff(part.merchant), at=AT)
    fulfilment.dispatch_consignments(requests=[sent])
    said = Deliver(consignment_number=part.number, said_by="carrier", at=AT)
    fulfilment.deliver_consignments(requests=[said])
    models.OutboxEvent.objects.filter(delivered_at__isnull=True).update(available_at=clock.now() + timedelta(days=1))
    later = clock.now() + timedelta(hours=2)
    for _ in range(2):
        done = consignments.reconcile_consignments(at=later)
        assert (done.matched, done.unmatched) == (0, 1)
    case = models.OperationsCase.objects.get()
    assert (case.key, case.state) == (part.number, "open")
    assert "0 of" in case.notes.get().text

    models.OutboxEvent.objects.update(available_at=clock.now())
    deliver_events()
    done = consignments.reconcile_consignments(at=later + timedelta(days=1))
    assert done.unmatched == 0
    case.refresh_from_db()
    assert case.state == "closed"
