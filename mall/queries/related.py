"""Purchases that say nothing about a merchant's trade: by himself, his people, or somebody at his door."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from mall import bank

# Reasons by weight: the first that applies is given.
OWNER, STAFF, ACCOUNT, ADDRESS, DEVICE = "owner", "staff", "account", "address", "device"

# Who belongs to a merchant: owner and everybody on the staff, with their doors and devices.
_RELATED = """
WITH sale AS (
    SELECT c.id, c.merchant_id, o.user_id, o.payment_id, o.device, o.address_fingerprint, m.owner_id,
           m.address_fingerprint AS merchant_address
    FROM fulfilment_consignment c
    JOIN order_order o ON o.id = c.order_id
    JOIN merchants_merchant m ON m.id = c.merchant_id
    WHERE c.id = ANY(%(ids)s)
), people AS (
    SELECT merchant_id, user_id FROM merchants_membership WHERE merchant_id IN (SELECT merchant_id FROM sale)
    UNION SELECT merchant_id, owner_id FROM sale
), doors AS (
    SELECT merchant_id, merchant_address AS fingerprint FROM sale WHERE merchant_address <> ''
    UNION SELECT people.merchant_id, home.fingerprint FROM people
    JOIN customer_homeaddress home ON home.user_id = people.user_id
), devices AS (
    SELECT people.merchant_id, seen.device FROM people
    JOIN customer_devicesighting seen ON seen.user_id = people.user_id
)
SELECT sale.id, sale.payment_id, sale.merchant_id,
    CASE
        WHEN sale.user_id = sale.owner_id THEN 'owner'
        WHEN EXISTS (SELECT 1 FROM people p WHERE p.merchant_id = sale.merchant_id AND p.user_id = sale.user_id)
            THEN 'staff'
        WHEN EXISTS (
            SELECT 1 FROM doors d WHERE d.merchant_id = sale.merchant_id AND (
                d.fingerprint = nullif(sale.address_fingerprint, '') OR d.fingerprint IN (
                    SELECT home.fingerprint FROM customer_homeaddress home WHERE home.user_id = sale.user_id
                )
            )
        ) THEN 'address'
        WHEN EXISTS (
            SELECT 1 FROM devices v WHERE v.merchant_id = sale.merchant_id AND (
                v.device = nullif(sale.device, '') OR v.device IN (
                    SELECT seen.device FROM customer_devicesighting seen WHERE seen.user_id = sale.user_id
                )
            )
        ) THEN 'device'
        ELSE ''
    END AS reason,
    (SELECT array_agg('user:' || p.user_id) FROM people p WHERE p.merchant_id = sale.merchant_id) AS holders
FROM sale
"""


def related_reasons(*, consignment_ids: Sequence[int]) -> dict[int, str]:
    """Return, for each of these consignments whose buyer is related to its merchant, the reason.

    Related is: the owner, the staff, payment from an account of theirs or of the merchant, the same address, the
    same device. As things stand now; facts ask on the day of the sale.
    """
    if not consignment_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_RELATED, {"ids": list(consignment_ids)})
        rows = cursor.fetchall()
    holders = bank.paying_holders(payment_ids=[payment_id for _id, payment_id, *_rest in rows if payment_id])
    reasons: dict[int, str] = {}
    for identifier, payment_id, merchant_id, reason, people in rows:
        paid_by = holders.get(payment_id, frozenset())
        if reason in (OWNER, STAFF):
            reasons[identifier] = reason
        elif paid_by & {bank.merchant(merchant_id=merchant_id), *(people or ())}:
            reasons[identifier] = ACCOUNT
        elif reason:
            reasons[identifier] = reason
    return reasons


def related(*, order_number: str) -> dict[str, str]:
    """Return the reasons of one order's consignments by their numbers, where there is one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, c.number FROM fulfilment_consignment c JOIN order_order o ON o.id = c.order_id "
            "WHERE o.number = %s",
            [order_number],
        )
        numbers = dict(cursor.fetchall())
    reasons = related_reasons(consignment_ids=list(numbers))
    return {numbers[identifier]: reason for identifier, reason in reasons.items()}
