"""Other banks, with real connections: killed anywhere a batch is handed over once, and races have one winner."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from payments import models
from payments.settlement import elsewhere
from payments.settlement.elsewhere import booking, file_drop, sending
from tests.databases import Database
from tests.factories import bank_files as files
from tests.factories.payments import AT, balance, make_shopper
from tests.integration.test_payments_card import die, in_dying_process
from tests.integration.test_payments_elsewhere import approved, arrival, limit_basic, states, transfer
from tests.races import race


@pytest.fixture(autouse=True)
def out(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> Iterator[Path]:
    settings.RIALTO_OUTBOX_KICK = False
    settings.RIALTO_BANK_OUT = str(tmp_path / "out")
    with django_db_blocker.unblock():
        yield tmp_path / "out"


@pytest.mark.parametrize("killed", ["_attempt", "stage", "_staged", "deliver", "_sent"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("taken", [False, True])
def test_killed_anywhere_a_file_is_handed_over_once(
    killed: str, after: bool, taken: bool, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer(make_shopper(), 2_500)
    approved()
    home = file_drop if killed in ("stage", "deliver") else sending
    real = getattr(home, killed)

    def deadly(**arguments: object) -> object:
        if after:
            real(**arguments)
        die()

    with monkeypatch.context() as arranged:
        arranged.setattr(home, killed, deadly)
        in_dying_process(lambda: elsewhere.send_due(at=AT))
    handed = list(out.glob("*.xml"))
    if taken:
        for path in handed:
            path.unlink()
    elsewhere.send_due(at=AT)
    assert states() == ["sent"]
    left = len(list(out.glob("*.xml")))
    assert left + (len(handed) if taken else 0) == 1


def test_eight_senders_hand_over_once(out: Path) -> None:
    transfer(make_shopper(), 2_500)
    approved()
    results = race(*[lambda: elsewhere.send_due(at=AT)] * 8)
    assert Counter(results) == {1: 1, 0: 7}
    assert len(list(out.glob("*.xml"))) == 1


def test_eight_orders_of_one_key_are_one_and_limits_count_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_shopper(money=100_000)
    results = race(*[lambda: transfer(account, 1_000)] * 8)
    assert len({getattr(result, "end_to_end_id", result) for result in results}) == 1
    assert balance(f"deposit:{account}") == 99_000
    limit_basic(monkeypatch, day=3_000)
    race(*[lambda number=number: transfer(account, 1_000, key=f"k{number}") for number in range(8)])
    assert balance(f"deposit:{account}") == 97_000


def test_one_file_given_eight_times_at_once_is_taken_in_once() -> None:
    account = make_shopper(money=0)
    content = files.notification(arrival(account), arrival(account, 50))

    def take() -> object:
        return elsewhere.import_file(source=io.BytesIO(content), name="a.xml", by="user:8", at=AT)

    results = race(*[take] * 8)
    assert Counter(type(result).__name__ for result in results) == {"Imported": 1, "UnableToImport": 7}
    assert balance(f"deposit:{account}") == 1_300


def test_an_entry_recorded_by_a_process_that_died_is_booked_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_shopper(money=0)
    content = files.notification(arrival(account))
    with monkeypatch.context() as arranged:
        arranged.setattr(booking, "book_recorded", lambda **arguments: die())
        in_dying_process(
            lambda: elsewhere.import_file(source=io.BytesIO(content), name="a.xml", by="user:8", at=AT)
        )
    assert balance(f"deposit:{account}") == 0
    assert race(*[lambda: elsewhere.book_recorded(at=AT)] * 4).count(1) == 1
    assert balance(f"deposit:{account}") == 1_250


def test_orders_answers_and_arrivals_at_once_neither_wait_for_ever_nor_lose_a_cent() -> None:
    account = make_shopper(money=100_000)
    transfer(account, 2_500, key="first")
    approved()
    elsewhere.send_due(at=AT)
    payment = models.OutgoingPayment.objects.get()

    def take(number: int) -> object:
        detail = files.payment(amount=2_500, end_to_end=payment.end_to_end_id, returned="AC04")
        content = files.notification(arrival(account, 10), files.entry(2_500, detail), message=f"N{number}")
        return elsewhere.import_file(source=io.BytesIO(content), name="a.xml", by="user:8", at=AT)

    acts = [lambda number=number: take(number) for number in range(4)]
    acts += [lambda number=number: transfer(account, 100, key=f"k{number}") for number in range(4)]
    results = race(*acts)
    assert not [result for result in results if isinstance(result, Exception)]
    assert states().count("returned") == 1
    assert balance(f"deposit:{account}") == 100_000 + 4 * 10 - 4 * 100
    assert balance("suspense:transfers") == 3 * 2_500
