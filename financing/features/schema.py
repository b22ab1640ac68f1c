"""What a fact is: the tables of the lake, their columns, and what each means.

Every source (`settings.RIALTO_FACT_SOURCES`) returns rows in exactly this column order. Money is whole minor
units of `currency`; subjects are references (`user:7`, `merchant:3`, `guest:<fingerprint>`); every moment is UTC.
`known_at`, always last, is when the bank came to know the fact: nothing later may enter a feature of an earlier day.
"""

from typing import Final

import pyarrow as pa

_TEXT = pa.string()
_MONEY = pa.int64()
_MOMENT = pa.timestamp("us")  # naive UTC: reads the same on DuckDB and Spark, whatever the session's zone
_FLAG = pa.bool_()
_DAY = pa.date32()
_COUNT = pa.int64()


def _fact(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([*columns.items(), ("known_at", _MOMENT)])


FACTS: Final[dict[str, pa.Schema]] = {
    # kind: consumer | merchant; region: the region of the first address, or empty
    "subjects": _fact(kind=_TEXT, subject_id=_TEXT, currency=_TEXT, opened_at=_MOMENT, region=_TEXT),
    # one row per change; purpose `credit` gates every feature
    "consents": _fact(subject_id=_TEXT, purpose=_TEXT, granted=_FLAG),
    # at confirmation; category: the topmost; device, address: fingerprints; related: buyer and merchant are close
    "order_lines": _fact(
        order=_TEXT,
        consignment=_TEXT,
        consumer_id=_TEXT,
        merchant_id=_TEXT,
        product_id=_TEXT,
        category=_TEXT,
        quantity=_COUNT,
        amount=_MONEY,
        currency=_TEXT,
        device=_TEXT,
        address=_TEXT,
        related=_FLAG,
        related_reason=_TEXT,
    ),
    # event: confirmed | dispatched | delivered | released | cancelled; amount: goods; said_by: who reported it
    "consignment_events": _fact(
        order=_TEXT,
        consignment=_TEXT,
        consumer_id=_TEXT,
        merchant_id=_TEXT,
        event=_TEXT,
        amount=_MONEY,
        shipping=_MONEY,
        currency=_TEXT,
        promised_at=_MOMENT,
        said_by=_TEXT,
        related=_FLAG,
    ),
    # outcome: authorised | refused | expired | voided; one row for each tender of the payment, each time
    "tenders": _fact(
        order=_TEXT,
        consumer_id=_TEXT,
        method=_TEXT,
        outcome=_TEXT,
        reason=_TEXT,
        amount=_MONEY,
        currency=_TEXT,
    ),
    "refunds": _fact(
        consignment=_TEXT,
        consumer_id=_TEXT,
        merchant_id=_TEXT,
        amount=_MONEY,
        currency=_TEXT,
        before_release=_FLAG,
        reason=_TEXT,
    ),
    "reviews": _fact(
        consumer_id=_TEXT,
        merchant_id=_TEXT,
        score=_COUNT,
        related=_FLAG,
    ),
    # customers' accounts here, in posting order by `sequence`; amount above zero came in. event:
    #   received, sent (from, to another bank) | paid, returned (purchases) | payout | loan | other
    "account_movements": _fact(
        account=_TEXT,
        subject_id=_TEXT,
        amount=_MONEY,
        balance_after=_MONEY,
        currency=_TEXT,
        event=_TEXT,
        sequence=_COUNT,
    ),
    # event: listed
    "listings": _fact(merchant_id=_TEXT, product_id=_TEXT, event=_TEXT, price=_MONEY),
    # one row per merchant and settled day, known when the day is over
    "payouts": _fact(
        merchant_id=_TEXT,
        day=_DAY,
        settled=_MONEY,
        reserved=_MONEY,
        withheld=_MONEY,
        paid_out=_MONEY,
    ),
    # product: `installments:<code>` or `advance:<code>`. event:
    #   opened       amount: principal; due_on: the day by which all should be repaid (an advance's horizon)
    #   due          amount: what falls due on due_on
    #   paid         amount: what was paid on the instalment of due_on; days_late: at payment, 0 when in time
    #   withheld     amount: an advance's share of one settlement
    #   overdue      amount: still open of the instalment of due_on; days_late: so far
    #   closed       amount: 0; charged_off  amount: what was given up
    "installments": _fact(
        loan_id=_TEXT,
        subject_id=_TEXT,
        product=_TEXT,
        event=_TEXT,
        due_on=_DAY,
        amount=_MONEY,
        days_late=_COUNT,
    ),
}
