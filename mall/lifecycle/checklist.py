"""What is still open of a merchant who closes: each item with its number, and whether it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from mall import bank
from mall.fulfilment import states
from mall.fulfilment.models import Consignment

OPEN_ORDERS = (states.AWAITING_PAYMENT, states.CONFIRMED, states.DISPATCHED, states.DELIVERED)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that must be over before a store is closed; `shown` is its number or sum as people read it."""

    name: str
    is_done: bool
    shown: str
    told: str = ""


def items(*, merchant_id: int, at: datetime) -> list[Item]:
    """Return the checklist of a merchant, asked from the mall, the bank, and whoever else is wired to it."""
    found = [_orders(merchant_id=merchant_id), _disputes(merchant_id=merchant_id), *_money(merchant_id=merchant_id)]
    for path in settings.RIALTO_CLOSING_ITEMS:
        source: Callable[..., Sequence[tuple[str, bool, str, str]]] = import_string(path)
        found += [Item(*item) for item in source(merchant_id=merchant_id, at=at)]
    return found


def _orders(*, merchant_id: int) -> Item:
    number = Consignment.objects.filter(merchant_id=merchant_id, status__in=OPEN_ORDERS).count()
    return Item(_("Open orders"), number == 0, str(number), _("Send them, or cancel them with a refund."))


def _disputes(*, merchant_id: int) -> Item:
    number = bank.disputes.disputes(is_open=True, merchant=bank.merchant(merchant_id=merchant_id)).count()
    return Item(_("Open disputes"), number == 0, str(number), _("The card's bank decides on them."))


def _money(*, merchant_id: int) -> list[Item]:
    money = bank.merchant_money(merchant_id=merchant_id)
    if money is None:
        return []

    def text(amount: int) -> str:
        return bank.text(amount=amount, currency=money.currency)

    days = bank.policy().RESERVE_MATURES_AFTER.days
    return [
        Item(_("Held until delivery"), money.in_escrow == 0, text(money.in_escrow)),
        Item(_("Waiting for its settlement"), money.pending == 0, text(money.pending)),
        Item(
            _("Reserve"), money.reserve == 0, text(money.reserve), _("Kept %s days for returns, then paid out.") % days
        ),
        Item(_("Last payout"), money.available == 0, text(money.available), _("Paid out with the next run.")),
        Item(
            _("Money held by the bank"),
            not (held := bank.is_money_held(merchant_id=merchant_id)),
            _("yes") if held else _("no"),
            _("Nothing is paid out while the bank holds it."),
        ),
        Item(_("Owed to the bank"), money.receivable == 0, text(money.receivable), _("To be paid before closing.")),
    ]
