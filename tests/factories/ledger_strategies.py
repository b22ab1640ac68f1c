"""What random histories of the ledger are made of: accounts, journals, and the ways to repeat one wrongly."""

from dataclasses import replace
from datetime import UTC, timedelta

from hypothesis import strategies as st

from payments.ledger.journal import MAX_AMOUNT, AccountSpec, Journal
from tests.factories.ledger import AT, make_journal

DAY = timedelta(days=1)
SPECS = (
    AccountSpec("hot:in", "asset", "EUR", "debit", hot=True),
    AccountSpec("hot:out", "income", "EUR", "credit", hot=True),
    AccountSpec("free", "equity", "EUR", "credit"),
    AccountSpec("spent", "expense", "EUR", "debit"),
    AccountSpec("a", "liability", "EUR", "credit", floor=0),
    AccountSpec("b", "liability", "EUR", "credit", floor=0),
    AccountSpec("overdraft", "liability", "EUR", "credit", floor=-20),
    AccountSpec("claim", "asset", "EUR", "debit", floor=0),
    AccountSpec("brief", "liability", "EUR", "credit", floor=0),
    AccountSpec("hot:usd", "asset", "USD", "debit", hot=True),
    AccountSpec("usd", "liability", "USD", "credit", floor=0),
)
LATER = (
    AccountSpec("late", "liability", "EUR", "credit", floor=0),
    AccountSpec("late", "liability", "EUR", "credit", floor=-5),
    AccountSpec("late hot", "income", "EUR", "credit", hot=True),
    AccountSpec("late yen", "asset", "JPY", "debit"),
    AccountSpec("a", "liability", "EUR", "credit", floor=0),
    AccountSpec("b", "liability", "EUR", "credit"),
)
EUROS = [spec.code for spec in SPECS if spec.currency == "EUR"]
ALL = [*dict.fromkeys(spec.code for spec in (*SPECS, *LATER)), "unknown"]
CODES = {
    "EUR": st.sampled_from([*EUROS * 6, "late", "late", "late hot", "usd", "unknown"]),
    "USD": st.sampled_from([*["hot:usd", "usd"] * 8, "hot:in"]),
    "JPY": st.sampled_from(["late yen", "a", "unknown"]),
}
CURRENCIES = st.sampled_from(["EUR"] * 9 + ["USD"] * 2 + ["JPY"])
KEYS = st.integers(0, 149).map("key {}".format)
# Small, so that floors are met exactly; and now and then what is out of bounds, or just within.
AMOUNTS = st.sampled_from([1, 1, 1, 2, 2, 3, 5, 8, 20, 21] * 9 + [0, -1, MAX_AMOUNT, MAX_AMOUNT + 1])
DAYS = st.integers(-3, 3)


@st.composite
def transfers(draw: st.DrawFn, currency: str) -> tuple[tuple[str, str, int], ...]:
    codes = CODES[currency]
    pair = st.tuples(codes, codes).filter(lambda each: each[0] != each[1] or each[0] == "a")
    return tuple((*draw(pair), draw(AMOUNTS)) for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))))


@st.composite
def journals(draw: st.DrawFn) -> Journal:
    currency = draw(CURRENCIES)
    return make_journal(
        draw(KEYS), *draw(transfers(currency)), at=AT + draw(DAYS) * DAY, currency=currency, reference="the history"
    )


# Money comes in, is spent, is earned: what mostly can be posted.
LIKELY = st.builds(
    lambda key, pair, amount, days: make_journal(key, (*pair, amount), at=AT + days * DAY),
    KEYS,
    st.sampled_from(
        [("hot:in", "a"), ("hot:in", "b"), ("claim", "a"), ("spent", "brief"), ("a", "b"), ("overdraft", "a"),
         ("a", "hot:out"), ("b", "claim"), ("brief", "free"), ("a", "late hot")]
    ),
    st.sampled_from([1, 2, 3, 5, 8, 20, 21]),
    DAYS,
)  # fmt: skip
JOURNALS = LIKELY | LIKELY | journals()

CHANGES = {
    "nothing": lambda said: said,
    "event": lambda said: replace(said, event=said.event + "!"),
    "reference": lambda said: replace(said, reference=said.reference + "!"),
    "time": lambda said: replace(said, happened_at=said.happened_at + timedelta(microseconds=1)),
    "zone": lambda said: replace(said, happened_at=said.happened_at.astimezone(UTC)),
    "metadata": lambda said: replace(said, metadata={**said.metadata, "more": 1}),
    "amount": lambda said: replace(said, transfers=(replace(said.transfers[0], amount=7), *said.transfers[1:])),
    "order": lambda said: replace(said, transfers=said.transfers[::-1]),
    "currency": lambda said: replace(said, currency="BRL"),
}
