"""Living small histories in tests, and all they left, told without the numbers a database makes up."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time

from django.db import connection

from config.simulation import credit
from config.simulation.drive import Driver
from config.simulation.economy.generate import Economy
from config.simulation.founding import found
from config.simulation.models import Run
from config.simulation.pilot import Pilot
from config.simulation.progress import Progress
from config.simulation.roles import Tally
from config.simulation.sharing import Helper

LAST = date(2026, 6, 28)
SIZE = {"days": 140, "shoppers": 30, "merchants": 6, "products": 40, "orders": 160}

# Names that stay the same whatever the order in which rows were made.
_NAMES = """
SELECT 'held:' || id, 'held:' || reference FROM payments_payment
UNION ALL SELECT 'loan:' || id, 'loan:' || reference FROM financing_loan
UNION ALL SELECT 'borrower:' || id, 'borrower:' || reference FROM financing_borrower
"""
_TABLES = {
    "orders": """
        SELECT key, number, status, total_minor, currency, date_placed, confirmed_at, cancelled_at, cancelled_reason,
            device FROM order_order""",
    "consignments": """
        SELECT number, merchant_id, status, goods, shipping, refunded, placed_at, promised_by, confirmed_at,
            dispatched_at, delivered_at, delivered_said_by, release_due, released_at, cancelled_at
        FROM fulfilment_consignment""",
    "consignment history": """
        SELECT c.number, e.status, e.at, e.by, e.note FROM fulfilment_consignmentevent e
        JOIN fulfilment_consignment c ON c.id = e.consignment_id""",
    "stock": "SELECT partner_sku, num_in_stock, num_allocated FROM partner_stockrecord",
    "reviews": """
        SELECT c.number, r.score, r.body, r.at FROM fulfilment_merchantreview r
        JOIN fulfilment_consignment c ON c.id = r.consignment_id""",
    "payments": "SELECT reference, payer, amount, state, refusal, created_at, resolved_at FROM payments_payment",
    "tenders": """
        SELECT p.reference, t.position, t.method, t.amount, t.authorised, t.captured, t.refunded, t.state
        FROM payments_tender t JOIN payments_payment p ON p.id = t.payment_id""",
    "parts": """
        SELECT reference, amount, captured, released, refunded_before, refunded_after, cancelled, unsettled_released,
            unsettled_refunded, state, settle_on FROM payments_part""",
    "refunds": """
        SELECT p.reference, r.amount, r.at, r.reason, r.from_escrow, r.from_pending, r.from_available, r.from_reserve,
            r.from_receivable FROM payments_refund r JOIN payments_part p ON p.id = r.part_id""",
    "settlements": """
        SELECT merchant, day, released, refunded, to_receivable, to_reserve, to_available, withheld, matured
        FROM payments_settlement""",
    "payouts": "SELECT merchant, day, amount, state FROM payments_payout",
    "loans": """
        SELECT reference, kind, borrower, principal, state, disbursed, outstanding, repaid, refunded, charged_off,
            interest, fees, deferred, interest_paid, fees_paid, days_late, worst_days_late, signed_at, disbursed_at,
            ended_at, CASE WHEN ended_at IS NULL THEN closed_through END FROM financing_loan""",
    "instalments": """
        SELECT l.reference, i.number, i.due_on, i.principal, i.interest, i.fee, i.principal_paid, i.interest_paid,
            i.fee_paid, i.late_fee, i.settled_on FROM financing_installment i
        JOIN financing_loan l ON l.id = i.loan_id""",
}
_TRANSFERS = """
SELECT j.event, j.happened_at, debit.code, credit.code, t.amount FROM ledger_transfer t
JOIN ledger_all_journal j ON j.id = t.journal_id JOIN ledger_account debit ON debit.id = t.debit_id
JOIN ledger_account credit ON credit.id = t.credit_id
"""


def live(*, window_days: int, seed: int = 5, until: date | None = None, helped: bool = False, **size: int) -> Tally:
    """Live a small economy with plans and advances; ``helped``: by two processes."""
    economy = Economy(seed=seed, last_day=LAST, **{**SIZE, **size})
    helper = None
    if helped:
        helper = Helper(history=economy, credit_for=lambda known: Pilot(history=economy, known=known))
    try:
        return _live(economy, helper, window_days, until)
    finally:
        if helper:
            helper.close()


def _live(economy: Economy, helper: Helper | None, window_days: int, until: date | None) -> Tally:
    progress = Progress(quiet=True)
    known = found(source=economy.name, currency="EUR", people=economy.founding(), progress=progress)
    credit.prepare(currency="EUR", at=datetime.combine(economy.first_day, time(), tzinfo=UTC))
    run, _ = Run.objects.get_or_create(name=economy.name)
    driver = Driver(
        history=economy,
        run=run,
        known=known,
        window_days=window_days,
        credit=Pilot(history=economy, known=known),
        progress=progress,
        share=helper,
    )
    if helper:
        helper.introduce(known=known, run=run)
    return driver.live(until=until)


def everything() -> dict[str, Counter[tuple]]:
    """Return the rows of every table that tells what happened, and every transfer of the book."""
    names = dict(_rows(_NAMES))
    found = {name: Counter(_rows(statement)) for name, statement in _TABLES.items()}
    found["transfers"] = Counter(
        (event, at, _named(debit, names), _named(credited, names), amount)
        for event, at, debit, credited, amount in _rows(_TRANSFERS)
    )
    return found


def _named(code: str, names: dict[str, str]) -> str:
    kind, _, rest = code.partition(":")
    number, _, tail = rest.partition(":")
    known = names.get(f"{kind}:{number}")
    return f"{known}:{tail}" if known else code


def _rows(statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
