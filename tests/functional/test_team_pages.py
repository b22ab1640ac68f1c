"""A store's team: every page of a store tried by every role, invitations, and the store handed over."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from mall import bank
from mall.actors import NotAllowed
from mall.fulfilment import operations as fulfilment
from mall.fulfilment.requests import CancelConsignment
from mall.merchants import letters, roles, staffing
from mall.merchants.models import Invitation, Membership, MerchantEvent
from mall.merchants.staffing import UnableToChangeStaff
from payments import operations as payments
from tests.factories.mall import AT, deliver_events, make_draft, make_market, make_merchant, make_shopper, staff

pytestmark = pytest.mark.django_db

DUMMY = {"IntConverter": 999_999_999, "SlugConverter": "x", "StringConverter": "x", "PathConverter": "x"}
# Pages of financing guard themselves: they are an owner's.
ELSEWHERE = "merchant-financing"


def pages():
    """Return every page of a store: its address with made-up numbers, and the permission it asks for."""
    found = {}
    for pattern, permission in _walk(get_resolver().url_patterns, ""):
        found[pattern] = permission
    return found


def _walk(patterns, prefix):
    for entry in patterns:
        if hasattr(entry, "url_patterns"):
            yield from _walk(entry.url_patterns, prefix + str(entry.pattern))
        elif (prefix + str(entry.pattern)).startswith("merchant/") and not (entry.name or "").startswith(ELSEWHERE):
            values = {name: DUMMY[type(kind).__name__] for name, kind in entry.pattern.converters.items()}
            if entry.name == "merchant-settlement-file":
                values = {"pk": 999_999_999, "form": "pdf"}
            if entry.name != "merchant-choose":
                yield reverse(entry.name, kwargs=values), getattr(entry.callback, "permission", None)


def make_member(merchant, role):
    person = make_shopper(money=0)
    Membership.objects.create(merchant=merchant, user=person, role=role, since=AT)
    return person


def test_every_page_of_a_store_opens_for_the_roles_of_the_table_and_no_others():
    merchant = make_merchant()
    found = pages()
    assert len(found) > 20
    assert [url for url, permission in found.items() if permission is None] == []
    for role in roles.NAMES:
        client = Client()
        client.force_login(make_member(merchant, role))
        for url, permission in found.items():
            answers = {client.get(url).status_code, client.post(url).status_code}
            allowed = roles.may(role=role, permission=permission)
            assert (403 not in answers) == allowed, (role, url, permission, answers)


def test_a_permission_nobody_knows_is_an_error_and_not_a_no():
    with pytest.raises(KeyError):
        roles.may(role=roles.OWNER, permission="everything")


def test_an_accountant_reads_orders_and_moves_none():
    market = make_market()
    from mall.checkout import operations as checkout

    placed = checkout.submit_order(draft=make_draft(user=market.shopper, quantities={market.lamp: 1}))
    deliver_events()
    number = f"{placed.number}-1"
    person = make_member(market.first, roles.ACCOUNTANT)
    client = Client()
    client.force_login(person)
    assert client.get(reverse("merchant-order", args=[number])).status_code == 200
    by = staff(market.first).__class__("merchant", person.pk, market.first.pk, roles.ACCOUNTANT)
    [result] = fulfilment.cancel_consignments(requests=[CancelConsignment(number=number, by=by, reason="mine", at=AT)])
    assert isinstance(result, Exception)
    # A role that was taken away since the page was opened counts no more.
    clerk = make_member(market.first, roles.CLERK)
    late = by.__class__("merchant", clerk.pk, market.first.pk, roles.CLERK)
    staffing.change_role(
        merchant_id=market.first.pk, user_id=clerk.pk, role=roles.ACCOUNTANT, by=staff(market.first), at=AT
    )
    [result] = fulfilment.cancel_consignments(
        requests=[CancelConsignment(number=number, by=late, reason="mine", at=AT)]
    )
    assert isinstance(result, Exception)
    assert market.first.consignments.get().status == "confirmed"


def test_an_invitation_is_a_link_good_once_for_its_address(client):
    merchant = make_merchant(name="Lagoon & Oak")
    client.force_login(merchant.owner)
    guest = make_shopper(email="Guest@Mail.example", money=0)
    asked = client.post(reverse("merchant-staff"), {"email": "guest@mail.example", "role": "manager"})
    assert asked.status_code == 302
    deliver_events()
    [letter] = mail.outbox
    assert letter.to == ["guest@mail.example"] and "Lagoon & Oak" in letter.body
    link = re.search(r"/invitation/\S+", letter.body).group()
    stranger, theirs = Client(), Client()
    assert stranger.get(link).url.startswith("/account/login/")
    stranger.force_login(make_shopper(money=0))
    assert "sign in with that address" in stranger.get(link).content.decode()
    stranger.post(link)
    assert Membership.objects.filter(merchant=merchant).count() == 1
    theirs.force_login(guest)
    assert theirs.post(link).url == reverse("merchant")
    assert Membership.objects.get(user=guest).role == "manager"
    staffing.remove_staff(merchant_id=merchant.pk, user_id=guest.pk, by=staff(merchant), at=AT)
    theirs.post(link)
    assert not Membership.objects.filter(user=guest).exists()
    assert [row.kind for row in MerchantEvent.objects.order_by("pk")] == ["invited", "joined", "removed"]
    assert client.get("/invitation/made-up/").status_code == 404


def test_an_invitation_expires_is_taken_back_and_is_open_once():
    merchant, guest = make_merchant(), make_shopper(money=0)
    by = staff(merchant)
    ask = {"merchant_id": merchant.pk, "email": guest.email, "role": roles.CLERK, "by": by, "at": AT}
    old = staffing.invite(**ask)
    new = staffing.invite(**ask | {"role": roles.ACCOUNTANT})
    for row, at in ((old, AT), (new, AT + timedelta(days=7))):
        with pytest.raises(UnableToChangeStaff):
            staffing.accept(invitation_id=row.pk, user=guest, at=at)
    staffing.withdraw(merchant_id=merchant.pk, invitation_id=new.pk, by=by, at=AT)
    with pytest.raises(UnableToChangeStaff):
        staffing.accept(invitation_id=new.pk, user=guest, at=AT)
    assert not Membership.objects.filter(user=guest).exists()
    assert set(Invitation.objects.values_list("state", flat=True)) == {"withdrawn"}
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(state="open")
    assert letters.invitation_of(token="nonsense") is None


@pytest.mark.parametrize("role", [roles.MANAGER, roles.CLERK, roles.ACCOUNTANT])
def test_only_the_owner_keeps_the_team(role):
    merchant = make_merchant()
    person = make_member(merchant, role)
    by = staff(merchant).__class__("merchant", person.pk, merchant.pk, role)
    with pytest.raises(NotAllowed):
        staffing.invite(merchant_id=merchant.pk, email="a@b.example", role=roles.CLERK, by=by, at=AT)
    with pytest.raises(NotAllowed):
        staffing.remove_staff(merchant_id=merchant.pk, user_id=merchant.owner_id, by=by, at=AT)
    with pytest.raises(UnableToChangeStaff):
        staffing.invite(merchant_id=merchant.pk, email="a@b.example", role=roles.OWNER, by=staff(merchant), at=AT)
    with pytest.raises(UnableToChangeStaff):
        staffing.change_role(merchant_id=merchant.pk, user_id=person.pk, role=roles.OWNER, by=staff(merchant), at=AT)
    assert Membership.objects.filter(merchant=merchant).count() == 2


def test_a_store_is_handed_over_with_a_second_factor_alone(client):
    merchant = make_merchant()
    heir = make_member(merchant, roles.MANAGER)
    former = merchant.owner
    client.force_login(former)
    url = reverse("merchant-staff-hand-over", args=[heir.pk])
    client.post(url, {"confirmed": "1"})
    merchant.refresh_from_db()
    assert merchant.owner == former
    act = staffing.handing_over(merchant=merchant, user_id=former.pk, heir=heir)
    asked = client.post(url)
    assert asked.url.startswith("/money/confirm/act/")
    from payments.models import StepUpChallenge

    StepUpChallenge.objects.update(passed_at=bank.now())
    assert act.words == f"Make {heir.email} the owner of {merchant.name}"
    assert "Make Ada Weber the owner" in client.get(url).content.decode()
    assert client.post(url, {"confirmed": "1"}).url == reverse("merchant")
    merchant.refresh_from_db()
    assert merchant.owner == heir
    assert dict(Membership.objects.values_list("user_id", "role")) == {heir.pk: "owner", former.pk: "manager"}
    with pytest.raises(payments.NotConfirmed), transaction.atomic():
        payments.take_confirmation(act=act, at=bank.now())


def test_who_works_for_two_stores_chooses_one_and_stays_there(client):
    first, second = make_merchant(name="Anchor"), make_merchant(name="Bridge")
    person = make_member(first, roles.CLERK)
    Membership.objects.create(merchant=second, user=person, role=roles.MANAGER, since=AT)
    client.force_login(person)
    asked = client.get("/merchant/orders/")
    assert asked.url == "/merchant/choose/?next=%2Fmerchant%2Forders%2F"
    page = client.get(asked.url).content.decode()
    assert "Anchor" in page and "Bridge" in page
    assert client.post("/merchant/choose/", {"merchant": second.pk, "next": "/merchant/orders/"}).url == (
        "/merchant/orders/"
    )
    assert client.get("/merchant/orders/").context["place"].merchant_id == second.pk
    assert client.post("/merchant/choose/", {"merchant": first.pk, "next": "https://evil.example/"}).url == "/merchant/"
    assert client.post("/merchant/choose/", {"merchant": make_merchant().pk}).status_code == 200
