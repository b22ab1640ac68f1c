"""The bank's own accounts, and the capital its owners pay in."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from payments import chart, journals
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.operations.errors import UnableToMoveMoney


def open_house_accounts(*, currency: str, at: datetime) -> None:
    """Open the bank's own accounts in ``currency``; those that are open stay as they are."""
    ledger.open_accounts(specs=chart.house_accounts(currency), at=at)


def pay_in_capital(*, amount: int, currency: str, key: str, at: datetime) -> int:
    """Book capital of ``amount`` minor units from the owners; return the journal, the same for the same key.

    :raises UnableToMoveMoney: the amount is not above zero, or the key was used for something else.
    """
    bank = settings.RIALTO_POLICY.NOSTRO_BANK
    with transaction.atomic():
        open_house_accounts(currency=currency, at=at)
        try:
            journal = journals.capital_paid_in(bank=bank, amount=amount, currency=currency, key=key, at=at)
            return ledger.post(journal=journal).journal_id
        except ledger_errors.LedgerError as refusal:
            raise UnableToMoveMoney(str(refusal)) from refusal
