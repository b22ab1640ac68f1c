"""The merchant's features: sales, buyers, goods, delivery, money, earlier advances."""

from financing.features.merchant import advances, buyers, delivery, money, sales, tables
from financing.features.registry import Catalogue

CATALOGUE = Catalogue(
    kind="merchant",
    bases=tables.BASES,
    features=(
        *sales.SALES,
        *buyers.BUYERS_AND_GOODS,
        *delivery.DELIVERY,
        *money.MONEY,
        *advances.ADVANCES,
    ),
)
