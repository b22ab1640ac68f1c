"""What each figure counts: one condition in SQL, for the sum of a day and for the list of orders behind it.

`%(at)s` is the moment the figure is as of: what happened later is not seen. `%(since)s` is where its time begins.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LATE_DISPATCH, LATE_DELIVERY, CANCELLED, RETURNED, RATING = (
    "late_dispatch",
    "late_delivery",
    "cancelled",
    "returned",
    "rating",
)
WINDOWS = (30, 90)


@dataclass(frozen=True, slots=True)
class Figure:
    """A share of consignments `c`: of those that are `counted`, those that went `wrong`."""

    code: str
    name: str | Promise
    told: str | Promise
    counted: str
    wrong: str


_SENT = "CASE WHEN c.dispatched_at <= %(at)s THEN c.dispatched_at END"
_ARRIVED = "CASE WHEN c.delivered_at <= %(at)s THEN c.delivered_at END"
_GONE = "(c.cancelled_at IS NOT NULL AND c.cancelled_at <= %(at)s)"
_HAPPENED = "EXISTS (SELECT 1 FROM fulfilment_consignmentevent e WHERE e.consignment_id = c.id AND e.at <= %(at)s AND "
_CONFIRMED = "c.confirmed_at > %(since)s AND c.confirmed_at <= %(at)s"

SHARES = (
    Figure(
        LATE_DISPATCH,
        _("Sent late"),
        _("Parcels sent, or still waiting, later than promised after the order."),
        f"{_CONFIRMED} AND NOT {_GONE} AND ({_SENT} IS NOT NULL OR c.confirmed_at + %(within)s < %(at)s)",
        f"coalesce({_SENT}, %(at)s) > c.confirmed_at + %(within)s",
    ),
    Figure(
        LATE_DELIVERY,
        _("Arrived late"),
        _("Parcels that arrived after the promised day, or should have arrived by now."),
        "c.dispatched_at > %(since)s AND c.dispatched_at <= %(at)s AND c.promised_by IS NOT NULL"
        f" AND ({_ARRIVED} IS NOT NULL OR c.promised_by < %(at)s)",
        f"coalesce({_ARRIVED}, %(at)s) > c.promised_by",
    ),
    Figure(
        CANCELLED,
        _("Cancelled by the store"),
        _("Confirmed orders the store did not send; what buyers cancel is not counted."),
        _CONFIRMED,
        _GONE + " AND " + _HAPPENED + "e.status = 'cancelled' AND e.by LIKE 'merchant:%%')",
    ),
    Figure(
        RETURNED,
        _("Paid back"),
        _("Sent parcels of which the buyer got money back, for a return or a complaint."),
        "c.dispatched_at > %(since)s AND c.dispatched_at <= %(at)s",
        _HAPPENED + "e.status IN ('refund', 'refunded'))",
    ),
)
BY_CODE = {figure.code: figure for figure in SHARES}
ANSWERED = "answered_late"
# A buyer waits from what he writes after the store's last word, or first of all, until the store answers.
ANSWERS_SQL = """
INSERT INTO health_healthfigure (merchant_id, day, days, code, counted, wrong, counted_at)
SELECT t.merchant_id, %(day)s, %(days)s, 'answered_late', count(*),
       count(*) FILTER (WHERE coalesce(said.answered, %(at)s) > said.at + %(answered_within)s), %(at)s
FROM (
    SELECT thread_id, side, at, lag(side) OVER spoken AS before,
           min(at) FILTER (WHERE side = 'store') OVER (
               PARTITION BY thread_id ORDER BY id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
           ) AS answered
    FROM conversations_message WHERE at <= %(at)s
    WINDOW spoken AS (PARTITION BY thread_id ORDER BY id)
) said JOIN conversations_thread t ON t.id = said.thread_id
WHERE said.side = 'buyer' AND coalesce(said.before, 'store') = 'store' AND said.at > %(since)s
  AND (said.answered IS NOT NULL OR said.at + %(answered_within)s < %(at)s)
GROUP BY t.merchant_id
"""
NAMES = {
    **{figure.code: (figure.name, figure.told) for figure in SHARES},
    ANSWERED: (_("Answered late"), _("Buyers' messages answered later than two days, or not yet.")),
    RATING: (_("Rating"), _("The mean of the stars buyers gave the store.")),
}
