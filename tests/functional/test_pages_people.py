"""Signing up, own details, applying to sell, and the frame around every page."""

import re

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from mall.customer.models import Consent, User
from mall.merchants.models import Membership, Merchant, MerchantApplication
from payments.queries import standing
from tests.factories.mall import make_address, make_market, make_merchant, make_shopper

pytestmark = pytest.mark.django_db

SIGN_UP = {"name": "Ada Weber", "email": "ada@mail.example", "password1": "a-good-password"}


def paper(name="paper.pdf", content=b"%PDF-1.4 my secret papers"):
    return SimpleUploadedFile(name, content)


def application(**changes):
    data = {
        "company": "Lagoon & Oak",
        "registration_number": "HRB 1",
        "tax_id": "DE1",
        "iban": "DE89 3704 0044 0532 0130 00",
        "line1": "Lindenweg 4",
        "postcode": "28195",
        "city": "Bremen",
        "country": "DE",
        "terms": "on",
        "key": "k1",
        "registration": paper(),
        "identity": paper(),
        "bank": paper(),
    }
    return data | changes


def operations_person(email):
    person = make_shopper(email=email, money=0)
    person.groups.add(Group.objects.get(name="operations"))
    return person


def test_signing_up_opens_an_account_with_the_bank(client):
    response = client.post(reverse("account_signup"), SIGN_UP | {"consent_credit": "on"})
    assert response.status_code == 302
    user = User.objects.get(email="ada@mail.example")
    assert (user.first_name, user.last_name) == ("Ada", "Weber")
    assert [account.currency for account in standing.account_balances(holder=f"user:{user.pk}")] == ["EUR"]
    assert Consent.objects.get().purpose == "credit"
    assert "ada@mail.example" in client.get("/").content.decode()


def test_consent_to_credit_is_never_assumed(client):
    assert 'name="consent_credit"' in client.get(reverse("account_signup")).content.decode()
    assert "checked" not in client.get(reverse("account_signup")).content.decode()
    client.post(reverse("account_signup"), SIGN_UP)
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"), [({"email": "ada"}, "email"), ({"password1": "short"}, "password1"), ({"name": ""}, "name")]
)
def test_a_wrong_sign_up_is_answered_beside_the_field_and_keeps_what_was_typed(client, change, field):
    text = client.post(reverse("account_signup"), SIGN_UP | change).content.decode()
    assert f'id="id_{field}_error"' in text
    assert (SIGN_UP | change)["email"] in text
    assert not User.objects.exists()


def test_details_addresses_and_consents_are_ones_own(client):
    stranger = make_shopper(address=make_address())
    shopper = make_shopper(money=0)
    client.force_login(shopper)
    client.post("/account/details/", {"first_name": "Bea", "last_name": "Rossi"})
    shopper.refresh_from_db()
    assert shopper.get_full_name() == "Bea Rossi"
    new = {
        "new-name": "Bea Rossi",
        "new-line1": "Calle 1",
        "new-postcode": "30100",
        "new-city": "Venice",
        "new-country": "IT",
    }
    wrong = client.post("/account/addresses/add/", new | {"new-city": ""})
    assert wrong.status_code == 422 and 'id="id_new-city_error"' in wrong.content.decode()
    client.post("/account/addresses/add/", new)
    assert "Calle 1" in client.get("/account/details/").content.decode()
    client.post(reverse("address-remove", args=[stranger.addresses.get().pk]))
    assert stranger.addresses.count() == 1
    client.post("/account/consent/", {"purpose": "credit", "granted": "1"})
    assert Consent.objects.get(subject=f"user:{shopper.pk}").withdrawn_at is None
    client.post("/account/consent/", {"purpose": "credit", "granted": "0"})
    assert Consent.objects.get(subject=f"user:{shopper.pk}").withdrawn_at is not None


def test_an_application_goes_through_two_people_to_an_open_store(client):
    applicant = make_shopper(money=0)
    client.force_login(applicant)
    assert client.post("/sell/", application(consent_credit="on")).status_code == 302
    assert "Being looked at" in client.get("/sell/").content.decode()
    row = MerchantApplication.objects.get()
    first, second = Client(), Client()
    first.force_login(operations_person("one@bank.example"))
    second.force_login(operations_person("two@bank.example"))
    url = reverse("application-decide", args=[row.pk])
    for _ in range(2):
        first.post(url, {"decision": "approve"})
    assert not Merchant.objects.exists()
    second.post(url, {"decision": "approve"})
    assert Membership.objects.get().user == applicant
    assert client.get("/merchant/").status_code == 200


def test_papers_are_for_the_applicant_and_operations_alone(client):
    applicant = make_shopper(money=0)
    client.force_login(applicant)
    client.post("/sell/", application())
    document = MerchantApplication.objects.get().documents.order_by("pk").first()
    url = reverse("application-document", args=[document.pk])
    own = client.get(url)
    assert own.content == b"%PDF-1.4 my secret papers"
    assert own["Content-Disposition"].startswith("attachment")
    stranger, operations = Client(), Client()
    stranger.force_login(make_shopper(money=0))
    operations.force_login(operations_person("one@bank.example"))
    assert Client().get(url).status_code == 302
    assert stranger.get(url).status_code == 404
    assert operations.get(url).status_code == 200
    assert stranger.get("/ops/applications/").status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"iban": "DE00 0000"}, "iban"),
        ({"identity": paper("a.exe", b"MZ\x90")}, "identity"),
        ({"bank": paper("empty.pdf", b"")}, "bank"),
        ({"terms": ""}, "terms"),
        ({"company": ""}, "company"),
    ],
)
def test_a_wrong_application_is_answered_beside_the_field_and_keeps_what_was_typed(client, change, field):
    client.force_login(make_shopper(money=0))
    response = client.post("/sell/", application(**change))
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text
    assert 'value="HRB 1"' in text
    assert not MerchantApplication.objects.exists()


@pytest.mark.parametrize("url", ["/", "/search/", "/basket/", "/account/login/", "/account/signup/", "/nowhere/"])
def test_every_page_stands_on_its_own_files_and_has_names_for_its_controls(client, url):
    make_market()
    text = client.get(url).content.decode()
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]+', text) == []
    assert re.findall(r"\son\w+=", text) == []
    assert re.findall(r"<script(?![^>]*src=)(?![^>]*json)[^>]*>", text) == []
    labels = set(re.findall(r'<label[^>]*for="([^"]+)"', text))
    for tag in re.findall(r'<(?:input|select|textarea)\s[^>]*id="[^"]+"[^>]*>', text):
        if 'type="hidden"' not in tag:
            assert re.search(r'id="([^"]+)"', tag)[1] in labels, tag
    assert text.count("<h1") == 1


@pytest.mark.parametrize(
    ("group", "lands"),
    [("", "/"), ("credit officer", "/officer/"), ("risk manager", "/officer/"), ("operations", "/ops/")],
)
def test_who_works_here_lands_at_the_work_after_signing_in(client, group, lands):
    person = make_shopper(money=0)
    person.set_password("a-good-password")
    person.save()
    if group:
        person.groups.add(Group.objects.get(name=group))
    answers = {"login": person.email, "password": "a-good-password"}
    assert client.post(reverse("account_login"), answers)["Location"] == lands
    client.logout()
    asked = client.post(reverse("account_login"), answers | {"next": "/orders/"})
    assert asked["Location"] == "/orders/"


def test_an_owner_lands_in_the_store(client):
    owner = make_merchant().owner
    owner.set_password("a-good-password")
    owner.save()
    answers = {"login": owner.email, "password": "a-good-password"}
    assert client.post(reverse("account_login"), answers)["Location"] == "/merchant/"


def test_languages_change_and_stay(client, settings):
    assert reverse("set_language") not in client.get("/").content.decode()
    settings.LANGUAGES = [*settings.LANGUAGES, ("es", "Español")]
    client.post(reverse("set_language"), {"language": "es", "next": "/"})
    assert '<html lang="es">' in client.get("/").content.decode()


def test_oscars_own_shop_pages_are_gone_and_its_back_office_is_for_superusers(client):
    assert client.get("/shop/basket/")["Location"] == "/basket/"
    client.force_login(make_shopper(money=0))
    assert client.get("/dashboard/").status_code == 403
    boss = make_shopper(money=0)
    boss.is_superuser = boss.is_staff = True
    boss.save()
    client.force_login(boss)
    text = client.get("/dashboard/").content.decode()
    assert "googleapis" not in text and "<script>" not in text


def test_the_component_page_is_for_development(client, settings):
    assert client.get("/_components/").status_code == 404
    settings.DEBUG = True
    assert client.get("/_components/").status_code == 200
