"""The rules of risk change by two people's word, and every payment tells by which version it was looked at."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from mall.customer.models import User
from payments import models, operations
from payments.accounts import policy, step_up, velocity
from payments.operations import Proposal, Ruling, UnableToRule
from tests.factories.payments import AT, authorise
from tests.integration.test_payments_screening import buy, rule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _settings(settings) -> None:
    settings.RIALTO_STEP_UP_ABOVE, settings.RIALTO_STEP_UP_FREE_PAYMENTS = 3_000, 5
    settings.RIALTO_VELOCITY_RULES = (rule(payments=5), rule(code="sums", payments=None, sum=900_000))


def body(**others: object) -> dict:
    return policy.to_body(policy=policy.in_force()) | others


def propose(by: str = "user:8", *, base: int = 0, reason: str = "a wave of fraud", **others: object) -> int:
    return operations.propose_policy(proposal=Proposal(body=body(**others), base=base, reason=reason, by=by, at=AT))


def ruling(version: int, by: str, note: str = "") -> Ruling:
    return Ruling(version=version, by=by, note=note, at=AT)


def test_a_change_is_in_force_when_a_second_person_has_agreed() -> None:
    version = propose(free_up_to=1_000)
    assert policy.in_force().number == 0
    with pytest.raises(UnableToRule, match="yourself"):
        operations.approve_policy(ruling=ruling(version, "user:8"))
    operations.approve_policy(ruling=ruling(version, "user:9"))
    now = policy.in_force()
    assert (now.number, now.free_up_to, now.rules) == (version, 1_000, policy.from_settings().rules)
    assert step_up.challenge_needed(account="A", amount=1_001)
    with pytest.raises(UnableToRule, match="decided meanwhile"):
        operations.approve_policy(ruling=ruling(version, "user:9"))


def test_a_later_version_replaces_it_and_history_stays() -> None:
    first = propose(free_up_to=1_000)
    operations.approve_policy(ruling=ruling(first, "user:9"))
    with pytest.raises(UnableToRule, match="changed meanwhile"):
        propose(free_up_to=500)
    second = propose(free_up_to=500, base=first)
    operations.approve_policy(ruling=ruling(second, "user:9"))
    states = dict(models.RiskPolicy.objects.values_list("pk", "state"))
    assert states == {first: "replaced", second: "in_force"}


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"free_up_to": -1}, "whole number"), ({"free_up_to": 10**13}, "whole number"), ({"free_sum": "x"}, "whole"),
        ({"rules": [{"code": "r", "by": "payer", "within": 0, "payments": 1, "then": "hold"}]}, "look back"),
        ({"rules": [{"code": "r", "by": "payer", "within": 60, "payments": 1, "then": "burn"}]}, "cannot be read"),
        ({"rules": [{"code": "r", "by": "payer", "within": 60, "payments": 1, "then": "hold"}] * 2}, "one code"),
        ({"reason": " ", "free_up_to": 1}, "Say why"), ({}, "Nothing is different"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_not_proposed(others, said) -> None:
    with pytest.raises(UnableToRule, match=said):
        propose(**others)
    assert not models.RiskPolicy.objects.exists()


def test_one_change_waits_at_a_time_and_its_author_may_withdraw_it() -> None:
    version = propose(free_up_to=1_000)
    with pytest.raises(UnableToRule, match="Another change"):
        propose("user:9", free_up_to=2_000)
    with pytest.raises(UnableToRule, match="Say why"):
        operations.decline_policy(ruling=ruling(version, "user:8"))
    operations.decline_policy(ruling=ruling(version, "user:8", "a slip"))
    operations.decline_policy(ruling=ruling(propose("user:9", free_up_to=2_000), "user:8", "too tight"))
    assert set(models.RiskPolicy.objects.values_list("state", flat=True)) == {"withdrawn", "declined"}


def test_the_database_itself_wants_another_person() -> None:
    propose(free_up_to=1_000)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.RiskPolicy.objects.update(state="in_force", decided_by="user:8", decided_at=AT)


def test_a_screening_names_its_version_and_a_rule_may_only_watch() -> None:
    rules = [rule(payments=0, then="pass") | {"within": 60}]
    version = propose(rules=rules)
    operations.approve_policy(ruling=ruling(version, "user:9"))
    assert authorise(buy(key="1")).state == "authorised"
    row = models.Screening.objects.get()
    assert (row.policy_number, row.outcome, row.reasons, row.facts) == (version, "pass", [], {"r": 1})


def test_what_is_new_for_a_payer_counts_until_he_has_used_it(settings) -> None:
    settings.RIALTO_VELOCITY_RULES = (rule(payments=None, new=1_999, by="device"),)
    assert authorise(buy(key="1", device="d", amount=1_999)).state == "authorised"
    assert authorise(buy(key="2", device="d")).state == "authorised"
    assert authorise(buy(key="3", device="e")).state == "in_review"
    assert authorise(buy(key="4", device="d", user=2)).state == "in_review"
    late = AT + timedelta(hours=2)
    assert authorise(buy(key="5", device="d", at=late), at=late).state == "in_review"


def test_counting_takes_as_many_statements_for_many_payments_as_for_one(settings) -> None:
    def statements(keys: range) -> int:
        rows = models.Payment.objects.filter(pk__in=[buy(key=str(key), user=key) for key in keys])
        entries = [(row, list(row.tenders.all()), AT) for row in rows]
        with CaptureQueriesContext(connection) as asked:
            velocity.screen(payments=entries)
        return len(asked)

    assert statements(range(1)) == statements(range(10, 20)) <= 6


def test_operations_propose_on_the_page_and_another_decides(client) -> None:
    people = [User.objects.create_user(email=f"{n}@example.com", password="a long password") for n in "ab"]
    group = Group.objects.get_or_create(name="operations")[0]
    for person in people:
        person.groups.add(group)
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client.force_login(people[0])
    form = client.get("/ops/rules/").context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"free_up_to": "12.50", "reason": ""}
    assert client.post("/ops/rules/", typed).status_code == 422
    assert client.post("/ops/rules/", typed | {"reason": "why", "r-then": "refuse"}).status_code == 302
    version = models.RiskPolicy.objects.get()
    assert (version.body["free_up_to"], version.body["rules"][0]["then"]) == (1_250, "refuse")
    assert client.post("/ops/rules/", typed | {"reason": "why"}).status_code == 409
    page = client.get("/ops/rules/").content.decode()
    assert "€12.50" in page
    assert "Withdraw it" in page
    client.force_login(people[1])
    assert client.post(f"/ops/rules/{version.pk}/", {"do": "approve"}).status_code == 302
    assert policy.in_force().number == version.pk
    assert "in force" in client.get("/ops/rules/").content.decode()
    client.force_login(User.objects.create_user(email="c@example.com", password="a long password"))
    assert client.get("/ops/rules/").status_code == 403
