"""Cases of operations: one open case a name, in one pair of hands, with a history that only grows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from payments import models, operations
from payments.operations.cases import MACHINE
from payments.queries import cases as queries
from tests.factories.payments import AT

pytestmark = pytest.mark.django_db
ANN, BEN = "user:1", "user:2"


def opening(*, key: str = "k", days: int = 0, **named) -> operations.OpenCase:
    return operations.OpenCase(
        kind="test", key=key, subject=f"Case {key}", amount=500, currency="EUR", at=AT + timedelta(days=days), **named
    )


def history(case_id: int) -> list[tuple[str, str]]:
    return [(line.kind, line.by) for line in queries.case(case_id=case_id).lines]


def test_a_case_is_opened_once_however_often_it_is_told() -> None:
    first = operations.open_case(request=opening(text="why"))
    assert not first.replayed
    again = operations.open_cases(requests=[opening(days=3), opening(days=4), opening(key="other")])
    assert [(one.case_id == first.case_id, one.replayed) for one in again] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    assert history(first.case_id) == [("opened", MACHINE)]


def test_a_closed_case_is_not_opened_again_by_what_it_was_about_but_by_what_comes_after() -> None:
    first = operations.open_case(request=opening())
    operations.take_case(case_id=first.case_id, by=ANN, at=AT)
    operations.close_case(case_id=first.case_id, by=ANN, reason="done", at=AT + timedelta(days=1))
    assert operations.open_case(request=opening()) == operations.Opened(case_id=first.case_id, replayed=True)
    assert operations.open_case(request=opening(days=2)).case_id != first.case_id


def test_two_open_cases_of_one_name_are_refused_by_the_database() -> None:
    operations.open_case(request=opening())
    with pytest.raises(IntegrityError, match="one_open_case_a_kind_and_key"), transaction.atomic():
        models.OperationsCase.objects.create(kind="test", key="k", subject="x", opened_at=AT)


def test_a_case_is_taken_handed_over_noted_and_closed_by_whoever_holds_it() -> None:
    number = operations.open_case(request=opening()).case_id
    operations.take_case(case_id=number, by=ANN, at=AT)
    operations.take_case(case_id=number, by=ANN, at=AT)
    with pytest.raises(operations.UnableToHandle, match="somebody else's hands"):
        operations.take_case(case_id=number, by=BEN, at=AT)
    with pytest.raises(operations.UnableToHandle, match="take it first"):
        operations.close_case(case_id=number, by=BEN, reason="mine", at=AT)
    with pytest.raises(operations.UnableToHandle, match="Say why"):
        operations.close_case(case_id=number, by=ANN, reason=" ", at=AT)
    operations.hand_over_case(case_id=number, by=ANN, to=BEN, text="your field", at=AT)
    operations.note_case(case_id=number, by=ANN, text="good luck", at=AT, key="n")
    operations.note_case(case_id=number, by=ANN, text="good luck", at=AT, key="n")
    operations.close_case(case_id=number, by=BEN, reason="it was there", at=AT + timedelta(days=1))
    with pytest.raises(operations.UnableToHandle, match="closed"):
        operations.hand_over_case(case_id=number, by=BEN, to=ANN, text="again", at=AT)
    assert history(number) == [
        ("opened", MACHINE),
        ("taken", ANN),
        ("handed_over", ANN),
        ("note", ANN),
        ("closed", BEN),
    ]
    assert queries.waiting() == []


def test_a_case_given_back_is_in_nobodys_hands() -> None:
    number = operations.open_case(request=opening()).case_id
    operations.take_case(case_id=number, by=ANN, at=AT)
    operations.hand_over_case(case_id=number, by=ANN, to="", text="holiday", at=AT)
    assert [view.owner for view in queries.views(rows=queries.cases(owner=""))] == [""]
    operations.take_case(case_id=number, by=BEN, at=AT)
    assert queries.case(case_id=number).case.owner == BEN


def test_the_machine_closes_what_has_settled_itself_in_anybodys_hands() -> None:
    first, second = operations.open_cases(requests=[opening(key="a"), opening(key="b")])
    operations.take_case(case_id=first.case_id, by=ANN, at=AT)
    asked = [operations.CloseCase(kind="test", key=key, reason="came late", at=AT) for key in ("a", "x")]
    assert operations.close_settled_cases(requests=asked) == 1
    assert operations.close_settled_cases(requests=asked) == 0
    assert queries.case(case_id=first.case_id).case.state == "closed"
    assert queries.case(case_id=second.case_id).case.state == "open"


def test_cases_that_are_not_there_say_so() -> None:
    with pytest.raises(operations.UnknownCase, match="no case 77"):
        operations.take_case(case_id=77, by=ANN, at=AT)
