"""The consumer's features: buying, paying, the account, earlier plans."""

from financing.features.consumer import account, buying, paying, plans, tables
from financing.features.registry import Catalogue

CATALOGUE = Catalogue(
    kind="consumer",
    bases=tables.BASES,
    features=(*buying.BUYING, *paying.PAYING, *account.ACCOUNT, *plans.PLANS),
)
