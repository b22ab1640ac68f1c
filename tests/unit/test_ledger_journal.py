"""The canonical text of a journal never changes: stored hashes depend on it."""

from datetime import UTC, datetime, timedelta, timezone

from payments.ledger.journal import Journal, Transfer, content_hash

SAID = Journal(
    key="k",
    event="pay",
    reference="order:É",
    happened_at=datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC),
    currency="EUR",
    transfers=(Transfer("a", "b", 5), Transfer("b", "c", 7)),
    metadata={"z": [1, None, True], "a": {"n": "x"}},
)


def vary(**changes: object) -> Journal:
    return Journal(**{name: getattr(SAID, name) for name in Journal.__slots__} | changes)


def test_the_hash_of_a_journal_is_the_one_stored_years_ago() -> None:
    assert content_hash(SAID).hex() == "e4a596e6f976c360f261698794e3a5469aaaaef0458280c0ef770f117a7993e9"


def test_the_hash_leaves_the_key_out_and_the_time_zone_s_name() -> None:
    elsewhere = SAID.happened_at.astimezone(timezone(timedelta(hours=5)))
    assert content_hash(vary(key="other", happened_at=elsewhere)) == content_hash(SAID)
    assert content_hash(vary(metadata={"a": {"n": "x"}, "z": (1, None, True)})) == content_hash(SAID)


def test_the_hash_tells_transfers_and_their_order_apart() -> None:
    hashes = {
        content_hash(SAID),
        content_hash(SAID, reverses=1),
        content_hash(vary(transfers=SAID.transfers[::-1])),
        content_hash(vary(transfers=SAID.transfers[:1])),
        content_hash(vary(transfers=(Transfer("a", "b", 12),))),
        content_hash(vary(happened_at=SAID.happened_at + timedelta(microseconds=1))),
        content_hash(vary(metadata={"z": [1, None, 1], "a": {"n": "x"}})),
    }
    assert len(hashes) == 7
