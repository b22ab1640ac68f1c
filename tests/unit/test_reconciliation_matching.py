"""Which entries of two sides are the same money: whatever is lost, doubled or changed on one side is found."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from payments.reconciliation import matching
from payments.reconciliation.matching import OURS, THEIRS, Entry

DAY = date(2026, 3, 2)


def entry(number: int, side: str, reference: str = "", amount: int = 100, day: int = 0, currency: str = "EUR") -> Entry:
    return Entry(number, side, reference, amount, currency, DAY + timedelta(days=day))


def matched(*entries: Entry, **named) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.how, one.ids) for one in matching.match(entries=entries, days=3, **named)]


def test_a_reference_and_an_amount_match_one_to_one() -> None:
    found = matched(entry(1, OURS, "a"), entry(2, THEIRS, "a", day=40), entry(3, THEIRS, "a"))
    assert found == [("reference", (1, 3))]


def test_a_reference_matches_what_sums_to_the_same() -> None:
    assert matched(entry(1, OURS, "a", 300), entry(2, THEIRS, "a", 100), entry(3, THEIRS, "a", 200)) == [
        ("sum", (1, 2, 3))
    ]
    assert matched(entry(1, OURS, "a", 300), entry(2, THEIRS, "a", 100)) == []


def test_amount_and_date_match_only_where_there_is_one_candidate() -> None:
    assert matched(entry(1, OURS), entry(2, THEIRS, day=3)) == [("amount_and_date", (1, 2))]
    assert matched(entry(1, OURS), entry(2, THEIRS, day=4)) == []
    assert matched(entry(1, OURS), entry(2, THEIRS), entry(3, THEIRS, day=1)) == []
    assert matched(entry(1, OURS), entry(2, THEIRS, currency="CHF")) == []
    assert matched(entry(1, OURS), entry(2, THEIRS, amount=-100)) == []


def test_two_references_of_one_register_are_two_things() -> None:
    two = (entry(1, OURS, "a"), entry(2, THEIRS, "b"))
    assert matched(*two) == []
    assert matched(*two, references_bind=False) == [("amount_and_date", (1, 2))]
    spoken_for = (*two, entry(3, OURS, "b", 70))
    assert matched(*spoken_for, references_bind=False) == []


def test_what_is_left_is_missing_unknown_wrong_or_doubled() -> None:
    entries = [
        entry(1, OURS, "gone", 10),
        entry(2, THEIRS, "new", 20),
        entry(3, OURS, "w", 30),
        entry(4, THEIRS, "w", 33),
        entry(5, THEIRS, "d", 40),
    ]
    found = matching.findings(entries=entries, matched={(THEIRS, "d", 40, "EUR")})
    assert sorted((one.kind, one.ids, one.difference) for one in found) == [
        ("doubled", (5,), 40),
        ("missing", (1,), -10),
        ("unknown", (2,), 20),
        ("wrong_amount", (3, 4), 3),
    ]


def test_the_likeliest_are_told_first_and_few() -> None:
    mine = entry(1, OURS, "a", 100)
    others = [entry(2, THEIRS, "b", 100, 9), entry(3, THEIRS, "a", 90), entry(4, THEIRS, "", 100, 1), entry(5, OURS)]
    assert [one.id for one in matching.likely(entry=mine, others=others)] == [3, 4, 2]


lines = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 5), st.integers(0, 9)),
    max_size=40,
    unique_by=lambda line: line[0],
)
faults = st.dictionaries(st.integers(0, 30), st.sampled_from(["lost here", "lost there", "doubled", "changed"]))


@given(lines=lines, faults=faults)
def test_every_fault_is_found_and_nothing_else(lines: list[tuple[int, int, int]], faults: dict[int, str]) -> None:
    entries: list[Entry] = []
    expected: Counter[str] = Counter()
    kinds = {"lost here": "unknown", "lost there": "missing", "doubled": "doubled", "changed": "wrong_amount"}
    for reference, amount, day in lines:
        fault = faults.get(reference, "")
        expected[kinds.get(fault, "")] += 1
        sides = [] if fault == "lost here" else [(OURS, amount)]
        sides += [] if fault == "lost there" else [(THEIRS, amount + 50 if fault == "changed" else amount)]
        sides += [(THEIRS, amount)] if fault == "doubled" else []
        for side, value in sides:
            entries.append(entry(len(entries), side, str(reference), value, day))
    found = matching.match(entries=entries, days=3)
    taken = {number for one in found for number in one.ids}
    assert len(taken) == sum(len(one.ids) for one in found), "an entry is in two matches"
    known = {(one.side, one.reference, one.amount, one.currency) for one in entries if one.id in taken}
    left = [one for one in entries if one.id not in taken]
    del expected[""]
    assert Counter(one.kind for one in matching.findings(entries=left, matched=known)) == expected


@given(
    st.lists(st.tuples(st.sampled_from([OURS, THEIRS]), st.sampled_from("ab "), st.integers(1, 3), st.integers(0, 9)))
)
def test_what_is_matched_is_balanced_and_of_two_sides(drawn: list[tuple[str, str, int, int]]) -> None:
    entries = [entry(number, side, name.strip(), amount, day) for number, (side, name, amount, day) in enumerate(drawn)]
    for one in matching.match(entries=entries, days=3, references_bind=False):
        sums = {OURS: 0, THEIRS: 0}
        for number in one.ids:
            sums[entries[number].side] += entries[number].amount
        assert sums[OURS] == sums[THEIRS] > 0
