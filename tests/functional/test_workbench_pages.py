"""Pages about credit: who may open them, what they show, and what their forms do."""

import re
from datetime import timedelta
from html import unescape

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.test import Client

from financing.features.models import SubjectFeatures
from financing.lending import products
from financing.lending.models import Loan, LoanState
from financing.servicing import advances, close
from financing.servicing.advances import AskAdvance
from financing.underwriting.models import Application
from payments import clock
from payments import operations as bank
from payments.ledger import queries as ledger
from tests.factories import lending as lend
from tests.factories import mall
from tests.factories import payments as pay
from tests.factories import underwriting as credit

pytestmark = pytest.mark.django_db
AT = mall.AT


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def merchant():
    credit.ready(at=AT)
    products.install_products(currency="EUR", at=AT)
    made = mall.make_merchant(name="Bottega")
    credit.features(f"merchant:{made.pk}", at=AT)
    return made


def signed_in(user, *, mfa: bool = False) -> Client:
    client = Client()
    client.force_login(user)
    if mfa:
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {}})
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": 0}, {"method": "mfa", "at": 0}]
        session.save()
    return client


def officer(name: str, role: str = "credit officer") -> tuple[str, Client]:
    user = mall.make_shopper(money=0, email=f"{name}@bank.example")
    user.groups.add(Group.objects.get_or_create(name=role)[0])
    return f"user:{user.pk}", signed_in(user, mfa=True)


def referred(merchant, amount: int = 1_200_000) -> Application:
    [application] = advances.ask_for_advances(
        requests=[
            AskAdvance(
                key="ask-1",
                merchant=f"merchant:{merchant.pk}",
                currency="EUR",
                amount=amount,
                at=AT,
                applied_by=f"user:{merchant.owner_id}",
            )
        ]
    )
    assert application.state == Application.State.REFERRED
    return application


def text_of(response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


def hidden(response, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())[1]


def test_only_officers_with_a_second_factor_open_the_queue(merchant):
    shopper = mall.make_shopper(money=0)
    assert Client().get("/officer/").status_code == 302
    assert signed_in(shopper, mfa=True).get("/officer/").status_code == 403
    shopper.groups.add(Group.objects.get_or_create(name="credit officer")[0])
    without = signed_in(mall.User.objects.get(pk=shopper.pk))
    Authenticator.objects.filter(user=shopper).delete()
    assert without.get("/officer/").url == "/account/2fa/"
    assert signed_in(shopper, mfa=True).get("/officer/").status_code == 200


def test_a_password_alone_does_not_open_it_for_who_has_a_second_factor(merchant):
    user = mall.make_shopper(money=0)
    user.groups.add(Group.objects.get_or_create(name="senior officer")[0])
    signed_in(user, mfa=True)
    assert "reauthenticate" in signed_in(user).get("/officer/").url


def test_the_case_shows_what_an_officer_decides_by(merchant):
    application = referred(merchant)
    _, client = officer("one")
    assert "Bottega" in text_of(client.get("/officer/"))
    text = text_of(client.get(f"/officer/{application.pk}/"))
    for words in ("Bottega", "12,000.00", "A01", "Points of the score", "Sales by month", "Your authority"):
        assert words in text
    assert text.count("Approve") >= 1


def test_a_risk_manager_reads_cases_and_decides_on_none(merchant):
    application = referred(merchant)
    _, reader = officer("rafael", "risk manager")
    assert "Bottega" in text_of(reader.get("/officer/"))
    page = text_of(reader.get(f"/officer/{application.pk}/"))
    assert "Officers decide on it; you read." in page
    assert "Your authority" not in page and "Take the case" not in page and "Decline" not in page
    for action in ("claim", "approve", "decline"):
        assert reader.post(f"/officer/{application.pk}/{action}/", {"version": 1}).status_code == 403
    application.refresh_from_db()
    assert (application.state, application.claimed_by) == (Application.State.REFERRED, "")


def test_two_officers_approve_and_the_owner_signs(merchant):
    application = referred(merchant)
    _, first = officer("one")
    _, second = officer("two", "senior officer")
    page = f"/officer/{application.pk}/"
    sent = {"version": 1, "amount": "11000.00", "price": "8", "note": "Long history."}
    assert first.post(f"{page}approve/", sent).url == "/officer/"
    application.refresh_from_db()
    assert (application.state, application.approved_amount) == (Application.State.SECOND, 1_100_000)
    assert "You approved it yourself" in text_of(first.get(page))
    assert second.post(f"{page}agree/", {"version": application.version}).url == "/officer/"
    application.refresh_from_db()
    assert application.state == Application.State.APPROVED

    owner = signed_in(merchant.owner)
    assert "Read and sign" in text_of(owner.get("/merchant/financing/"))
    address = f"/merchant/financing/sign/{application.pk}/"
    signing = owner.get(address)
    answer = owner.post(address, {"sha256": hidden(signing, "sha256"), "signature": "Mara Owner"}, follow=True)
    assert "is in your account" in text_of(answer)
    loan = Loan.objects.get()
    assert (loan.principal, loan.state) == (1_100_000, LoanState.ACTIVE)


def test_a_stale_page_says_so_and_changes_nothing(merchant):
    application = referred(merchant)
    _, first = officer("one")
    _, second = officer("two")
    first.post(f"/officer/{application.pk}/claim/", {"version": 1})
    sent = {"version": 1, "amount": "11000.00", "price": "8", "note": ""}
    answer = second.post(f"/officer/{application.pk}/approve/", sent, follow=True)
    assert "since you opened it" in text_of(answer)
    application.refresh_from_db()
    assert application.state == Application.State.REFERRED


def test_a_wrong_form_answers_beside_its_field_and_keeps_what_was_typed(merchant):
    application = referred(merchant)
    _, client = officer("one")
    answer = client.post(f"/officer/{application.pk}/approve/", {"version": 1, "amount": "much", "price": "8"})
    assert answer.status_code == 422
    assert 'value="much"' in answer.content.decode()
    answer = client.post(f"/officer/{application.pk}/decline/", {"version": 1, "reasons": "\n\n"})
    assert answer.status_code == 422
    assert "required" in text_of(answer) or "one to four reasons" in text_of(answer)


def test_an_officer_declines_and_the_owner_reads_the_reasons_for_a_month(merchant, monkeypatch):
    application = referred(merchant)
    me, client = officer("one")
    sent = {"version": 1, "reasons": "The trade is too seasonal\nToo few months of sales", "note": "See me."}
    assert client.post(f"/officer/{application.pk}/decline/", sent).url == "/officer/"
    application.refresh_from_db()
    assert (application.state, application.decided_by) == (Application.State.DECLINED, me)
    assert "Bottega" not in text_of(client.get("/officer/"))
    owner = signed_in(merchant.owner)
    text = text_of(owner.get("/merchant/financing/"))
    for words in ("Advance of", "12,000.00", "declined", "The trade is too seasonal", "Too few months of sales"):
        assert words in text
    assert "See me." not in text
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(days=30))
    assert "too seasonal" not in text_of(owner.get("/merchant/financing/"))


def test_the_queue_is_oldest_first_and_every_case_opens(merchant):
    other = mall.make_merchant(name="Officina")
    credit.features(f"merchant:{other.pk}", at=AT)
    for shop, hours in ((merchant, 0), (other, -3)):
        advances.ask_for_advances(
            requests=[
                AskAdvance(
                    key=f"ask-{shop.pk}",
                    merchant=f"merchant:{shop.pk}",
                    currency="EUR",
                    amount=1_200_000,
                    at=AT + timedelta(hours=hours),
                    applied_by=f"user:{shop.owner_id}",
                )
            ]
        )
    _, client = officer("one")
    page = text_of(client.get("/officer/"))
    assert page.index("Officina") < page.index("Bottega")
    for application in Application.objects.all():
        assert client.get(f"/officer/{application.pk}/").status_code == 200
    assert client.get("/officer/999999/").status_code == 404


def test_the_owner_takes_an_offer_in_two_clicks_and_a_signature(merchant):
    offer = lend.make_offer("advance", subject=f"merchant:{merchant.pk}", limit=150_000, at=AT)
    owner = signed_in(merchant.owner)
    assert "Up to" in text_of(owner.get("/merchant/financing/"))
    first = owner.get("/merchant/financing/ask/")
    terms = owner.get("/merchant/financing/ask/", {"amount": "1000.00", "key": hidden(first, "key")})
    assert "1,080.00" in text_of(terms)
    sent = {name: hidden(terms, name) for name in ("sha256", "amount", "key")} | {"signature": "Mara Owner"}
    answer = owner.post("/merchant/financing/ask/", sent, follow=True)
    assert "is in your account" in text_of(answer)
    owner.post("/merchant/financing/ask/", sent)
    loan, application = Loan.objects.get(), Application.objects.get()
    assert (loan.principal, loan.fee, loan.application) == (100_000, 8_000, application.pk)
    assert (application.offer_id, application.state) == (offer.pk, Application.State.TAKEN)
    assert ledger.balance(code=f"deposit:{loan.repay_account}") == 100_000


def test_an_amount_outside_the_offer_is_answered_beside_the_field(merchant):
    lend.make_offer("advance", subject=f"merchant:{merchant.pk}", limit=150_000, at=AT)
    answer = signed_in(merchant.owner).get("/merchant/financing/ask/", {"amount": "9999999", "key": "k"})
    assert answer.status_code == 422
    assert "Choose from" in text_of(answer)


def test_clerks_and_strangers_do_not_see_a_merchants_financing(merchant):
    stranger = mall.make_shopper(money=0)
    assert signed_in(stranger).get("/merchant/financing/").url == "/sell/"


def shopper_with_order(code: str = "months-6", amount: int = 60_000):
    shopper = mall.make_shopper(money=300_000)
    me = f"user:{shopper.pk}"
    credit.features(me, at=AT)
    lend.make_offer(code, subject=me, at=AT)
    pay.make_merchant(merchant=900)
    payment = pay.record(
        tenders=[("installments", f"plan:{code}", amount)], parts=[("merchant:900", amount)], payer=me, key="O1", at=AT
    )
    [outcome] = bank.authorise_payments(requests=[bank.Authorise(payment_id=payment, at=AT)])
    return shopper, payment, outcome.action_url


def test_the_shopper_reads_signs_and_the_payment_goes_on(merchant):
    shopper, payment, address = shopper_with_order()
    client = signed_in(shopper)
    page = client.get(address)
    text = text_of(page)
    for words in ("600.00", "621.00", "APR", "withdraw", "What you sign"):
        assert words in text
    assert client.post(address, {"sha256": hidden(page, "sha256"), "signature": ""}).status_code == 422
    answer = client.post(address, {"sha256": hidden(page, "sha256"), "signature": "Ada Weber"})
    assert answer.url == "/orders/"
    assert bank.one(bank.authorise_payments(requests=[bank.Authorise(payment_id=payment, at=AT)])).state == "authorised"
    assert client.get(address).url == "/orders/"


def test_a_shopper_whose_plan_is_declined_reads_why_at_once_and_later(merchant):
    shopper, _, address = shopper_with_order()
    client = signed_in(shopper)
    page = client.get(address)
    SubjectFeatures.objects.filter(subject_id=f"user:{shopper.pk}").update(
        values=credit.GOOD_CONSUMER | {"monthly_inflow": 0.0}
    )
    answer = client.post(address, {"sha256": hidden(page, "sha256"), "signature": "Ada Weber"}, follow=True)
    assert "No income can be seen on an account here" in text_of(answer)
    assert not Loan.objects.exists()
    plans = text_of(client.get("/money/plans/"))
    assert "Plan for" in plans
    assert "No income can be seen on an account here" in plans


def test_a_shopper_finds_what_an_officer_looks_at_and_then_grants(merchant):
    shopper, _, address = shopper_with_order("months-12", amount=180_000)
    SubjectFeatures.objects.filter(subject_id=f"user:{shopper.pk}").update(
        values=credit.GOOD_CONSUMER | {"median_monthly_spend": 100_000.0}
    )
    client = signed_in(shopper)
    page = client.get(address)
    answer = client.post(address, {"sha256": hidden(page, "sha256"), "signature": "Ada Weber"}, follow=True)
    assert "One of our officers has to look at this first" in text_of(answer)
    assert "with our officers" in text_of(client.get("/money/plans/"))
    application = Application.objects.get()
    _, staff = officer("one")
    sent = {"version": 1, "amount": "1500.00", "price": "9.9", "note": ""}
    assert staff.post(f"/officer/{application.pk}/approve/", sent).url == "/officer/"
    text = text_of(client.get("/money/plans/"))
    assert "Plan for" in text
    assert "1,500.00" in text
    assert "Choose it at the checkout until" in text


def test_nobody_sees_the_plan_of_somebody_else(merchant):
    _, _, address = shopper_with_order()
    assert signed_in(mall.make_shopper(money=0)).get(address).status_code == 404


def test_plans_are_shown_paid_and_read_again(merchant, monkeypatch):
    shopper, _, address = shopper_with_order()
    client = signed_in(shopper)
    page = client.get(address)
    client.post(address, {"sha256": hidden(page, "sha256"), "signature": "Ada Weber"})
    pay.capture("O1-1", at=AT)
    loan = Loan.objects.get()
    text = text_of(client.get("/money/plans/"))
    assert "6 monthly payments" in text
    detail = client.get(f"/money/plans/{loan.pk}/")
    sent = {"key": hidden(detail, "key"), "amount": "100.00"}
    assert "100.00 paid" in text_of(client.post(f"/money/plans/{loan.pk}/", sent, follow=True))
    client.post(f"/money/plans/{loan.pk}/", sent)
    loan.refresh_from_db()
    assert loan.outstanding == 50_000
    too_much = client.post(f"/money/plans/{loan.pk}/", {"key": "k2", "amount": "99999"})
    assert too_much.status_code == 422
    assert "is owed" in text_of(too_much)
    assert "Ada Weber" in text_of(client.get(f"/money/plans/{loan.pk}/agreement/"))
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(days=40))
    close.close_day(until=(AT + timedelta(days=39)).date())
    assert "on time" in text_of(client.get("/money/plans/"))
    assert signed_in(merchant.owner).get(f"/money/plans/{loan.pk}/").status_code == 404


def test_pages_ask_the_database_as_often_for_many_loans_as_for_one(merchant, django_assert_max_num_queries):
    shopper = mall.make_shopper(money=0)
    client = signed_in(shopper)
    for _ in range(8):
        lend.drawn_loan("months-6", borrower=f"user:{shopper.pk}", at=AT)
    client.get("/money/plans/")
    with django_assert_max_num_queries(15):
        client.get("/money/plans/")
    _, staff = officer("one")
    application = referred(merchant)
    staff.get(f"/officer/{application.pk}/")
    with django_assert_max_num_queries(15):
        staff.get(f"/officer/{application.pk}/")
