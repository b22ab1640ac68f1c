"""What another bank had confirmed arrives on our account."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from payments import journals
from payments.ledger import errors as ledger_errors
from payments.ledger import operations as ledger
from payments.operations.errors import UnableToMoveMoney


def transfers_arrived(*, amount: int, currency: str, key: str, at: datetime) -> int:
    """Book ``amount`` minor units, net of what went back, from the other bank; return the journal, once for a key.

    :raises UnableToMoveMoney: the amount is not above zero, or the key was used for something else.
    """
    bank = settings.RIALTO_POLICY.NOSTRO_BANK
    with transaction.atomic():
        try:
            journal = journals.transfers_settled(bank=bank, amount=amount, currency=currency, key=key, at=at)
            return ledger.post(journal=journal).journal_id
        except ledger_errors.LedgerError as refusal:
            raise UnableToMoveMoney(str(refusal)) from refusal
