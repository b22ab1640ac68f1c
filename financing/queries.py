"""What financing tells its pages and other interfaces: loans, their schedules, what is due. Frozen, in primitives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from financing.lending.models import Agreement, Installment, Loan, LoanState, ProductKind
from financing.servicing.models import LoanTransaction


@dataclass(frozen=True, slots=True)
class LineView:
    """One payment of a schedule; amounts in minor units; ``state`` is paid, due, late or coming."""

    number: int
    due_on: date
    amount: int
    paid: int
    principal: int
    interest: int
    fee: int
    state: str

    @property
    def open(self) -> int:
        """Return what is still to pay."""
        return self.amount - self.paid


@dataclass(frozen=True, slots=True)
class MovementView:
    """One thing that happened to a loan."""

    at: datetime
    kind: str
    amount: int
    # What of it exceeded the debt and went to the borrower's account.
    credit: int = 0


@dataclass(frozen=True, slots=True)
class LoanView:
    """A loan as its borrower sees it."""

    loan_id: int
    kind: str
    name: str
    state: str
    label: str
    currency: str
    principal: int
    outstanding: int
    payoff: int
    undrawn: int
    due_now: int
    next_due_on: date | None
    next_due: int
    days_late: int
    apr_bps: int
    share_bps: int
    fee: int
    reference: str
    signed_at: datetime
    ends_on: date
    repaid: int
    lines: tuple[LineView, ...]
    movements: tuple[MovementView, ...]

    @property
    def repaid_percent(self) -> int:
        """Return how much of all that is to pay has been paid, in whole percent."""
        total = sum(line.amount for line in self.lines)
        return min(100, 100 * sum(line.paid for line in self.lines) // total) if total else 100


def loans_of(*, borrower: str, on: date, kind: str | None = None, ended: bool = True) -> list[LoanView]:
    """Return a borrower's loans with their schedules, running ones first, newest first; four statements."""
    found = Loan.objects.filter(borrower=borrower).exclude(state=LoanState.CANCELLED)
    if kind:
        found = found.filter(kind=kind)
    if not ended:
        found = found.filter(state__in=[LoanState.SIGNED, LoanState.ACTIVE])
    return _views(list(found.select_related("product").order_by("-pk")), on)


def loan_of(*, borrower: str, loan_id: int, on: date) -> LoanView | None:
    """Return one loan, if it is this borrower's."""
    views = _views(list(Loan.objects.filter(borrower=borrower, pk=loan_id).select_related("product")), on)
    return views[0] if views else None


def agreement_of(*, borrower: str, loan_id: int) -> Agreement | None:
    """Return the archived agreement of a loan, if it is this borrower's."""
    return Agreement.objects.filter(loan_id=loan_id, loan__borrower=borrower).select_related("loan").first()


def due_soon(*, borrower: str, on: date, days: int = 31) -> list[tuple[int, date, int]]:
    """Return (loan, day, amount) of what is due or falls due within some days, the oldest first."""
    return sorted(
        (
            (view.loan_id, line.due_on, line.open)
            for view in loans_of(borrower=borrower, on=on, ended=False)
            for line in view.lines
            if line.open and line.due_on <= on + timedelta(days=days)
        ),
        key=lambda row: row[1],
    )


def _views(loans: Sequence[Loan], on: date) -> list[LoanView]:
    ids = [loan.pk for loan in loans]
    lines: dict[int, list[Installment]] = {}
    for row in Installment.objects.filter(loan__in=ids).order_by("number"):
        lines.setdefault(row.loan_id, []).append(row)
    movements: dict[int, list[MovementView]] = {}
    shown = LoanTransaction.objects.filter(loan__in=ids).exclude(kind__in=["cancellation", "subsidy"])
    for row in shown.order_by("-at", "-pk"):
        amount = row.principal + row.interest + row.fees + row.credit
        movements.setdefault(row.loan_id, []).append(MovementView(row.at, row.kind, amount, row.credit))
    views = [_view(loan, lines.get(loan.pk, []), movements.get(loan.pk, []), on) for loan in loans]
    return sorted(views, key=lambda view: view.state not in (LoanState.SIGNED, LoanState.ACTIVE))


def _view(loan: Loan, rows: Sequence[Installment], movements: Sequence[MovementView], on: date) -> LoanView:
    lines = tuple(_line(row, loan, on) for row in rows if row.principal + row.interest + row.fee + row.fee_planned)
    open_lines = [line for line in lines if line.open] if loan.state in (LoanState.SIGNED, LoanState.ACTIVE) else []
    coming = next((line for line in open_lines if line.due_on > on), None)
    out = loan.outstanding + loan.interest + loan.fees
    return LoanView(
        loan_id=loan.pk,
        kind=loan.kind,
        name=loan.product.name,
        state=loan.state,
        label=loan.get_state_display(),
        currency=loan.currency,
        principal=loan.principal,
        outstanding=loan.outstanding,
        payoff=out,
        undrawn=loan.undrawn,
        due_now=min(out, sum(line.open for line in open_lines if line.due_on <= on)),
        next_due_on=coming.due_on if coming else None,
        next_due=coming.open if coming else 0,
        days_late=loan.days_late,
        apr_bps=loan.apr_bps,
        share_bps=loan.share_bps,
        fee=loan.fee,
        reference=loan.reference,
        signed_at=loan.signed_at,
        ends_on=loan.ends_on,
        repaid=loan.repaid,
        lines=lines,
        movements=tuple(movements),
    )


def _line(row: Installment, loan: Loan, on: date) -> LineView:
    ended = loan.state not in (LoanState.SIGNED, LoanState.ACTIVE)
    # What is still to come is shown as it was planned; what is over, as it really was.
    interest = row.interest if row.due_on <= on or ended or row.settled_on else max(row.interest, row.interest_planned)
    fee = row.fee if loan.disbursed else row.fee_planned
    amount = row.principal + interest + fee
    paid = row.principal_paid + row.interest_paid + row.fee_paid
    if amount <= paid:
        state = "paid"
    elif loan.state == LoanState.CHARGED_OFF:
        state = "lost"
    elif ended:
        state = "paid"
        amount = paid
    elif row.due_on < on:
        state = "late"
    else:
        state = "due" if row.due_on == on else "coming"
    return LineView(row.number, row.due_on, amount, paid, row.principal, interest, fee, state)


__all__ = ["LineView", "LoanView", "MovementView", "ProductKind", "agreement_of", "due_soon", "loan_of", "loans_of"]


def closing_items(*, merchant_id: int, at: datetime) -> list[tuple[str, bool, str, str]]:
    """Return what of a merchant's credit must be over before its store is closed: (name, done, shown, told)."""
    running = loans_of(borrower=f"merchant:{merchant_id}", on=at.date(), ended=False)
    return [(_("Advances"), not running, str(len(running)), _("To be repaid before closing."))]
