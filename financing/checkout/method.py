"""Instalments as a way of paying: promises by a signed loan, gives by lending, takes refunds into the loan."""

from collections.abc import Sequence
from datetime import datetime

from financing.checkout import options as plans
from financing.lending.models import Loan, LoanState
from financing.servicing import operations as servicing
from payments.methods import Leg, Step, TenderOption

CODE = "installments"
SOURCE = "plan:"


class InstallmentsMethod:
    """The tender's source is ``plan:<product code>``; the loan is found by the tender it was signed for."""

    code = CODE
    label = "Pay later"
    remote = False
    per_part = False

    def options(self, *, payer: str, amount: int, currency: str, at: datetime) -> list[TenderOption]:
        """Return the plans that the payer's live offers allow for this amount."""
        return [
            TenderOption(
                method=CODE,
                source=f"{SOURCE}{plan.code}",
                label=plan.name,
                detail=plan.detail,
                needs_sign_in=True,
            )
            for plan in plans.plans_for(borrower=payer, amount=amount, currency=currency, at=at)
        ]

    def authorise(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Promise the tender if its plan is signed for this very amount, else send the payer to sign."""
        loans = _loans(legs)
        return [_authorised(leg, loans.get(leg.tender_id)) for leg in legs]

    def capture(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Lend what is captured into its escrow."""
        loans = _loans(legs)
        steps = [None if _drawable(loans.get(leg.tender_id)) else Step(refusal=_ENDED) for leg in legs]
        asked = [index for index, step in enumerate(steps) if step is None]
        transfers = servicing.draw(
            requests=[
                servicing.Draw(
                    loan_id=loans[legs[index].tender_id].pk,
                    amount=legs[index].amount,
                    to=legs[index].accounts,
                    key=legs[index].key,
                    at=legs[index].at,
                    reference=legs[index].part_reference or "",
                )
                for index in asked
            ],
            booked_elsewhere=True,
        )
        for index, given in zip(asked, transfers, strict=True):
            steps[index] = Step(transfers=given)
        return steps

    def void(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Give the promise back: what is not captured is cancelled from the schedule's end."""
        loans = _loans(legs)
        servicing.cancel(
            requests=[
                servicing.Cancel(loan_id=loans[leg.tender_id].pk, amount=leg.amount, key=leg.key, at=leg.at)
                for leg in legs
                if leg.tender_id in loans
            ]
        )
        return [Step() for _ in legs]

    def refund(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Take the refund into the loan."""
        loans = _loans(legs)
        transfers = servicing.refund(
            requests=[
                servicing.Refund(
                    loan_id=loans[leg.tender_id].pk,
                    amount=leg.amount,
                    accounts=leg.accounts,
                    merchant=leg.merchant or "",
                    key=leg.key,
                    at=leg.at,
                    reference=leg.part_reference or "",
                )
                for leg in legs
            ]
        )
        return [Step(transfers=given) for given in transfers]

    def release(self, *, legs: Sequence[Leg]) -> list[Step]:
        """Keep the merchant's subsidy of a plan without interest, out of what is released."""
        loans = _loans(legs)
        subsidies = [leg.amount * loans[leg.tender_id].subsidy_bps // 10_000 for leg in legs]
        kept = [
            servicing.Subsidy(loan_id=loans[leg.tender_id].pk, amount=amount, key=leg.key, at=leg.at)
            for leg, amount in zip(legs, subsidies, strict=True)
            if amount
        ]
        if kept:
            servicing.keep_subsidies(requests=kept)
        return [
            Step(
                transfers=servicing.subsidy_transfers(loan_id=loans[leg.tender_id].pk, leg=leg.accounts, amount=amount)
            )
            for leg, amount in zip(legs, subsidies, strict=True)
        ]


_ENDED = "The plan for this payment is no longer open."


def _loans(legs: Sequence[Leg]) -> dict[int, Loan]:
    return {loan.tender_id: loan for loan in Loan.objects.filter(tender_id__in=[leg.tender_id for leg in legs])}


def _drawable(loan: Loan | None) -> bool:
    return loan is not None and loan.state in (LoanState.SIGNED, LoanState.ACTIVE)


def _authorised(leg: Leg, loan: Loan | None) -> Step:
    if loan is None:
        return Step(action_url=f"/pay-later/{leg.tender_id}/")
    if not _drawable(loan):
        return Step(refusal=_ENDED)
    if loan.principal != leg.amount or loan.currency != leg.currency or loan.borrower != leg.payer:
        return Step(refusal="The signed plan is for another amount: choose how to pay again.")
    return Step(provider_reference=f"loan:{loan.pk}", expires_at=loan.expires_at)
