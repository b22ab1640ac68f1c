"""Staff and merchants at once, on real connections: one decision, one store, no order of a suspended merchant."""

import pytest

from mall.merchants.applications import UnableToDecide
from mall.merchants.models import Merchant
from mall.onboarding import deciding
from tests.factories.mall import AT
from tests.factories.onboarding import make_operations, sent
from tests.races import race


@pytest.fixture(autouse=True)
def _home(tmp_path, settings):
    settings.RIALTO_HOME = tmp_path


def test_two_people_who_decide_at_once_open_one_store(fresh_database):
    row = sent()
    first, second, third = make_operations(), make_operations(), make_operations()
    deciding.agree(application_id=row.pk, by=first, at=AT)

    results = race(
        lambda: deciding.agree(application_id=row.pk, by=second, at=AT),
        lambda: deciding.agree(application_id=row.pk, by=third, at=AT),
    )

    row.refresh_from_db()
    assert sorted(isinstance(result, UnableToDecide) for result in results) == [False, True]
    assert (row.state, Merchant.objects.count()) == ("approved", 1)
    assert row.second_decision_by in (second, third)
