"""Signing up, own details, and the frame around every page."""

import re

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from mall.customer.models import Consent, User
from payments.queries import standing
from tests.factories.mall import make_address, make_market, make_merchant, make_shopper

pytestmark = pytest.mark.django_db

SIGN_UP = {"name": "Ada Weber", "email": "ada@mail.example", "password1": "a-good-password"}


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
