"""The bell, the list of notices, how one is told, and the link that ends letters."""

import re

import pytest
from django.core import mail
from django.urls import reverse

from mall import bank
from mall.notices import kinds, operations, queries
from mall.notices.models import Notice
from tests.factories.mall import deliver_events, make_shopper

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> {{ 7|add:7 }}"


def tell(user, key="k", **others):
    given = {"kind": kinds.ORDERS, "title": "Your parcel is on its way", "url": "/orders/", "at": bank.now()} | others
    return operations.notify(user_id=user.pk, key=key, **given)


def test_the_bell_counts_what_is_new_and_forgets_it_once_read(client, django_capture_on_commit_callbacks):
    user = make_shopper(money=0)
    client.force_login(user)
    with django_capture_on_commit_callbacks(execute=True):
        tell(user)
    assert "One new notice" in client.get("/").content.decode()
    notice = Notice.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.get(reverse("notice", args=[notice.pk]))["Location"] == "/orders/"
    assert "One new notice" not in client.get("/").content.decode()


def test_notices_are_their_persons_alone(client):
    owner, stranger = make_shopper(money=0), make_shopper(money=0)
    tell(owner, title="A secret parcel")
    notice = Notice.objects.get()
    assert client.get("/notices/").status_code == 302
    client.force_login(stranger)
    assert "A secret parcel" not in client.get("/notices/").content.decode()
    assert client.get(reverse("notice", args=[notice.pk])).status_code == 404
    client.post(reverse("notices-read"), {"through": str(notice.pk)})
    notice.refresh_from_db()
    assert notice.read_at is None


def test_hostile_words_are_shown_as_words(client):
    user = make_shopper(money=0)
    tell(user, title=HOSTILE, body=HOSTILE)
    client.force_login(user)
    text = client.get("/notices/").content.decode()
    assert "<script>alert" not in text and "<img src=x" not in text
    assert "{{ 7|add:7 }}" in text


@pytest.mark.parametrize("place", ["x", "2026-01-01|1", "2026-01-01T00:00:00+00:00|x", "|", "9" * 400])
def test_a_place_that_makes_no_sense_is_the_beginning(client, place):
    user = make_shopper(money=0)
    tell(user)
    client.force_login(user)
    assert "on its way" in client.get("/notices/", {"before": place}).content.decode()


def test_the_list_needs_the_same_queries_however_long(client, django_assert_max_num_queries):
    user = make_shopper(money=0)
    client.force_login(user)
    tell(user)
    client.get("/notices/")
    with django_assert_max_num_queries(15) as few:
        client.get("/notices/")
    for number in range(30):
        tell(user, key=str(number))
    with django_assert_max_num_queries(15) as many:
        client.get("/notices/")
    assert len(many) == len(few)


def test_how_one_is_told_is_chosen_and_kept(client):
    user = make_shopper(money=0)
    client.force_login(user)
    url = reverse("notice-settings")
    data = {"reviews-mail": "on", "alerts-site": "on", "digest": "on", "digest_hour": "9", "zone": "Europe/Madrid",
            "quiet_from": "22", "quiet_until": "7"}  # fmt: skip
    assert client.post(url, data).status_code == 302
    assert queries.ways(user_id=user.pk)["reviews"] == (True, False)
    assert queries.ways(user_id=user.pk)["alerts"] == (False, True)
    assert queries.hours(user_id=user.pk).zone == "Europe/Madrid"
    wrong = client.post(url, data | {"quiet_until": "", "digest_hour": "10"})
    text = wrong.content.decode()
    assert wrong.status_code == 422 and "need a beginning and an end" in text
    assert re.search(r'id="reviews-mail"[^>]*checked', text)
    assert queries.hours(user_id=user.pk).digest_hour == 9


def test_the_link_in_a_letter_ends_letters_of_its_kind_for_whoever_holds_it(client):
    user = make_shopper(money=0)
    tell(user, kind=kinds.ALERTS)
    deliver_events()
    path = re.search(r"(/notices/stop/\S+)", mail.outbox[0].body)[1]
    assert client.get(path).status_code == 200
    assert queries.ways(user_id=user.pk)["alerts"] == (True, True)
    assert "no more letters" in client.post(path, {"List-Unsubscribe": "One-Click"}).content.decode()
    assert queries.ways(user_id=user.pk)["alerts"] == (False, True)
    assert client.get(path[:-3] + "xx/").status_code == 404
    assert mail.outbox[0].extra_headers["List-Unsubscribe"].endswith(f"{path}>")


def test_a_wrong_password_is_answered_with_one_sentence_that_says_what_to_do(client):
    user = make_shopper(money=0)
    text = client.post(reverse("account_login"), {"login": user.email, "password": "wrong"}).content.decode()
    assert "do not belong together" in text
    assert "check what is marked below" not in text
    assert user.email in text
    assert reverse("account_reset_password") in text
    unknown = client.post(reverse("account_login"), {"login": "nobody@mail.example", "password": "wrong"})
    assert "do not belong together" in unknown.content.decode()
    empty = client.post(reverse("account_login"), {"login": "", "password": ""}).content.decode()
    assert "check what is marked below" in empty
