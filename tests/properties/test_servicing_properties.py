"""Whatever happens to a loan, in whatever order, its amounts agree with each other and with its postings."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from financing.lending import schedules
from financing.lending.models import LoanState
from financing.servicing import acts, days
from financing.servicing.account import Codes, Line, LoanAccount

START = date(2026, 1, 31)
PRINCIPAL = 90_000
CODES = Codes(
    principal="L:principal",
    interest="L:interest",
    fees="L:fees",
    deferred="L:deferred",
    suspended="L:suspended",
    income_interest="income:interest",
    income_fees="income:fees",
    income_late="income:late",
    income_recovery="income:recovery",
    chargeoff="expense:chargeoff",
    credit="borrower:credit",
)


def loan(rate_bps: int, fee: int, early_rule: str) -> LoanAccount:
    terms = schedules.Terms(
        principal=PRINCIPAL, annual_rate=Fraction(rate_bps, 10_000), installments=6, starts_on=START
    )
    lines = []
    for row in schedules.plan(terms=terms):
        rate = schedules.period_rate(terms=terms, since=row.starts_on, until=row.due_on)
        length = (row.due_on - row.starts_on).days
        nothing = dict.fromkeys(
            ("interest", "fee", "principal_paid", "interest_paid", "fee_paid", "principal_days", "late_fee"), 0
        )
        line = Line(
            id=row.number,
            number=row.number,
            starts_on=row.starts_on,
            due_on=row.due_on,
            principal=row.principal,
            interest_planned=row.interest,
            fee_planned=fee // 6,
            overdue_said=0,
            settled_on=None,
            **nothing,
        )
        line.rate_numerator, line.rate_denominator = rate.numerator, rate.denominator * length
        lines.append(line)
    account = LoanAccount(
        id=1,
        kind="advance" if fee else "installments",
        state=LoanState.SIGNED,
        borrower="user:1",
        currency="EUR",
        repay_account="deposit:A",
        autopay=True,
        merchant="",
        annual_rate_bps=rate_bps,
        undrawn=PRINCIPAL,
        disbursed=0,
        outstanding=0,
        repaid=0,
        refunded=0,
        charged_off=0,
        recovered=0,
        interest=0,
        fees=0,
        deferred=0,
        suspended=0,
        earning_rate=10**9 // 2,
        earning_rest=0,
        interest_paid=0,
        fees_paid=0,
        days_late=0,
        worst_days_late=0,
        disbursed_at=None,
        ended_at=None,
        closed_through=START - timedelta(days=1),
        waterfall=("fees", "interest", "principal"),
        early_rule=early_rule,
        grace_days=5,
        late_fee=500,
        charge_off_days=180,
        codes=CODES,
        lines=lines,
    )
    account.find_next_due()
    return account


def check(account: LoanAccount, booked: Counter[str]) -> None:
    """Hold the account to its invariants, and to what its transfers sum to."""
    assert account.disbursed == account.outstanding + account.repaid + account.refunded + account.charged_off
    open_principal = sum(line.open_principal for line in account.lines)
    assert open_principal == account.outstanding + account.undrawn + account.charged_off
    if account.state != LoanState.CHARGED_OFF:
        assert account.interest == sum(line.open_interest for line in account.lines)
        assert account.fees == sum(line.open_fee for line in account.lines)
    assert all(line.open_principal >= 0 and line.open_interest >= 0 and line.open_fee >= 0 for line in account.lines)
    assert 0 <= account.suspended <= account.interest
    assert booked[CODES.principal] == account.outstanding
    assert booked[CODES.interest] == account.interest
    assert booked[CODES.fees] == account.fees
    assert -booked[CODES.deferred] == account.deferred
    assert -booked[CODES.suspended] == account.suspended
    if not account.live:
        assert account.outstanding == account.interest == account.fees == 0


ACTS = st.one_of(
    st.tuples(st.just("days"), st.integers(1, 70)),
    st.tuples(st.just("draw"), st.integers(1, PRINCIPAL)),
    st.tuples(st.just("cancel"), st.integers(1, PRINCIPAL)),
    st.tuples(st.just("repay"), st.integers(1, 40_000)),
    st.tuples(st.just("refund"), st.integers(1, 60_000)),
    st.tuples(st.just("money"), st.integers(1, 40_000)),
)


@settings(max_examples=150, deadline=None)
@given(
    steps=st.lists(ACTS, min_size=1, max_size=25),
    rate_bps=st.sampled_from([0, 1_290, 3_600]),
    fee=st.sampled_from([0, 6_000]),
    early_rule=st.sampled_from(["next", "last"]),
)
def test_a_loan_balances_after_every_act(steps, rate_bps, fee, early_rule):
    account = loan(rate_bps, fee, early_rule)
    booked: Counter[str] = Counter()
    available = {"deposit:A": 0}
    today = START
    for number, (what, size) in enumerate(steps):
        at = datetime.combine(today, time(12), tzinfo=UTC)
        extra = ()
        if what == "days":
            for _ in range(size):
                close_one(account, today, available)
                today += timedelta(days=1)
        elif what == "money":
            available["deposit:A"] += size
        elif what == "draw" and account.live and account.undrawn:
            amount = min(size, account.undrawn)
            acts.draw(account, amount=amount, to=(("escrow:K", amount),), key=f"k{number}", at=at)
        elif what == "cancel" and account.live and account.undrawn:
            acts.cancel_undrawn(account, amount=min(size, account.undrawn), at=at)
        elif what == "repay" and account.state == LoanState.ACTIVE and account.payoff:
            acts.repay(account, amount=size, source="deposit:A", key=f"k{number}", at=at)
        elif what == "refund" and account.state in (LoanState.ACTIVE, LoanState.CLOSED):
            movement, unearned = acts.refund(account, amount=size, key=f"k{number}", at=at)
            extra = refund_transfers(movement, unearned)
        account.find_next_due()
        book(account, booked, extra)
        check(account, booked)


def close_one(account: LoanAccount, day: date, available: dict[str, int]) -> None:
    if account.state == LoanState.ACTIVE and account.next_due <= day:
        days.close_due_day(account, day=day, available=available)
    else:
        days.pass_time(account, until=day)


def refund_transfers(movement, unearned):
    parts = ((CODES.principal, movement.principal), (CODES.interest, movement.interest), (CODES.fees, movement.fees))
    found = [("escrow:K", code, amount) for code, amount in parts if amount]
    return (*found, (CODES.deferred, "merchant:1:available", unearned)) if unearned else tuple(found)


def book(account: LoanAccount, booked: Counter[str], extra) -> None:
    transfers = [transfer for movement in account.movements for transfer in movement.transfers]
    transfers += [transfer for _, transfer in account.accruals]
    for transfer in transfers:
        assert transfer.amount > 0
        booked[transfer.debit] += transfer.amount
        booked[transfer.credit] -= transfer.amount
    for debit, credit, amount in extra:
        booked[debit] += amount
        booked[credit] -= amount
    account.movements, account.accruals, account.facts = [], [], []
