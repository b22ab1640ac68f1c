"""Money to and from other banks: ordered, approved by two, sent once, answered in any order; taken in once."""

import io
import zlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from lxml import etree

from payments import models, settlement
from payments.operations.errors import UnableToMoveMoney
from payments.queries import merchants
from payments.settlement import elsewhere, holding
from payments.settlement.elsewhere import bank_days
from tests.factories import bank_files as files
from tests.factories.payments import AT, authorise, balance, capture, make_merchant, make_shopper, record, release
from tests.factories.tiers import give_tier

DAY = date(2026, 3, 4)
PAYEE = "FR1420041010050500013M02606"
NOSTRO = "cash:nostro:main"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, settings: object) -> Path:
    settings.RIALTO_BANK_OUT, settings.RIALTO_BANK_IN = str(tmp_path / "out"), str(tmp_path / "in")
    return tmp_path


def transfer(
    account: str, amount: int = 2_500, *, key: str = "t1", iban: str = PAYEE, at: datetime = AT, user: int = 1
) -> elsewhere.Transferred:
    return elsewhere.order_transfer(
        transfer=elsewhere.OrderTransfer(
            account_number=account,
            holder=f"user:{user}",
            name="Zoë Payee",
            iban=iban,
            amount=amount,
            remittance="rent",
            key=key,
            at=at,
        )
    )


def limit_basic(monkeypatch: pytest.MonkeyPatch, **changes: int) -> None:
    """Set other limits for those the bank hardly knows."""
    known = settings.RIALTO_POLICY.ACCOUNT_LIMITS
    monkeypatch.setattr(settings.RIALTO_POLICY, "ACCOUNT_LIMITS", known | {"basic": known["basic"] | changes})


def approved(at: datetime = AT) -> models.Batch:
    """Close the only open batch and agree to it twice."""
    batch = elsewhere.close_batch(batch_id=models.Batch.objects.get(state="drafted").pk, by="user:8", at=at)
    for person in ("user:8", "user:9"):
        batch = elsewhere.approve_batch(batch_id=batch.pk, by=person, digest=batch.file.digest, at=at)
    return batch


def sent(*amounts: int, money: int = 100_000) -> tuple[str, list[models.OutgoingPayment], models.Batch]:
    """Send a batch of transfers; return the payer's account, the payments and the batch."""
    account = make_shopper(money=money)
    for number, amount in enumerate(amounts):
        transfer(account, amount, key=f"t{number}")
    batch = approved()
    assert elsewhere.send_due(at=AT) == 1
    return account, list(models.OutgoingPayment.objects.order_by("pk")), models.Batch.objects.get(pk=batch.pk)


def take(content: bytes, **arguments) -> elsewhere.Imported:
    return elsewhere.import_file(source=io.BytesIO(content), name="file.xml", by="user:8", at=AT, **arguments)


def refused(content: bytes, words: str) -> None:
    """Expect a refusal that leaves no trace."""
    stood = everything()
    with pytest.raises(elsewhere.UnableToImport, match=words):
        take(content)
    assert everything() == stood


def everything() -> tuple:
    return (
        models.BankFile.objects.count(),
        models.BankEntry.objects.count(),
        tuple(models.OutgoingPayment.objects.order_by("pk").values_list("state", "reason")),
        tuple(models.Batch.objects.order_by("pk").values_list("state")),
        models.OutboxEvent.objects.count(),
        balance(NOSTRO) if models.CustomerAccount.objects.exists() else 0,
    )


def debit(payment: models.OutgoingPayment, amount: int | None = None, **arguments) -> str:
    detail = files.payment(amount=amount or payment.amount, end_to_end=payment.end_to_end_id)
    return files.entry(amount or payment.amount, detail, credit=False, **arguments)


def back(payment: models.OutgoingPayment, amount: int | None = None, **arguments) -> str:
    detail = files.payment(amount=amount or payment.amount, end_to_end=payment.end_to_end_id, returned="AC04")
    return files.entry(amount or payment.amount, detail, **arguments)


def states() -> list[str]:
    return list(models.OutgoingPayment.objects.order_by("pk").values_list("state", flat=True))


def transit() -> int:
    return balance(models.Batch.objects.get().ledger_code)


pytestmark = pytest.mark.django_db


class TestOrdering:
    def test_a_transfer_leaves_the_account_at_once_and_waits_in_transit_for_its_file(self) -> None:
        account = make_shopper(money=10_000)
        ordered = transfer(account)
        assert (balance(f"deposit:{account}"), transit(), balance(NOSTRO)) == (7_500, 2_500, 10_000)
        assert ordered.day == AT.date()
        assert transfer(account) == ordered
        assert (balance(f"deposit:{account}"), transit()) == (7_500, 2_500)

    def test_a_transfer_to_an_account_here_is_there_at_once(self) -> None:
        payer, payee = make_shopper(money=10_000), make_shopper(user=2, money=0)
        assert transfer(payer, iban=payee).day is None
        transfer(payer, iban=payee)
        assert (balance(f"deposit:{payer}"), balance(f"deposit:{payee}")) == (7_500, 2_500)
        assert not models.OutgoingPayment.objects.exists()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"iban": "FR1420041010050500013M02607"}, "not a valid IBAN"),
            ({"iban": "DE02500990000000009999"}, "Nobody here|not a valid IBAN"),
            ({"amount": 10_001}, "does not hold enough"),
            ({"amount": 0}, "above zero"),
            ({"user": 2}, "no open account"),
        ],
    )
    def test_a_transfer_that_cannot_be_is_refused_and_nothing_moves(self, change: dict, words: str) -> None:
        account = make_shopper(money=10_000)
        with pytest.raises(UnableToMoveMoney, match=words):
            transfer(account, **change)
        assert balance(f"deposit:{account}") == 10_000
        assert not models.OutgoingPayment.objects.exists()

    def test_limits_count_what_was_sent_by_payment_day_and_month_and_follow_the_tier(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        limit_basic(monkeypatch, payment=1_000, day=1_500, month=2_000)
        account = make_shopper(money=100_000)
        with pytest.raises(UnableToMoveMoney, match=r"for one payment is €10\.00"):
            transfer(account, 1_001)
        transfer(account, 1_000, key="a")
        with pytest.raises(UnableToMoveMoney, match=r"for a day is €15\.00, and €5\.00"):
            transfer(account, 501, key="b")
        transfer(account, 500, key="c")
        transfer(account, 1_000, key="a")
        with pytest.raises(UnableToMoveMoney, match="thirty days"):
            transfer(account, 501, key="d", at=AT + timedelta(days=1))
        give_tier("user:1", "verified", kind="account")
        with pytest.raises(UnableToMoveMoney, match="for one payment"):
            transfer(account, 50_000, key="e", at=AT)
        transfer(account, 50_000, key="e", at=AT + timedelta(days=1))

    def test_what_comes_after_the_hour_or_on_a_holiday_leaves_on_the_next_bank_day(self) -> None:
        account = make_shopper(money=10_000)
        friday = datetime(2026, 4, 2, 14, 0, tzinfo=UTC)  # before Good Friday and Easter Monday
        assert transfer(account, 100, key="a", at=friday - timedelta(seconds=1)).day == date(2026, 4, 2)
        assert transfer(account, 100, key="b", at=friday).day == date(2026, 4, 7)
        assert not bank_days.is_bank_day(date(2026, 12, 25))

    def test_a_closed_batch_gives_later_orders_of_its_day_to_the_next(self) -> None:
        account = make_shopper(money=10_000)
        transfer(account, 100, key="a")
        elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        assert transfer(account, 100, key="b").day == AT.date() + timedelta(days=1)


class TestSending:
    def test_a_batch_is_one_valid_file_of_two_approvals_and_is_handed_over_once(self, folders: Path) -> None:
        _account, payments, batch = sent(2_500, 1_000)
        [path] = (folders / "out").glob("*.xml")
        content = path.read_bytes()
        assert zlib.decompress(bytes(batch.file.content)) == content
        text = etree.fromstring(content)
        space = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
        assert text.xpath("//p:GrpHdr/p:CtrlSum/text()", namespaces=space) == ["35.00"]
        assert text.xpath("//p:EndToEndId/text()", namespaces=space) == [one.end_to_end_id for one in payments]
        assert states() == ["sent", "sent"]
        path.unlink()
        assert elsewhere.send_due(at=AT) == 0
        assert not list((folders / "out").glob("*.xml"))

    def test_one_person_alone_sends_nothing(self, folders: Path) -> None:
        transfer(make_shopper(), 100)
        batch = elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        elsewhere.approve_batch(batch_id=batch.pk, by="user:8", digest=batch.file.digest, at=AT)
        with pytest.raises(elsewhere.UnableToChangeBatch, match="second person"):
            elsewhere.approve_batch(batch_id=batch.pk, by="user:8", digest=batch.file.digest, at=AT)
        with pytest.raises(elsewhere.UnableToChangeBatch, match="not the file you looked at"):
            elsewhere.approve_batch(batch_id=batch.pk, by="user:9", digest="0" * 64, at=AT)
        assert elsewhere.send_due(at=AT) == 0
        assert not (folders / "out").exists()

    def test_a_batch_closes_at_its_hour_by_itself(self) -> None:
        transfer(make_shopper(), 100)
        assert elsewhere.close_due(at=datetime(2026, 3, 2, 13, 59, 59, tzinfo=UTC)) == 0
        assert elsewhere.close_due(at=datetime(2026, 3, 2, 14, 0, tzinfo=UTC)) == 1
        assert elsewhere.close_due(at=datetime(2026, 3, 2, 14, 0, tzinfo=UTC)) == 0

    def test_a_batch_that_nothing_joined_stops_no_other(self) -> None:
        elsewhere.hold_batches(moments=[("EUR", AT)])
        empty = models.Batch.objects.get()
        transfer(make_shopper(), 100, at=AT + timedelta(days=1))
        assert models.Batch.objects.count() == 2
        assert elsewhere.close_due(at=AT + timedelta(days=2)) == 1
        assert list(models.Batch.objects.order_by("day").values_list("state", flat=True)) == ["drafted", "closed"]
        empty.refresh_from_db()
        assert empty.file is None

    def test_a_withdrawn_batch_gives_everything_back_and_is_never_sent(self) -> None:
        account = make_shopper(money=10_000)
        transfer(account, 2_500)
        batch = elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        elsewhere.withdraw_batch(batch_id=batch.pk, by="user:9", reason="The payee is known as a fraud.", at=AT)
        assert (balance(f"deposit:{account}"), transit(), states()) == (10_000, 0, ["withdrawn"])
        with pytest.raises(elsewhere.UnableToChangeBatch, match="withdrawn"):
            elsewhere.approve_batch(batch_id=batch.pk, by="user:8", digest=batch.file.digest, at=AT)

    def test_what_was_sent_is_not_withdrawn(self) -> None:
        _account, _payments, batch = sent(2_500)
        with pytest.raises(elsewhere.UnableToChangeBatch, match="cannot be withdrawn"):
            elsewhere.withdraw_batch(batch_id=batch.pk, by="user:9", reason="late", at=AT)


class TestAnswers:
    def test_accepted_then_booked_takes_the_money_out_of_transit_and_settles_the_batch(self) -> None:
        _account, payments, batch = sent(2_500, 1_000)
        take(files.status_report(original=batch.reference, status="ACSC"))
        assert (states(), transit()) == (["accepted", "accepted"], 3_500)
        take(files.notification(*[debit(one) for one in payments]))
        assert (states(), transit(), balance(NOSTRO)) == (["confirmed", "confirmed"], 0, 96_500)
        assert models.Batch.objects.get().state == "settled"

    def test_some_rejected_come_back_and_the_rest_goes_on(self) -> None:
        account, payments, batch = sent(2_500, 1_000)
        report = files.status_report(
            files.payment_status(payments[0].end_to_end_id, "RJCT", reason="AC04", amount=2_500),
            files.payment_status(payments[1].end_to_end_id, "ACSP"),
            original=batch.reference,
            status="PART",
        )
        take(report)
        assert (states(), transit(), balance(f"deposit:{account}")) == (["rejected", "accepted"], 1_000, 99_000)
        assert models.Batch.objects.get().state == "partly_accepted"
        assert models.OutgoingPayment.objects.first().reason == "AC04"
        refused(report, "already")
        take(files.status_report(original=batch.reference, status="ACSC", message="R2"))
        assert states() == ["rejected", "accepted"]

    def test_a_file_rejected_as_a_whole_gives_everything_back(self) -> None:
        account, _payments, batch = sent(2_500, 1_000)
        take(files.status_report(original=batch.reference, status="RJCT", reason="FF01"))
        assert (states(), balance(f"deposit:{account}")) == (["rejected", "rejected"], 100_000)
        assert models.Batch.objects.get().state == "rejected"

    def test_a_batch_that_was_booked_in_one_sum_confirms_each_payment(self) -> None:
        _account, _payments, batch = sent(2_500, 1_000)
        take(files.notification(files.entry(3_500, credit=False, batch=batch.reference)))
        assert (states(), transit()) == (["confirmed", "confirmed"], 0)

    def test_a_payment_that_comes_back_after_it_was_booked_is_given_back(self) -> None:
        account, [payment], _batch = sent(2_500)
        take(files.notification(debit(payment)))
        take(files.notification(back(payment), message="N2"))
        assert (states(), balance(f"deposit:{account}"), balance(NOSTRO)) == (["returned"], 100_000, 100_000)
        told = models.OutboxEvent.objects.get(name="payments.payment_came_back")
        assert "AC04" in told.payload["reason"]

    def test_a_return_that_overtakes_its_own_debit_ends_the_same(self) -> None:
        account, [payment], _batch = sent(2_500)
        take(files.notification(back(payment)))
        assert (states(), balance(f"deposit:{account}"), transit()) == (["returned"], 100_000, 0)
        take(files.notification(debit(payment), message="N2"))
        assert (states(), balance(f"deposit:{account}"), balance(NOSTRO)) == (["returned"], 100_000, 100_000)
        assert balance("suspense:transfers") == 0

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (lambda batch, one: files.status_report(original="OTHER", status="ACSP"), "none that was sent"),
            (
                lambda batch, one: files.status_report(
                    files.payment_status(one.end_to_end_id, "RJCT"),
                    files.payment_status("RP9", "RJCT"),
                    original=batch.reference,
                ),
                "RP9",
            ),
            (
                lambda batch, one: files.status_report(
                    files.payment_status(one.end_to_end_id, "RJCT", amount=1), original=batch.reference
                ),
                "it is 2500 EUR",
            ),
            (
                lambda batch, one: files.status_report(
                    files.payment_status(one.end_to_end_id, "RJCT", amount=2_500, currency="USD"),
                    original=batch.reference,
                ),
                "2500 USD",
            ),
            (lambda batch, one: files.status_report(original=batch.reference, status="OKAY"), "OKAY"),
        ],
    )
    def test_a_report_that_does_not_fit_is_refused_whole(self, content: object, words: str) -> None:
        _account, [payment], batch = sent(2_500)
        refused(content(batch, payment), words)

    @pytest.mark.parametrize(
        ("entry", "signed"),
        [
            (lambda one: debit(one, amount=2_400), -2_400),
            (lambda one: files.entry(700, credit=False), -700),
            (lambda one: back(one, amount=2_400), 2_400),
            (lambda one: files.entry(100, files.payment(amount=100, end_to_end="RP77", returned="AC01")), 100),
        ],
    )
    def test_what_does_not_fit_moves_our_account_and_waits_in_suspense(self, entry: object, signed: int) -> None:
        _account, [payment], _batch = sent(2_500)
        take(files.notification(entry(payment)))
        assert (balance(NOSTRO), balance("suspense:transfers")) == (100_000 + signed, signed)
        assert states() == ["sent"]
        assert models.BankEntry.objects.get().state == "suspense"

    def test_a_payment_that_is_booked_or_comes_back_twice_moves_its_owner_once(self) -> None:
        account, [payment], _batch = sent(2_500)
        take(files.notification(debit(payment), debit(payment), back(payment), back(payment)))
        assert balance(f"deposit:{account}") == 100_000
        assert (balance(NOSTRO), balance("suspense:transfers")) == (100_000, 0)
        assert list(models.BankEntry.objects.order_by("pk").values_list("state", flat=True)) == [
            "booked",
            "suspense",
            "booked",
            "suspense",
        ]


def arrival(account: str, amount: int = 1_250, **arguments) -> str:
    return files.entry(amount, files.payment(amount=amount, payee_iban=account, text="salary"), **arguments)


class TestArrivals:
    def test_money_for_a_customer_is_his_and_for_nobody_waits_in_suspense(self) -> None:
        account = make_shopper(money=0)
        done = take(files.notification(arrival(account), arrival(PAYEE, 300), files.entry(50)))
        assert balance(f"deposit:{account}") == 1_250
        assert balance("suspense:transfers") == 350
        assert balance(NOSTRO) == 1_600
        assert done.states == {"booked": 1, "suspense": 2}

    def test_a_file_is_taken_in_once_and_an_entry_once_whatever_file_it_is_in(self) -> None:
        account = make_shopper(money=0)
        one = arrival(account, reference="B1")
        take(files.notification(one, one))
        assert balance(f"deposit:{account}") == 1_250
        refused(files.notification(one, one), "taken in on 02 Mar 2026 already")
        done = take(files.notification(one, arrival(account, 100), message="N2"))
        assert (done.entries, done.doubled, balance(f"deposit:{account}")) == (2, 1, 1_350)
        refused(files.notification(arrival(account, 5), message="N2"), "with other content")
        refused(files.notification(arrival(account, 1_251, reference="B1"), message="N3"), "something else there")

    def test_a_dry_run_says_what_would_be_and_does_nothing(self) -> None:
        account = make_shopper(money=0)
        stood = everything()
        done = take(files.notification(arrival(account), arrival(PAYEE)), dry_run=True)
        assert done.states == {"booked": 1, "suspense": 1}
        assert [line.amount for line in done.lines] == [1_250, 1_250]
        assert everything() == stood

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (lambda one: files.notification(one, account=PAYEE), "none of ours"),
            (lambda one: files.notification(one, files.entry(5, reference="")), "AcctSvcrRef"),
            (lambda one: files.notification(one) + b"<x/>", "not well-formed"),
            (lambda one: files.notification(one)[:-40], "not well-formed"),
            (lambda one: files.statement(one), "reconciliation"),
            (
                lambda one: files.notification(files.entry(5, currency="USD"), currency="USD"),
                "our account .* is kept in EUR",
            ),
        ],
    )
    def test_a_file_that_is_wrong_anywhere_leaves_no_trace(self, content: object, words: str) -> None:
        refused(content(arrival(make_shopper(money=0))), words)

    def test_what_is_not_booked_yet_is_not_taken_for_money(self) -> None:
        account = make_shopper(money=0)
        assert take(files.notification(arrival(account, status="PDNG"))).pending == 1
        assert balance(f"deposit:{account}") == 0

    def test_money_beyond_what_the_account_may_hold_waits_in_suspense(self, monkeypatch: pytest.MonkeyPatch) -> None:
        limit_basic(monkeypatch, balance=2_000)
        account = make_shopper(money=0)
        take(files.notification(arrival(account), arrival(account), arrival(account, 750)))
        assert (balance(f"deposit:{account}"), balance("suspense:transfers")) == (2_000, 1_250)

    def test_suspense_is_matched_once_or_sent_back_and_comes_back_to_suspense(self) -> None:
        account = make_shopper(money=0)
        take(files.notification(arrival(PAYEE, 300), arrival(PAYEE, 400)))
        first, second = models.BankEntry.objects.order_by("pk")
        with pytest.raises(elsewhere.UnableToResolve, match="your own"):
            elsewhere.match_entry(entry_id=first.pk, account_number=account, by="user:1", at=AT)
        assert (balance(f"deposit:{account}"), balance("suspense:transfers")) == (0, 700)
        elsewhere.match_entry(entry_id=first.pk, account_number=account, by="user:8", at=AT)
        assert (balance(f"deposit:{account}"), balance("suspense:transfers")) == (300, 400)
        with pytest.raises(elsewhere.UnableToResolve, match="matched"):
            elsewhere.send_entry_back(entry_id=first.pk, by="user:8", at=AT)
        elsewhere.send_entry_back(entry_id=second.pk, by="user:8", at=AT)
        assert (balance("suspense:transfers"), transit()) == (0, 400)
        batch = approved()
        elsewhere.send_due(at=AT)
        take(files.status_report(original=batch.reference, status="RJCT"))
        second.refresh_from_db()
        assert (second.state, balance("suspense:transfers"), transit()) == ("suspense", 400, 0)


class TestPayouts:
    def deliver(self, merchant: str) -> None:
        account = make_shopper()
        payment = record(tenders=[("bank_account", account, 10_000)], parts=[(merchant, 10_000)], key="o1")
        authorise(payment)
        capture("o1-1")
        release("o1-1")
        settlement.settle_due(until=DAY)

    def ask(self, merchant: str, *, at: datetime = AT) -> models.PayoutAccount:
        from mall.customer.models import User

        user, _new = User.objects.get_or_create(email="owner@example.com")
        asked = elsewhere.ask_payout_account(
            request=elsewhere.AskPayoutAccount(
                merchant=merchant, name="Sunny Ltd", iban=PAYEE, by=f"user:{user.pk}", at=at
            )
        )
        elsewhere.question_of(account_id=asked.pk, by=asked.asked_by, at=at)
        return asked

    def confirm(self, asked: models.PayoutAccount, mailoutbox: list, *, at: datetime = AT) -> models.PayoutAccount:
        code = mailoutbox[-1].subject.split()[-1]
        return elsewhere.confirm_payout_account(account_id=asked.pk, by=asked.asked_by, code=code, at=at)

    def test_payouts_go_to_the_new_account_after_the_second_factor_and_three_days(self, mailoutbox: list) -> None:
        merchant = make_merchant()
        asked = self.ask(merchant)
        assert elsewhere.activate_payout_accounts(at=AT + timedelta(days=9)) == 0
        with pytest.raises(elsewhere.UnableToChangePayoutAccount, match="not right"):
            elsewhere.confirm_payout_account(account_id=asked.pk, by=asked.asked_by, code="x", at=AT)
        waiting = self.confirm(asked, mailoutbox)
        assert waiting.effective_at == AT + timedelta(hours=72)
        assert elsewhere.activate_payout_accounts(at=AT + timedelta(hours=71, minutes=59)) == 0
        assert elsewhere.activate_payout_accounts(at=AT + timedelta(hours=72)) == 1

    def test_meanwhile_payouts_go_where_they_went_before(self, mailoutbox: list) -> None:
        merchant = make_merchant()
        self.confirm(self.ask(merchant), mailoutbox)
        self.deliver(merchant)
        settlement.pay_out_due(until=DAY)
        assert models.Payout.objects.get().state == "paid"

    def test_a_change_is_cancelled_until_it_counts(self, mailoutbox: list) -> None:
        merchant = make_merchant()
        asked = self.confirm(self.ask(merchant), mailoutbox)
        elsewhere.cancel_payout_account(account_id=asked.pk, merchant=merchant, by="letter", at=AT)
        elsewhere.cancel_payout_account(account_id=asked.pk, merchant=merchant, by="letter", at=AT)
        assert elsewhere.activate_payout_accounts(at=AT + timedelta(days=9)) == 0

    @pytest.mark.parametrize("after_booking", [False, True])
    def test_a_payout_elsewhere_goes_by_file_and_a_return_blocks_the_account(
        self, after_booking: bool, mailoutbox: list
    ) -> None:
        merchant = make_merchant()
        early = AT - timedelta(days=5)
        self.confirm(self.ask(merchant, at=early), mailoutbox, at=early)
        self.deliver(merchant)
        assert settlement.pay_out_due(until=DAY).paid == {"EUR": 8_360}
        assert settlement.pay_out_due(until=DAY).payouts == 0
        payout = models.Payout.objects.get()
        assert (payout.state, payout.outgoing.iban, transit()) == ("ordered", PAYEE, 8_360)
        assert [one.account for one in merchants.payouts_of(merchant=merchant)] == [PAYEE]
        assert merchants.settlement_statement(settlement_id=payout.settlement_id).account == PAYEE
        approved(at=datetime(2026, 3, 4, 12, tzinfo=UTC))
        elsewhere.send_due(at=AT)
        if after_booking:
            take(files.notification(debit(payout.outgoing)))
            assert transit() == 0
        take(files.notification(back(payout.outgoing), message="N2"))
        assert (balance(f"{merchant}:available"), states()) == (8_360, ["returned"])
        assert models.PayoutAccount.objects.get().state == "blocked"
        settlement.pay_out_due(until=DAY + timedelta(days=1), merchants=[merchant])
        assert balance(models.CustomerAccount.objects.get(holder=merchant).ledger_code) == 8_360

    def order(self, mailoutbox: list) -> str:
        merchant = make_merchant()
        early = AT - timedelta(days=5)
        self.confirm(self.ask(merchant, at=early), mailoutbox, at=early)
        self.deliver(merchant)
        settlement.pay_out_due(until=DAY)
        return merchant

    def hold(self, merchant: str) -> None:
        number = holding.ask(
            request=holding.AskHold(merchant=merchant, part_reference="", reason="complaints", by="user:8", at=AT)
        )
        holding.agree(hold_id=number, by="user:9", at=AT)

    def test_a_payout_of_a_merchant_held_before_the_file_is_written_stays_here(self, mailoutbox: list) -> None:
        merchant = self.order(mailoutbox)
        transfer(make_shopper(), 300, at=models.OutgoingPayment.objects.get().ordered_at)
        self.hold(merchant)
        batch = elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        assert (batch.state, batch.count, batch.total, transit()) == ("closed", 1, 300, 300)
        assert (states(), balance(f"{merchant}:available")) == (["withdrawn", "ordered"], 8_360)
        assert zlib.decompress(bytes(batch.file.content)).count(b"<EndToEndId>") == 1
        for person in ("user:8", "user:9"):
            elsewhere.approve_batch(batch_id=batch.pk, by=person, digest=batch.file.digest, at=AT)
        elsewhere.send_due(at=AT)
        take(files.status_report(original=batch.reference, status="RJCT"))
        assert models.Batch.objects.get().state == "rejected"

    def test_a_batch_of_held_payouts_alone_is_withdrawn(self, mailoutbox: list) -> None:
        merchant = self.order(mailoutbox)
        self.hold(merchant)
        batch = elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        assert (batch.state, batch.file, transit()) == ("withdrawn", None, 0)
        assert balance(f"{merchant}:available") == 8_360

    def test_a_file_that_pays_a_merchant_held_since_is_not_agreed_to(self, mailoutbox: list) -> None:
        merchant = self.order(mailoutbox)
        batch = elsewhere.close_batch(batch_id=models.Batch.objects.get().pk, by="user:8", at=AT)
        elsewhere.approve_batch(batch_id=batch.pk, by="user:8", digest=batch.file.digest, at=AT)
        self.hold(merchant)
        with pytest.raises(elsewhere.UnableToChangeBatch, match="is held"):
            elsewhere.approve_batch(batch_id=batch.pk, by="user:9", digest=batch.file.digest, at=AT)
        elsewhere.withdraw_batch(batch_id=batch.pk, by="user:9", reason="held", at=AT)
        assert (states(), balance(f"{merchant}:available")) == (["withdrawn"], 8_360)

    @pytest.mark.parametrize("iban", ["FR00", "DE02500990000000000001"])
    def test_an_account_that_cannot_be_paid_to_is_refused(self, iban: str) -> None:
        with pytest.raises(elsewhere.UnableToChangePayoutAccount) as refusal:
            elsewhere.ask_payout_account(
                request=elsewhere.AskPayoutAccount(merchant=make_merchant(), name="S", iban=iban, by="user:1", at=AT)
            )
        assert refusal.value.field == "iban"
