"""`manage.py fill`: a market with people who can sign in, loans, offers and open cases; once."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection

from config.settings import policy
from config.simulation import people
from mall.customer.models import User
from payments.ledger import verification
from tests.factories import histories

# They share the card stand-in.
pytestmark = pytest.mark.xdist_group("card stand-in")

SMALL = ("--orders", "300", "--shoppers", "60", "--merchants", "8", "--products", "60", "--days", "260", "--quiet")


@pytest.fixture(autouse=True)
def lake(settings, tmp_path: Path) -> None:
    """Keep this test's facts to itself."""
    settings.RIALTO_LAKE = str(tmp_path / "lake")


def test_fill_leaves_a_living_market_and_a_second_fill_leaves_it_alone(fresh_database, capsys, settings) -> None:
    settings.RIALTO_VELOCITY_RULES = policy.RIALTO_VELOCITY_RULES
    call_command("fill", "--incidents", *SMALL)
    said = capsys.readouterr().out
    assert "Filled in" in said and "too small" not in said

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT status) FROM order_order")
        orders, statuses = cursor.fetchone()
        cursor.execute("SELECT array_agg(DISTINCT kind), array_agg(DISTINCT state) FROM financing_loan")
        kinds, states = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM payments_outboxevent WHERE delivered_at IS NULL")
        assert cursor.fetchone() == (0,)
    assert orders == 304  # four of them by guests, for operations to look at
    assert statuses >= 3
    assert set(kinds) == {"installments", "advance"}
    assert {"active", "closed"} <= set(states)
    assert verification.verify().problems == []

    with connection.cursor() as cursor:
        # The stand-in also tells of other tests' disputes, of no charge that is known here.
        cursor.execute(
            "SELECT array_agg(state ORDER BY state) FROM payments_dispute WHERE share_id IS NOT NULL"
        )
        assert cursor.fetchone() == (["lost", "needs_response"],)
        cursor.execute("SELECT state FROM payments_payment WHERE payer = 'guest:held@guests.example'")
        assert cursor.fetchone() == ("in_review",)
        cursor.execute("SELECT count(*) FROM payments_failedrefund WHERE state = 'waiting'")
        assert cursor.fetchone() == (1,)

    before = histories.everything()
    call_command("fill", "--incidents", *SMALL)
    assert "there already" in capsys.readouterr().out
    assert histories.everything() == before

    signs = people.sign_ins()
    assert [role for role, *_ in signs] == [
        "shopper", "merchant owner", "merchant clerk", "credit officer", "senior officer", "operations", "risk manager",
        "operations",
    ]  # fmt: skip
    for role, email, password, secret in signs:
        assert authenticate(None, username=email, password=password) == User.objects.get(email=email)
        assert (secret is not None) == (role in {name for name, _, _ in people.STAFF})
    unusable = User.objects.exclude(email__in=[email for _, email, _, _ in signs])
    assert all(password.startswith("!") for password in unusable.values_list("password", flat=True))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--orders", "0"), "--orders 0 is too small"),
        (("--days", "10"), "--days 10 is too small"),
        (("--products", "5", "--merchants", "6"), "--products is below --merchants"),
    ],
)
def test_an_impossible_size_is_refused_in_one_sentence(options: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("fill", *options)


def test_production_is_not_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIALTO_ENV", "production")
    with pytest.raises(CommandError, match="not for production"):
        call_command("fill")
