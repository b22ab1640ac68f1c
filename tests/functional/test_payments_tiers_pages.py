"""Operations' page of tiers."""

import pytest
from django.test import Client

from payments import models
from tests.factories.payments import make_merchant
from tests.functional.test_payments_making_up_pages import operator

pytestmark = pytest.mark.django_db

SENT = {"subject": "merchant:1", "tier": "reserve:raised", "begins_on": "2999-01-01", "reason": "many <b>returns</b>"}


def test_a_change_is_proposed_by_one_and_agreed_to_by_another() -> None:
    make_merchant()
    first, second = operator("a"), operator("b")
    assert first.post("/ops/tiers/", SENT).status_code == 302
    row = models.TierChange.objects.get()
    own = first.get("/ops/tiers/").content.decode()
    assert "Withdraw" in own and "many &lt;b&gt;returns" in own
    first.post(f"/ops/tiers/{row.pk}/", {"do": "agree"})
    assert models.TierChange.objects.get().state == "proposed"
    second.post(f"/ops/tiers/{row.pk}/", {"do": "agree"})
    assert models.TierChange.objects.get().state == "agreed"
    assert "agreed" in second.get("/ops/tiers/").content.decode()
    gone = second.post(f"/ops/tiers/{row.pk}/", {"do": "decline"}, follow=True).content.decode()
    assert "decided meanwhile" in gone


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays() -> None:
    page = operator("a").post("/ops/tiers/", SENT | {"subject": "merchant:9"})
    assert page.status_code == 422
    assert 'value="merchant:9"' in page.content.decode()
    assert "The bank knows no merchant:9" in page.content.decode()
    assert not models.TierChange.objects.exists()


def test_only_operations_see_it(client: Client) -> None:
    assert client.get("/ops/tiers/").status_code in (302, 403, 404)
    assert client.post("/ops/tiers/1/", {"do": "agree"}).status_code in (302, 403, 404)
