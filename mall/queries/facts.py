"""What the mall knows, as rows for the lake of facts: subjects, consents, sales, deliveries, reviews, listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import connection

from mall import bank
from mall.queries.related import related_reasons

Rows = Sequence[tuple[object, ...]]

_FIRST = """
SELECT least(
    (SELECT min(date_joined) FROM customer_user), (SELECT min(joined_at) FROM merchants_merchant),
    (SELECT min(granted_at) FROM customer_consent), (SELECT min(at) FROM fulfilment_consignmentevent)
)
"""

_SUBJECTS = """
SELECT 'consumer', 'user:' || id, currency, date_joined, region, date_joined FROM customer_user
WHERE date_joined >= %(since)s AND date_joined < %(until)s AND NOT is_staff
UNION ALL
SELECT 'merchant', 'merchant:' || id, currency, joined_at, trim(both '-' from country || '-' || region), joined_at
FROM merchants_merchant WHERE joined_at >= %(since)s AND joined_at < %(until)s
"""

_CONSENTS = """
SELECT subject, purpose, true, granted_at FROM customer_consent
WHERE granted_at >= %(since)s AND granted_at < %(until)s
UNION ALL
SELECT subject, purpose, false, withdrawn_at FROM customer_consent
WHERE withdrawn_at >= %(since)s AND withdrawn_at < %(until)s
"""

# A cancelled order that was never paid for is no trade: only what was confirmed counts.
_EVENTS = """
SELECT c.id, o.number, c.number, o.user_id, o.guest_email, 'merchant:' || c.merchant_id, e.status, c.goods, c.shipping,
    c.currency, c.promised_by,
    CASE e.status WHEN 'delivered' THEN c.delivered_said_by ELSE split_part(e.by, ':', 1) END, e.at
FROM fulfilment_consignmentevent e
JOIN fulfilment_consignment c ON c.id = e.consignment_id
JOIN order_order o ON o.id = c.order_id
WHERE e.at >= %(since)s AND e.at < %(until)s AND c.confirmed_at IS NOT NULL AND c.confirmed_at <= e.at
    AND e.status IN ('confirmed', 'dispatched', 'delivered', 'released', 'cancelled')
"""

_LINES = """
SELECT c.id, o.number, c.number, o.user_id, o.guest_email, 'merchant:' || c.merchant_id, 'product:' || l.product_id,
    coalesce(top.name, ''), l.quantity, l.amount, c.currency, o.device, o.address_fingerprint, e.at
FROM fulfilment_consignmentevent e
JOIN fulfilment_consignment c ON c.id = e.consignment_id
JOIN order_order o ON o.id = c.order_id
JOIN fulfilment_consignmentline l ON l.consignment_id = c.id
LEFT JOIN LATERAL (
    SELECT min(substr(k.path, 1, 4)) AS path FROM catalogue_productcategory pc
    JOIN catalogue_category k ON k.id = pc.category_id
    JOIN catalogue_product p ON p.id = l.product_id AND pc.product_id = coalesce(p.parent_id, p.id)
) root ON true
LEFT JOIN catalogue_category top ON top.path = root.path
WHERE e.status = 'confirmed' AND e.at >= %(since)s AND e.at < %(until)s
"""

_REVIEWS = """
SELECT c.id, r.user_id, 'merchant:' || r.merchant_id, r.score, r.at
FROM fulfilment_merchantreview r JOIN fulfilment_consignment c ON c.id = r.consignment_id
WHERE r.at >= %(since)s AND r.at < %(until)s
"""

_LISTINGS = """
SELECT 'merchant:' || m.id, 'product:' || s.product_id, s.price, s.price_currency, p.date_created
FROM partner_stockrecord s
JOIN merchants_merchant m ON m.partner_id = s.partner_id
JOIN catalogue_product p ON p.id = s.product_id
WHERE p.date_created >= %(since)s AND p.date_created < %(until)s
"""


def first_known_at() -> datetime | None:
    """Return the moment of the first fact, nothing when there is none."""
    return _read(_FIRST, {})[0][0]


def rows(*, since: datetime, until: datetime) -> Mapping[str, Rows]:
    """Return every fact of the mall known from `since` up to, not including, `until`."""
    span = {"since": since, "until": until}
    events, lines, reviews = (_read(statement, span) for statement in (_EVENTS, _LINES, _REVIEWS))
    related = related_reasons(consignment_ids=sorted({row[0] for row in (*events, *lines, *reviews)}))
    return {
        "subjects": _read(_SUBJECTS, span),
        "consents": _read(_CONSENTS, span),
        "order_lines": [
            (order, number, _buyer(user, email), *sale, device, address, key in related, related.get(key, ""), at)
            for key, order, number, user, email, *sale, device, address, at in lines
        ],
        "consignment_events": [
            (order, number, _buyer(user, email), *event, key in related, at)
            for key, order, number, user, email, *event, at in events
        ],
        "reviews": [
            (_buyer(user, ""), merchant, score, key in related, at) for key, user, merchant, score, at in reviews
        ],
        "listings": [
            (merchant, product, "listed", bank.minor(amount=price or Decimal(0), currency=currency), at)
            for merchant, product, price, currency, at in _read(_LISTINGS, span)
        ],
    }


def _buyer(user_id: int | None, email: str) -> str:
    return bank.subject(user_id=user_id, email=email)


def _read(statement: str, parameters: Mapping[str, object]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
