"""Velocity rules, held payments and who decides about them."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group

from mall.customer.models import User
from payments import models, operations
from payments.accounts import policy
from payments.operations import Review, UnableToReview, reviewing
from payments.queries import reviews
from tests.factories.payments import AT, authorise, balance, make_merchant, make_shopper, record

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def rule(**others: object) -> dict[str, object]:
    return {"code": "r", "by": "payer", "within": HOUR, "payments": 1, "then": "hold"} | others


def buy(*, key: str, user: int = 1, amount: int = 2_000, return_url: str = "/o/", at=AT, **others: object) -> int:
    return record(
        tenders=[("bank_account", make_shopper(user=user), amount)],
        parts=[(make_merchant(), amount)],
        key=key,
        payer=f"user:{user}",
        return_url=return_url,
        at=at,
        **others,
    )


def held(settings: object, *, amount: int = 2_000) -> int:
    settings.RIALTO_VELOCITY_RULES = (rule(payments=0),)
    payment = buy(key="held", amount=amount)
    assert authorise(payment).state == "in_review"
    return payment


def said(payment: int, by: str, at=AT, note: str = "known") -> Review:
    return Review(payment_id=payment, by=by, note=note, at=at)


@pytest.mark.parametrize(
    ("limits", "third"),
    [
        ({"payments": 2}, "in_review"), ({"payments": 3}, "authorised"),
        ({"payments": None, "sum": 5_999}, "in_review"),
        ({"payments": None, "sum": 6_000}, "authorised"), ({"payments": 2, "then": "refuse"}, "refused"),
        ({"payments": 2, "by": "account", "then": "challenge"}, "action_required"),
        ({"payments": 2, "then": "challenge", "within": timedelta(minutes=1)}, "authorised"),
        ({"payments": 2, "by": "device"}, "in_review"), ({"payments": 2, "by": "address"}, "in_review"),
        ({"payments": 2, "by": "card"}, "authorised"), ({"payments": 2, "then": "pass"}, "authorised"),
        ({"payments": None, "amount": 1_999, "by": "card"}, "authorised"),
    ],
)  # fmt: skip
def test_a_rule_counts_within_its_time_this_payment_included(settings, limits, third) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(**limits),)
    states = [
        authorise(
            buy(key=str(n), at=AT + n * timedelta(minutes=2), device="d", address="a"), at=AT + n * timedelta(minutes=2)
        ).state
        for n in range(3)
    ]
    assert states == ["authorised", "authorised", third]


def test_several_payers_of_one_device_are_counted_as_payers(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(by="device", payments=None, payers=1),)
    first = [authorise(buy(key=f"a{n}", user=1, device="d")).state for n in range(2)]
    assert [*first, authorise(buy(key="b", user=2, device="d")).state] == ["authorised", "authorised", "in_review"]


def test_the_gravest_outcome_holds_and_every_reason_is_kept_with_what_was_counted(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (
        rule(code="x", by="account", then="challenge", payments=0),
        rule(code="y", payments=0),
        rule(code="z", payments=5),
    )
    payment = buy(key="1")
    authorise(payment)
    row = models.Screening.objects.get(payment_id=payment)
    assert (row.outcome, row.reasons, row.facts) == ("hold", ["y", "x"], {"x": 1, "y": 1, "z": 1})


def test_a_payment_nobody_is_present_for_is_not_looked_at(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(payments=0),)
    assert authorise(buy(key="1", return_url="")).state == "authorised"
    assert not models.Sighting.objects.exists()


def test_a_held_payment_moves_nothing_and_asking_again_does_not_count_again(settings) -> None:
    payment = held(settings)
    assert authorise(payment).state == "in_review"
    assert models.Sighting.objects.count() == 2
    assert models.Tender.objects.get().authorised == 0
    assert models.Payment.objects.get().expires_at == AT + settings.RIALTO_REVIEW_WITHIN
    assert models.OutboxEvent.objects.filter(name="payments.payment_held").count() == 1


def test_approved_it_goes_on_and_is_not_held_again(settings) -> None:
    payment = held(settings)
    assert reviewing.approve(review=said(payment, "user:8")).state == "authorised"
    assert balance(f"held:{payment}") == 2_000
    with pytest.raises(UnableToReview, match="not held any more"):
        reviewing.approve(review=said(payment, "user:9"))


def test_refused_everything_is_given_up_with_a_sentence_for_the_payer(settings) -> None:
    payment = held(settings)
    reviewing.refuse(review=said(payment, "user:8"))
    row = models.Payment.objects.get()
    assert (row.state, row.refusal) == ("refused", reviewing.REFUSED)
    assert models.Part.objects.get().state == "cancelled"
    assert models.Screening.objects.get().state == "refused"
    assert authorise(payment).state == "refused"


def test_a_large_one_needs_a_second_person(settings) -> None:
    settings.RIALTO_REVIEW_SECOND_ABOVE = 1_999
    payment = held(settings)
    assert reviewing.approve(review=said(payment, "user:8")) is None
    with pytest.raises(UnableToReview, match="second person"):
        reviewing.approve(review=said(payment, "user:8"))
    assert models.Payment.objects.get().state == "in_review"
    assert reviewing.approve(review=said(payment, "user:9")).state == "authorised"
    row = models.Screening.objects.get()
    assert (row.first_by, row.decided_by) == ("user:8", "user:9")


def test_what_a_colleague_took_is_his_until_he_lets_go(settings) -> None:
    payment = held(settings)
    reviewing.take(payment_id=payment, by="user:8", at=AT)
    for act in (
        lambda: reviewing.take(payment_id=payment, by="user:9", at=AT),
        lambda: reviewing.let_go(payment_id=payment, by="user:9"),
        lambda: reviewing.approve(review=said(payment, "user:9")),
        lambda: reviewing.refuse(review=said(payment, "user:9")),
        lambda: reviewing.approve(review=said(payment, "user:8", note=" ")),
    ):
        with pytest.raises(UnableToReview):
            act()
    reviewing.let_go(payment_id=payment, by="user:8")
    assert reviewing.approve(review=said(payment, "user:9")).state == "authorised"


def test_nobody_decides_in_time_and_it_ends_by_itself(settings) -> None:
    payment = held(settings)
    late = AT + settings.RIALTO_REVIEW_WITHIN
    with pytest.raises(UnableToReview, match="over"):
        reviewing.approve(review=said(payment, "user:8", at=late))
    assert operations.expire_payments(at=late) == [payment]
    assert models.Payment.objects.get().state == "expired"
    assert models.Screening.objects.get().state == "expired"


def test_the_story_tells_what_else_was_paid_from_there(settings) -> None:
    authorise(buy(key="before", user=1, device="d"))
    settings.RIALTO_VELOCITY_RULES = (rule(payments=5, code="other"),)
    authorise(buy(key="other", user=2, device="d"))
    settings.RIALTO_VELOCITY_RULES = (rule(by="device", payments=1, code="device-flood"),)
    payment = buy(key="held", user=1, device="d")
    authorise(payment)
    [row] = reviews.held_payments()
    assert (row.payment_id, row.reasons) == (payment, ("device-flood",))
    told = reviews.story(payment_id=payment)
    assert [(other.reference, other.by) for other in told.earlier] == [("other", ("device",))]
    assert told.paid_before == 1
    assert reviews.held_payments(which="mine", by="user:8") == []


def test_a_rule_that_says_two_things_is_refused(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(sum=5),)
    with pytest.raises(ValueError, match="one of payments, payers, sum"):
        policy.from_settings()


def test_the_pages_are_for_operations_and_keep_what_was_typed(settings, client) -> None:
    payment = held(settings)
    assert client.get("/ops/reviews/").status_code == 302
    client.force_login(User.objects.create_user(email="shopper@example.com", password="a long password"))
    assert client.get("/ops/reviews/").status_code == 403
    operator = User.objects.create_user(email="operations@example.com", password="a long password")
    operator.groups.add(Group.objects.get_or_create(name="operations")[0])
    Authenticator.objects.create(user=operator, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(operator)
    assert "held" in client.get("/ops/reviews/").content.decode()
    assert client.post(f"/ops/reviews/{payment}/", {"do": "approve", "note": ""}).status_code == 409
    wrong = client.post(f"/ops/reviews/{payment}/", {"do": "burn", "note": "<script>"})
    assert "&lt;script&gt;" in wrong.content.decode()
