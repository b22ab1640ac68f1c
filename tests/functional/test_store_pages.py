"""A store's page: drafts, preview, publishing, pictures, holidays."""

import io
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from PIL import Image

from mall import bank
from mall.actors import NotAllowed
from mall.merchants.models import Membership
from mall.search.queries import search
from mall.storefront import operations, queries
from mall.storefront.models import StorePicture, StoreVersion
from mall.storefront.operations import UnableToEditStore
from tests.factories.mall import AT, deliver_events, make_merchant, make_offer, make_shopper, staff

pytestmark = pytest.mark.django_db

PAGE = {
    "revision": "0",
    "name": "Lagoon & Oak",
    "about": "Lamps <b>by hand</b>",
    "returns_days": "30",
    "returns_text": "Just send it.",
    "delivery_text": "By bicycle.",
    "email": "shop@oak.example",
    "phone": "+49 1",
    "hours": "Mondays",
}


def png(width, height):
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, "PNG")
    return SimpleUploadedFile("banner.png", file.getvalue())


@pytest.fixture
def merchant():
    return make_merchant(name="Before")


@pytest.fixture
def owner(merchant, client):
    client.force_login(merchant.owner)
    return client


def test_a_draft_is_seen_by_nobody_until_it_is_published(owner, merchant):
    make_offer(merchant=merchant, title="Amber lamp")
    page = reverse("store", args=[merchant.slug])
    assert owner.post("/merchant/store/", PAGE | {"preview": "1"}).url == "/merchant/store/preview/"
    assert "By bicycle." in owner.get("/merchant/store/preview/").content.decode()
    assert "By bicycle." not in Client().get(page).content.decode()
    stale = owner.post("/merchant/store/publish/", {"revision": "7"})
    assert stale.url == "/merchant/store/preview/"
    owner.post("/merchant/store/publish/", {"revision": "1"})
    deliver_events()
    text = Client().get(page).content.decode()
    for words in (
        "Lagoon &amp; Oak",
        "&lt;b&gt;by hand",
        "within 30 days",
        "By bicycle.",
        "shop@oak.example",
        "Mondays",
    ):
        assert words in text
    assert search(text="amber").hits[0].merchant == "Lagoon & Oak"
    assert queries.returns_days(merchant_ids=[merchant.pk]) == {merchant.pk: 30}
    assert [row.name for row in queries.history(merchant_id=merchant.pk)] == ["Lagoon & Oak"]
    owner.post("/merchant/store/", PAGE | {"name": "Newer"})
    assert "Lagoon &amp; Oak" in Client().get(page).content.decode()
    assert StoreVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"returns_days": "13"}, "returns_days", "at least 14 days"),
        ({"name": ""}, "name", "A store needs a name."),
        ({"email": "nowhere"}, "email", "shop@example.com"),
        ({"logo": SimpleUploadedFile("x.png", b"MZ")}, "logo", "no picture we can read"),
    ],
)
def test_a_wrong_field_is_answered_beside_it_and_nothing_is_kept(owner, change, field, sentence):
    response = owner.post("/merchant/store/", PAGE | change)
    text = response.content.decode()
    assert response.status_code == 422
    assert f'id="id_{field}_error"' in text and sentence in text
    assert "By bicycle." in text
    assert not StoreVersion.objects.exists()


def test_an_older_tab_is_told_and_the_law_is_kept_by_the_database(owner, merchant):
    owner.post("/merchant/store/", PAGE)
    late = owner.post("/merchant/store/", PAGE | {"name": "Of the other tab"})
    assert late.status_code == 422
    assert "in another tab" in late.content.decode() and 'value="Of the other tab"' in late.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        StoreVersion.objects.update(returns_days=13)


def test_pictures_are_drawn_anew_in_sizes_and_kept_once(owner, merchant):
    owner.post("/merchant/store/", PAGE | {"banner": png(2_000, 500)})
    owner.post("/merchant/store/", PAGE | {"revision": "1", "banner": png(2_000, 500)})
    picture = StorePicture.objects.get()
    view = queries.draft_of(merchant_id=merchant.pk).banner
    shown = queries.picture_view(row=view)
    assert sorted(picture.sizes.values_list("width", flat=True)) == [480, 960, 1600]
    assert shown.srcset.count(".webp ") == 3
    served = Client().get(shown.src)
    assert served["Content-Type"] == "image/webp" and served.content[8:12] == b"WEBP"
    assert "immutable" in served["Cache-Control"]
    assert Client().get(reverse("store-picture", args=[picture.pk, "0" * 16, 480])).status_code == 404
    owner.post("/merchant/store/", PAGE | {"revision": "2", "no_banner": "on"})
    assert queries.draft_of(merchant_id=merchant.pk).banner is None


def test_on_holiday_nothing_is_sold_and_shoppers_read_when_it_is_again(merchant):
    make_offer(merchant=merchant, title="Amber lamp")
    by = staff(merchant)
    today = AT.date()
    operations.set_holiday(
        merchant_id=merchant.pk, begins_on=today + timedelta(days=1), ends_on=today + timedelta(days=3), by=by, at=AT
    )
    for days, sells in ((0, True), (1, False), (3, False), (4, True)):
        operations.follow_holidays(at=AT + timedelta(days=days))
        deliver_events()
        assert bool(search(text="amber").hits) == sells, days
    merchant.refresh_from_db()
    assert merchant.status == "active"
    operations.set_holiday(merchant_id=merchant.pk, begins_on=today, ends_on=today, by=by, at=AT)
    merchant.refresh_from_db()
    assert merchant.status == "paused"
    operations.end_holiday(merchant_id=merchant.pk, by=by, at=AT)
    merchant.refresh_from_db()
    assert merchant.status == "active"


def test_a_holiday_does_not_open_a_suspended_store(owner, merchant):
    today = bank.now().date()
    wrong = owner.post("/merchant/store/holiday/", {"begins_on": today.isoformat(), "ends_on": "2020-01-01"})
    assert wrong.status_code == 422 and "ends on the day it begins" in wrong.content.decode()
    owner.post("/merchant/store/holiday/", {"begins_on": today.isoformat(), "ends_on": today.isoformat()})
    page = Client().get(reverse("store", args=[merchant.slug])).content.decode()
    assert "on holiday and sells again from" in page
    merchant.status = "suspended"
    merchant.save()
    owner.post("/merchant/store/holiday/", {"back": "1"})
    merchant.refresh_from_db()
    assert merchant.status == "suspended"
    with pytest.raises(UnableToEditStore):
        operations.set_holiday(
            merchant_id=merchant.pk, begins_on=date(2026, 1, 1), ends_on=date(2026, 12, 1), by=staff(merchant), at=AT
        )


def test_a_clerk_edits_nothing_and_the_pages_need_few_statements(owner, merchant, django_assert_max_num_queries):
    clerk = make_shopper(money=0)
    Membership.objects.create(merchant=merchant, user=clerk, role="clerk", since=AT)
    by = staff(merchant).__class__("merchant", clerk.pk, merchant.pk, "owner")
    with pytest.raises(NotAllowed):
        operations.save_draft(merchant_id=merchant.pk, values={"name": "Mine"}, revision=0, by=by, at=AT)
    with pytest.raises(NotAllowed):
        operations.publish(merchant_id=merchant.pk, revision=1, by=by, at=AT)
    owner.post("/merchant/store/", PAGE | {"banner": png(2_000, 500)})
    for url in ("/merchant/store/", "/merchant/store/preview/"):
        with django_assert_max_num_queries(15):
            assert owner.get(url).status_code == 200
