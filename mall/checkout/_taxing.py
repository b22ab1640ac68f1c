"""The tax of a batch of orders, by the rates of the day and the country the goods go to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mall import bank
from mall.delivery.models import PICKUP
from mall.taxes import computing, queries

if TYPE_CHECKING:
    from mall.checkout._checking import Placing


def tax(*, placings: Sequence[Placing]) -> None:
    """Note on each placing the tax of its lines, by merchant and in their order."""
    table = queries.table()
    for placing in placings:
        draft = placing.draft
        for merchant_id, lines in placing.merchants.items():
            country = _country(placing, merchant_id)
            rated = []
            for line in lines:
                tax_class = placing.stock[line.stockrecord_id].tax_class
                rate = table.rate(country=country, tax_class=tax_class, on=draft.at.date())
                rated.append((line.amount, rate))
            placing.taxes[merchant_id] = computing.of_parcel(
                lines=rated, shipping=draft.deliveries[merchant_id].charge_minor
            )


def _country(placing: Placing, merchant_id: int) -> str:
    """Return where a merchant's goods change hands: at the buyer's door, or in the store."""
    draft = placing.draft
    record = placing.stock[placing.merchants[merchant_id][0].stockrecord_id]
    home = record.merchant_country or bank.policy().BANK_COUNTRY
    if draft.deliveries[merchant_id].method_code == PICKUP:
        return home
    return draft.address.country or home
