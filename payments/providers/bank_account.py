"""Paying from a current account here: held at once, captured into escrow, given back in an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments import chart, journals
from payments.ledger import queries as ledger
from payments.methods import Leg, Step, TenderOption
from payments.models import CustomerAccount
from payments.money import Money


class BankAccountMethod:
    """A payer's own current account; its ``source`` is the account's number."""

    code = "bank_account"
    label = "Rialto account"
    remote = False
    asks_payer = True

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the payer's account in ``currency``, with what it holds."""
        accounts = CustomerAccount.objects.filter(holder=payer, currency=currency, closed_at__isnull=True)
        rows = list(accounts.order_by("pk"))
        balances = ledger.balances(codes=[row.ledger_code for row in rows]) if rows else {}
        return [
            TenderOption(
                method=self.code,
                source=row.number,
                label=self.label,
                detail=f"{row.number} · {Money(balances[row.ledger_code], currency).format()}",
                needs_sign_in=True,
            )
            for row in rows
        ]

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Hold each leg's amount; the ledger refuses where the account does not hold enough."""
        accounts = CustomerAccount.objects.in_bulk({leg.source for leg in legs}, field_name="number")
        return [self._hold(leg=leg, account=accounts.get(leg.source)) for leg in legs]

    def _hold(self, *, leg: Leg, account: CustomerAccount | None) -> Step:
        if account is None or account.holder != leg.payer:
            return Step(refusal="This account is not yours to pay from.")
        if account.closed_at is not None:
            return Step(refusal="This account is closed.")
        if account.currency != leg.currency:
            return Step(refusal=f"This account is kept in {account.currency}, and the payment is in {leg.currency}.")
        return Step(
            transfers=journals.hold_on_account(account=leg.source, payment_id=leg.payment_id, amount=leg.amount),
            accounts=(chart.held(leg.payment_id, leg.currency, leg.payer),),
        )

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Move what is held into escrow."""
        return [
            Step(
                transfers=tuple(
                    transfer
                    for escrow, amount in leg.accounts
                    for transfer in journals.capture_from_account(
                        payment_id=leg.payment_id, escrow=escrow, amount=amount
                    )
                )
            )
            for leg in legs
        ]

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Give what is held back to the account."""
        return [
            Step(
                transfers=journals.hold_given_back(
                    account=leg.source, payment_id=leg.payment_id, amount=leg.amount
                )
            )
            for leg in legs
        ]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Pay the refund into the account it came from."""
        return [
            Step(
                transfers=journals.refund_to(
                    sources=leg.accounts, destination=journals.account_destination(account=leg.source)
                )
            )
            for leg in legs
        ]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Add nothing."""
        return [Step() for _ in legs]
