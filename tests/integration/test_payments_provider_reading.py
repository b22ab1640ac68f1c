"""Reading the card provider over HTTP: lines, disputes and payouts come into the book, faults and repeats or not."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
import requests

from config import env, services
from payments import clock, models, operations
from payments.providers import card_api
from payments.reconciliation import card_checks, checks
from tests.databases import Database
from tests.factories.payments import authorise, balance, capture, make_merchant, record, refund
from tests.races import race

NOW = clock.now()
# They share the stand-in with its faults.
pytestmark = pytest.mark.xdist_group("card stand-in")


@pytest.fixture(autouse=True)
def _stand_in(fresh_database: Database, django_db_blocker: object, settings: object) -> Iterator[None]:
    settings.RIALTO_OUTBOX_KICK = False
    holding = services.hold(home=env.home(), names=["cards"])
    with django_db_blocker.unblock():
        yield
        control("balance", available_after=172_800)
        for check in (checks.check_parts, checks.check_tenders, card_checks.check_disputes):
            assert check() == []
        assert card_checks.check_provider_money() == []
    holding.release()


def control(what: str, **said: object) -> dict:
    answer = requests.post(f"{services.card_stand_in_address()}/_config/{what}", json=said, timeout=10)
    answer.raise_for_status()
    return answer.json()


def pay(amount: int = 10_000, *, token: str = "pm_card_visa") -> models.Share:
    number = f"o{uuid4().hex[:12]}"
    payment = record(
        tenders=[("card", token, amount)],
        parts=[(make_merchant(), amount)],
        key=number,
        payer="guest:a@example.com",
        at=NOW,
    )
    assert authorise(payment, at=NOW).state == "authorised"
    assert capture(f"{number}-1", at=NOW).amount == amount
    return models.Share.objects.get(part__reference=f"{number}-1")


def read(**later: int) -> int:
    return operations.read_provider(at=clock.now() + timedelta(seconds=2, **later))


def line_of(share: models.Share, kind: str = "charge") -> models.ProviderBalanceTransaction:
    return models.ProviderBalanceTransaction.objects.get(intent=share.provider_reference, kind=kind)


def test_a_charge_s_fee_comes_once_and_its_money_when_it_is_available() -> None:
    share = pay()
    read()
    line = line_of(share)
    assert (line.fee, line.made_available_at) == (175, None)
    assert line.journal_id is not None
    refund(share.part.reference, 4_000, at=NOW)
    read()
    read(days=3)
    assert line_of(share).made_available_at is not None
    assert line_of(share, "refund").net == -4_000
    assert line_of(share).journal_id == line.journal_id


def test_readings_at_once_post_each_line_once() -> None:
    share = pay()
    at = clock.now() + timedelta(days=3)
    race(*[lambda: operations.read_provider(at=at)] * 4)
    row = line_of(share)
    assert row.journal_id is not None
    assert row.available_journal_id is not None


def test_a_card_that_disputes_takes_its_money_and_losing_says_so() -> None:
    share = pay(token="pm_card_createDispute")
    read()
    row = models.Dispute.objects.get(share=share)
    assert (row.state, row.held, row.fee) == ("needs_response", 10_000, 1_500)
    control(f"disputes/{row.provider_id}", outcome="lost")
    read()
    row.refresh_from_db()
    assert (row.state, row.held, row.taken) == ("lost", 0, 0)
    assert models.Part.objects.get(pk=share.part_id).state == "refunded"


def test_an_inquiry_escalates_and_is_won() -> None:
    share = pay()
    raised = control("disputes", payment_intent=share.provider_reference, inquiry=True)
    read()
    row = models.Dispute.objects.get(share=share)
    assert (row.state, row.taken) == ("inquiry", 0)
    control(f"disputes/{raised['id']}", outcome="escalate")
    control(f"disputes/{raised['id']}", outcome="won")
    read()
    row.refresh_from_db()
    assert (row.state, row.held, row.taken) == ("won", 0, 0)
    assert balance(share.part.ledger_code) == 10_000


def test_a_payout_arrives_at_the_bank_and_comes_back() -> None:
    pay()
    before = balance("cash:nostro:main")
    made = card_api.api().payouts.create({"amount": 1_000, "currency": "eur"})
    read()
    assert balance("cash:nostro:main") == before
    control(f"payouts/{made.id}", status="paid")
    read()
    assert balance("cash:nostro:main") == before + 1_000
    control(f"payouts/{made.id}", status="failed")
    read()
    assert balance("cash:nostro:main") == before


@pytest.mark.parametrize("path", ["/v1/balance_transactions", "/v1/disputes", "/v1/payouts"])
def test_a_reading_that_breaks_off_is_made_up_for_by_the_next(path: str) -> None:
    share = pay(token="pm_card_createDispute")
    control("faults", kind="down", path=path, times=card_api.RETRIES + 1)
    with pytest.raises(operations.ProviderSilent):
        read()
    read()
    assert models.Dispute.objects.get(share=share).held == 10_000
    assert line_of(share).journal_id is not None


def raised(**said: object) -> models.Dispute:
    share = pay()
    control("disputes", payment_intent=share.provider_reference, **said)
    read()
    return models.Dispute.objects.get(share=share)


def write(row: models.Dispute, text: str = "winning_evidence", **more: object) -> None:
    papers = more.pop("papers", [])
    operations.write_evidence(
        dispute_id=row.pk, texts={"uncategorized_text": text}, papers=papers, by="user:1", at=clock.now(), **more
    )


def test_evidence_with_a_paper_is_submitted_once_and_wins() -> None:
    row = raised()
    paper = operations.Paper(kind="receipt", name="../../receipt.pdf", content=b"%PDF-1.7 paid")
    write(row, papers=[paper])
    operations.submit_dispute(dispute_id=row.pk, by="user:2", at=clock.now())
    row.refresh_from_db()
    assert (row.state, row.taken, row.held) == ("won", 0, 0)
    file = row.files.get()
    assert (file.name, file.content_type, file.provider_file[:5]) == ("receipt.pdf", "application/pdf", "file_")
    assert b"paid" not in (env.home() / "evidence" / file.stored_as).read_bytes()
    assert operations.open_paper(file_id=file.pk)[2] == b"%PDF-1.7 paid"
    with pytest.raises(operations.UnableToAnswer):
        operations.submit_dispute(dispute_id=row.pk, by="user:2", at=clock.now())
    with pytest.raises(operations.UnableToAnswer):
        write(row)


@pytest.mark.parametrize("kind", ["down", "drop", "error_after"])
def test_an_answer_that_is_lost_is_looked_for_before_the_same_is_asked_again(kind: str) -> None:
    row = raised()
    write(row, "The parcel was signed for.")
    control("faults", kind=kind, path=f"/v1/disputes/{row.provider_id}", times=card_api.RETRIES + 1)
    with pytest.raises(operations.InProgress):
        operations.submit_dispute(dispute_id=row.pk, by="user:2", at=clock.now())
    read()
    row.refresh_from_db()
    assert row.state == "under_review"
    assert row.submitted_at is not None
    assert card_api.api().disputes.retrieve(row.provider_id).evidence_details.submission_count == 1
    assert row.calls.get().state == "done"


def test_an_accepted_dispute_is_lost_at_once() -> None:
    row = raised()
    operations.answer_dispute(dispute_id=row.pk, answer="accept", by="user:1", at=clock.now(), merchant=row.merchant)
    operations.accept_dispute(dispute_id=row.pk, by="user:2", at=clock.now())
    row.refresh_from_db()
    assert (row.state, row.answer, row.held) == ("lost", "accept", 0)


def test_a_merchant_answers_in_time_and_for_himself_alone() -> None:
    row = raised()
    with pytest.raises(operations.UnknownDispute):
        write(row, merchant="merchant:999")
    models.Dispute.objects.filter(pk=row.pk).update(merchant_due_by=clock.now() - timedelta(minutes=1))
    with pytest.raises(operations.UnableToAnswer, match="time to answer"):
        write(row, merchant=row.merchant)
    write(row)


@pytest.mark.parametrize(
    ("paper", "problem"),
    [
        (operations.Paper(kind="receipt", name="a.pdf", content=b"MZ\x90 program"), "neither a PDF"),
        (operations.Paper(kind="receipt", name="a.pdf", content=b""), "empty"),
        (operations.Paper(kind="passport", name="a.pdf", content=b"%PDF-"), "no paper"),
        (operations.Paper(kind="receipt", name="a.pdf", content=b"%PDF-" + b"x" * 4_500_000), "4.5 MB"),
    ],
)
def test_a_paper_is_checked_by_what_is_in_it(paper: operations.Paper, problem: str) -> None:
    row = raised()
    with pytest.raises(operations.UnableToAnswer, match=problem):
        write(row, papers=[paper])
    assert not row.files.exists()
