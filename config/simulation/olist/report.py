"""What became of the recorded orders: counted from the books, not from what the replay believes it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from config.simulation.olist.history import CURRENCY, SOURCE
from config.simulation.olist.living import Lived, Prepared
from payments.ledger import verification
from payments.money import Money

ASSUMPTIONS = (
    "Times carry no zone and are taken as UTC.",
    "Shoppers and merchants are assumed to consent to the use of their trade data for credit.",
    "A voucher is the bank's own, for exactly what was recorded.",
    "A parcel known to arrive is on its way until then; one never heard of again is released after the waiting time.",
    "An order without an approval time is approved when placed; one cancelled is so when the time to send it is over.",
    "Advances to merchants are simulated: each takes half of its offer and repays it from the sales that followed.",
)
PAYING = {
    "account": "Every way of paying but vouchers is a transfer into the shopper's account here, just before the "
    "payment from it.",
    "standin": "Credit cards are charged by the card stand-in; every other way of paying but vouchers is a transfer "
    "into the shopper's account here, just before the payment from it.",
}
_OUTCOMES = """
SELECT c.status, count(DISTINCT c.order_id), count(*), coalesce(sum(c.goods + c.shipping), 0)
FROM fulfilment_consignment c JOIN order_order o ON o.id = c.order_id
WHERE o.key LIKE %s GROUP BY c.status ORDER BY c.status
"""
_ORDERS = "SELECT status, count(*), sum(total_minor) FROM order_order WHERE key LIKE %s GROUP BY status ORDER BY status"
_PARTS = """
SELECT coalesce(sum(p.amount), 0), coalesce(sum(p.captured), 0), coalesce(sum(p.released), 0),
    coalesce(sum(p.refunded_before), 0), coalesce(sum(p.refunded_after), 0), coalesce(sum(p.cancelled), 0),
    coalesce(sum(p.captured - p.released - p.refunded_before), 0),
    coalesce(sum(p.unsettled_released - p.unsettled_refunded), 0),
    coalesce(sum(p.amount - p.captured - p.cancelled)
        FILTER (WHERE y.state NOT IN ('refused', 'expired', 'voided')), 0)
FROM payments_part p JOIN payments_payment y ON y.id = p.payment_id JOIN order_order o ON o.payment_id = y.id
WHERE o.key LIKE %s
"""
_FEES = """
SELECT coalesce(sum(r.commission), 0), coalesce(sum(r.vat), 0), coalesce(sum(r.net), 0)
FROM payments_release r JOIN payments_part p ON p.id = r.part_id
JOIN order_order o ON o.payment_id = p.payment_id WHERE o.key LIKE %s
"""
_TENDERS = """
SELECT t.method, count(*), sum(t.amount), sum(t.authorised), sum(t.captured), sum(t.refunded)
FROM payments_tender t JOIN order_order o ON o.payment_id = t.payment_id
WHERE o.key LIKE %s GROUP BY t.method ORDER BY t.method
"""
_MERCHANTS = """
SELECT 'merchant:' || m.id FROM merchants_merchant m WHERE m.key LIKE %s
"""
_PAID_OUT = "SELECT count(*), coalesce(sum(amount), 0) FROM payments_payout WHERE merchant = ANY(%s)"
_SETTLED = """
SELECT coalesce(sum(to_reserve - coalesce(matured, 0)), 0), coalesce(sum(withheld), 0),
    coalesce(sum(to_receivable), 0), coalesce(sum(refunded), 0)
FROM payments_settlement WHERE merchant = ANY(%s)
"""
_TAKEN_BACK = """
SELECT coalesce(sum(r.from_reserve), 0), coalesce(sum(r.from_available), 0), coalesce(sum(r.from_receivable), 0)
FROM payments_refund r JOIN payments_part p ON p.id = r.part_id WHERE p.merchant = ANY(%s)
"""
_LOANS = """
SELECT state, count(*), sum(principal), sum(repaid), sum(outstanding + interest + fees)
FROM financing_loan WHERE kind = 'advance' AND currency = %s AND borrower = ANY(%s) GROUP BY state ORDER BY state
"""
_OFFERS = """
SELECT kind, count(DISTINCT subject_id), coalesce(sum("limit"), 0) FROM financing_offer
WHERE state = 'live' AND currency = %s GROUP BY kind
"""
_REVIEWS = """
SELECT count(*) FROM fulfilment_merchantreview r JOIN fulfilment_consignment c ON c.id = r.consignment_id
JOIN order_order o ON o.id = c.order_id WHERE o.key LIKE %s
"""


def of_import(prepared: Prepared) -> dict[str, Any]:
    """Return what was read, and every row that could not be used."""
    extract, history = prepared.extract, prepared.history
    people = history.founding()
    return {
        "rows_read": dict(extract.rows),
        "usable_orders": len(extract.orders),
        "shoppers": len(people.shoppers) - len(people.shops),
        "merchants": len(people.shops),
        "articles": len(people.articles),
        "rows_not_usable": [str(problem) for problem in extract.problems],
        "rows_not_usable_by_reason": dict(_by_reason(prepared)),
        "oddities_taken": dict(extract.notes),
    }


def of_replay(lived: Lived) -> dict[str, Any]:
    """Return the report of a replay: outcomes, money, lending and checks. Amounts are centavos."""
    prepared = lived.prepared
    like = f"{SOURCE}:%"
    merchants = [row[0] for row in _all(_MERCHANTS, [like])]
    amount, captured, released, before, after, cancelled, escrow, pending, held = _all(_PARTS, [like])[0]
    commission, vat, net = _all(_FEES, [like])[0]
    payouts, paid_out = _all(_PAID_OUT, [merchants])[0]
    reserve, withheld, worked_off, settled_refunds = _all(_SETTLED, [merchants])[0]
    from_reserve, from_available, owed = _all(_TAKEN_BACK, [merchants])[0]
    checked = verification.verify()
    return {
        **of_import(prepared),
        "first_day": prepared.history.first_day.isoformat(),
        "last_day": prepared.history.last_day.isoformat(),
        "recorded_status": dict(Counter(order.status for order in prepared.extract.orders)),
        "orders": {status: {"orders": count, "amount": int(total)} for status, count, total in _all(_ORDERS, [like])},
        "consignments": {
            status: {"orders": orders, "consignments": count, "amount": int(total)}
            for status, orders, count, total in _all(_OUTCOMES, [like])
        },
        "recorded_tenders": {
            name: {"orders": prepared.charged.orders_by_type[name], "charged": amount}
            for name, amount in sorted(prepared.charged.by_type.items())
        },
        "differences": [
            {"order": order, "recorded": recorded, "charged": charged}
            for order, recorded, charged in prepared.charged.differences
        ],
        "tenders": {
            method: {
                "tenders": count,
                "amount": int(total),
                "authorised": int(authorised),
                "captured": int(taken),
                "refunded": int(back),
            }
            for method, count, total, authorised, taken, back in _all(_TENDERS, [like])
        },
        "money": {
            "ordered": int(amount),
            "captured": int(captured),
            "in_escrow": int(escrow),
            "released": int(released),
            "refunded_before_release": int(before),
            "refunded_after_release": int(after),
            "cancelled": int(cancelled),
            "held_and_not_sent": int(held),
            "never_paid": int(amount - captured - cancelled - held),
            "commission": int(commission),
            "vat_on_commission": int(vat),
            "released_net": int(net),
            "waiting_to_settle": int(pending),
            "in_reserve": int(reserve - from_reserve),
            "taken_back_for_refunds": int(settled_refunds + worked_off + from_reserve + from_available),
            "merchants_still_owe": int(owed - worked_off),
            "withheld_for_advances": int(withheld),
            "paid_out": int(paid_out),
            "payouts": payouts,
        },
        "reviews": {"posted": _all(_REVIEWS, [like])[0][0], "of_orders_never_sent": prepared.charged.reviews_left_out},
        "refused": dict(lived.tally.refused),
        "refused_examples": dict(lived.tally.examples),
        "lending": {
            "month_ends": lived.nights,
            "offers": {
                kind: {"subjects": count, "limits": int(total)} for kind, count, total in _all(_OFFERS, [CURRENCY])
            },
            "advances": {
                state: {"loans": count, "lent": int(lent), "repaid": int(repaid), "owed": int(owed)}
                for state, count, lent, repaid, owed in _all(_LOANS, [CURRENCY, merchants])
            },
        },
        "checks": {check.name: list(check.problems) for check in checked.checks},
        "ledger": {"journals": checked.journals, "transfers": checked.transfers, "holds": not checked.problems},
        "assumptions": [PAYING[prepared.cards], *ASSUMPTIONS],
        "seconds_by_step": {name: round(seconds, 1) for name, seconds in lived.seconds_by_step.items()},
    }


def lines_of_import(report: Mapping[str, Any]) -> list[str]:
    """Return the import's report as text."""
    lines = [
        f"Read {sum(report['rows_read'].values()):,} rows of {len(report['rows_read'])} files.",
        f"{report['usable_orders']:,} orders can be replayed; {report['shoppers']:,} shoppers, "
        f"{report['merchants']:,} merchants and {report['articles']:,} offers of products are here.",
    ]
    lines += _section("Oddities taken as they are", report["oddities_taken"])
    lines += _section("Rows that cannot be used", report["rows_not_usable_by_reason"])
    return lines


def lines_of_replay(report: Mapping[str, Any]) -> list[str]:
    """Return the replay's report as text."""
    money = report["money"]
    lines = lines_of_import(report)
    lines.append("")
    lines.append(f"Lived from {report['first_day']} through {report['last_day']}.")
    lines += _section(
        "Orders by outcome",
        {name: f"{row['orders']:,} orders, {_brl(row['amount'])}" for name, row in report["orders"].items()},
    )
    lines += _section(
        "Consignments by outcome",
        {
            name: f"{row['consignments']:,} consignments of {row['orders']:,} orders, {_brl(row['amount'])}"
            for name, row in report["consignments"].items()
        },
    )
    lines += _section(
        "Charged, by what was recorded",
        {name: f"{row['orders']:,} orders, {_brl(row['charged'])}" for name, row in report["recorded_tenders"].items()},
    )
    lines += _section(
        "Money by tender",
        {
            name: f"{row['tenders']:,} tenders, {_brl(row['captured'])} captured, {_brl(row['refunded'])} refunded"
            for name, row in report["tenders"].items()
        },
    )
    lines += _section(
        "Money",
        {
            name.replace("_", " "): f"{amount:,}" if name == "payouts" else _brl(amount)
            for name, amount in money.items()
        },
    )
    lines += _differences(report["differences"])
    lines += _section(
        "Reviews",
        {
            "posted": report["reviews"]["posted"],
            "of orders never sent, left out": report["reviews"]["of_orders_never_sent"],
        },
    )
    lines += _lending(report)
    lines += _section("Not done by the operations, by reason", report["refused"])
    lines += ["", "Assumptions"] + [f"  - {sentence}" for sentence in report["assumptions"]]
    lines += ["", "What must always hold"]
    for name, problems in report["checks"].items():
        lines.append(f"  {'✗' if problems else '✓'} {name}")
        lines += [f"      {problem}" for problem in problems[:10]]
    ledger = report["ledger"]
    verdict = "The book holds." if ledger["holds"] else "The book does not hold."
    lines.append(f"Ledger verified: {ledger['journals']:,} journals, {ledger['transfers']:,} transfers. {verdict}")
    return lines


def _lending(report: Mapping[str, Any]) -> list[str]:
    lending = report["lending"]
    lines = ["", "Lending"]
    if not lending["month_ends"]:
        return [*lines, "  No offers were made: lending was left out."]
    for kind in ("consumer", "merchant"):
        row = lending["offers"].get(kind, {"subjects": 0, "limits": 0})
        lines.append(f"  {kind} offers now: {row['subjects']:,} subjects, limits of {_brl(row['limits'])}")
    for night in lending["month_ends"]:
        parts = [
            f"{kind} {found['offers']:,} offers of {found['subjects']:,} subjects"
            if isinstance(found, dict)
            else f"{kind}: {found}"
            for kind in ("consumer", "merchant")
            if (found := night.get(kind)) is not None
        ]
        lines.append(f"  {night['day']}: {'; '.join(parts)}; {night.get('advances', 0)} advances paid out")
    for state, row in lending["advances"].items():
        lines.append(
            f"  advances {state.replace('_', ' ')}: {row['loans']:,}, lent {_brl(row['lent'])}, "
            f"repaid {_brl(row['repaid'])}, owed {_brl(row['owed'])}"
        )
    return lines


def _differences(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return ["", "Recorded payments agree with items plus freight in every order."]
    total = sum(row["charged"] - row["recorded"] for row in rows)
    lines = ["", f"Recorded payments differ from what is charged (items plus freight) in {len(rows):,} orders"]
    lines.append(f"  all together {_brl(abs(total))} {'less' if total < 0 else 'more'} is charged than was recorded")
    for row in sorted(rows, key=lambda row: -abs(row["charged"] - row["recorded"]))[:10]:
        lines.append(f"  {row['order']}: recorded {_brl(row['recorded'])}, charged {_brl(row['charged'])}")
    if len(rows) > 10:
        lines.append(f"  and {len(rows) - 10:,} more; --json lists them all")
    return lines


def _section(title: str, rows: Mapping[str, object]) -> list[str]:
    if not rows:
        return []
    width = max(len(name) for name in rows)
    shown = {name: f"{value:,}" if isinstance(value, int) else value for name, value in rows.items()}
    return ["", title, *(f"  {name:<{width}}  {value}" for name, value in shown.items())]


def _by_reason(prepared: Prepared) -> Counter[str]:
    found: Counter[str] = Counter()
    for problem in prepared.extract.problems:
        # Figures in brackets and quotes differ from row to row; the kind of reason is what counts.
        reason = problem.reason.split(" (")[0]
        found[f"{problem.file}: {reason}"[:110]] += 1
    return found


def _brl(amount: int) -> str:
    return Money(int(amount), CURRENCY).format()


def _all(statement: str, parameters: list) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
