"""The journals of one dispute: what the provider takes and gives back, what is held meanwhile, who bears the loss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum

from payments import card_journals, chart, outbox
from payments.events import PartRefunded
from payments.ledger import operations as ledger
from payments.models import (
    Dispute,
    DisputeMovement,
    MovementLeg,
    Part,
    ProviderAttempt,
    ProviderBalanceTransaction,
    Refund,
    Settlement,
    Share,
)
from payments.models.disputes import HELD
from payments.operations import _book
from payments.operations.refunding import divide
from payments.operations.releasing import commission_on
from payments.providers.card_money import DisputeTransaction

# The merchant's accounts that money is held from or returns to, whose balances decide where.
MERCHANTS = ("available", "reserve", "receivable")
PART_FIELDS = (
    "disputed_before",
    "disputed_after",
    "refunded_before",
    "refunded_after",
    "unsettled_released",
    "unsettled_refunded",
    "settle_on",
    "open_disputes",
)


@dataclass(slots=True)
class _Hold:
    part: Part
    amount: int
    escrow: int = 0
    pending: int = 0
    available: int = 0
    reserve: int = 0
    receivable: int = 0
    commission: int = 0
    vat: int = 0

    def by_source(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in HELD}


class DisputeMoney:
    """One dispute with its share and part, all under the payment's lock, and what is to be written of them."""

    def __init__(self, *, row: Dispute, share: Share | None, book: _book.Book) -> None:
        self.row = row
        self.share = share
        self.part = share.part if share else None
        self.book = book

    def take(self, *, line: DisputeTransaction) -> None:
        """The provider took the money: hold as much, as far as there is something left to hold."""
        taken = -line.amount
        hold = self._hold(wanted=taken)
        specs = (
            chart.dispute_receivable(self.row.pk, self.row.currency, self.row.merchant),
            chart.dispute_held(self.row.pk, self.row.currency, self.row.merchant),
        )
        ledger.open_accounts(specs=specs, at=line.at)
        journal = card_journals.dispute_opened(
            **self._accounts(),
            taken=taken,
            fee=line.fee,
            sources=self._named(hold.by_source()) if hold else (),
            currency=self.row.currency,
            key=f"dispute:{line.transaction}",
            at=line.at,
        )
        held = hold.by_source() if hold else {}
        self._write("taken", line.transaction, line.amount, line.at, journal, taken=taken, fee=line.fee, held=held)

    def cover(self, *, at: datetime) -> None:
        """Hold what could not be held before, such as what a refund under way had asked for and did not get."""
        hold = self._hold(wanted=self.row.taken - self.row.held) if self.row.taken > self.row.held else None
        if hold is None:
            return
        key = f"covered:{self.row.provider_id}:{self.row.movements.count()}"
        journal = card_journals.dispute_covered(
            dispute=self.row.provider_id,
            held=self.row.held_code,
            sources=self._named(hold.by_source()),
            currency=self.row.currency,
            key=f"dispute:{key}",
            at=at,
        )
        self._write("covered", key, 0, at, journal, held=hold.by_source())

    def give_back(self, *, line: DisputeTransaction) -> None:
        """The provider gave the money back: so does the bank; after a loss, to who had borne it."""
        if not self.row.taken:
            self._recover(line=line)
            return
        back = {name: getattr(self.row, name) for name in HELD}
        destinations = self._returning(back) if self.row.held else []
        journal = card_journals.dispute_won(
            **self._accounts(),
            given_back=line.amount,
            taken=self.row.taken,
            fee=line.fee,
            destinations=destinations,
            currency=self.row.currency,
            key=f"dispute:{line.transaction}",
            at=line.at,
        )
        if self.part is not None and back["pending"]:
            self.part.unsettled_released += back["pending"]
            self.part.settle_on = max(line.at.date(), self.part.settle_on or line.at.date())
        undone = {name: -amount for name, amount in back.items()}
        self._write(
            "reinstated", line.transaction, line.amount, line.at, journal,
            taken=-self.row.taken, fee=line.fee, held=undone,
        )  # fmt: skip

    def lose(self, *, at: datetime) -> None:
        """What was held pays what was taken, and counts as refunded; the bank bears the rest."""
        row, number = self.row, self.row.movements.count()
        key = f"lost:{row.provider_id}:{number}"
        held, uncovered = row.held, row.taken - row.held
        back = {name: getattr(row, name) for name in HELD}
        journal = card_journals.dispute_lost(
            **self._accounts(),
            amount=held,
            uncovered=uncovered,
            currency=row.currency,
            key=f"dispute:{key}",
            at=at,
        )
        undone = {name: -amount for name, amount in back.items()}
        journal_id = self._write("lost", key, 0, at, journal, taken=-row.taken, held=undone)
        if held:
            self._count_as_refunded(back=back, key=key, journal_id=journal_id, at=at)

    def _hold(self, *, wanted: int) -> _Hold | None:
        if self.share is None:
            return None
        under_way = ProviderAttempt.objects.filter(share=self.share, action="refund").exclude(state="applied")
        asked = under_way.aggregate(total=Sum("amount"))["total"] or 0
        amount = min(wanted, self.share.refundable - asked)
        if amount <= 0:
            return None
        hold = _Hold(self.part, amount)
        divide(plan=hold, balances=self._balances())
        self.part.unsettled_refunded += hold.pending
        return hold

    def _balances(self) -> dict[str, int]:
        return ledger.lock(codes=[f"{self.row.merchant}:{kind}" for kind in MERCHANTS])

    def _returning(self, back: dict[str, int]) -> list[tuple[str, int]]:
        """Return where held money goes back to: where it came from, as far as there is still room for it."""
        balances = self._balances()
        merchant = self.row.merchant
        owed = min(back["receivable"], balances[f"{merchant}:receivable"])
        kept_back = Settlement.objects.filter(merchant=merchant, matured__isnull=True)
        promised = kept_back.aggregate(total=Sum("to_reserve"))["total"] or 0
        reserve = min(back["reserve"], max(0, promised - balances[f"{merchant}:reserve"]))
        available = back["available"] + back["receivable"] - owed + back["reserve"] - reserve
        return self._named({**back, "receivable": owed, "reserve": reserve, "available": available})

    def _recover(self, *, line: DisputeTransaction) -> None:
        """A lost dispute's money comes back: first what was held for it, what nothing was held for to the bank."""
        row = self.row
        lost = row.movements.filter(kind="lost").order_by("-pk").first()
        left = min(line.amount, -lost.held) if lost else 0
        destinations: list[tuple[str, int]] = []
        if left:
            fee, tax = commission_on(part=self.part, before=self.part.kept, after=self.part.kept + left)
            owed = min(left - fee - tax, self._balances()[f"{row.merchant}:receivable"])
            shares = {"commission": fee, "vat": tax, "receivable": owed, "available": left - fee - tax - owed}
            destinations = self._named(dict.fromkeys(HELD, 0) | shares)
        destinations.append((chart.expense("dispute", row.currency).code, line.amount - left))
        journal = card_journals.dispute_recovered(
            dispute=row.provider_id,
            amount=line.amount,
            fee=line.fee,
            destinations=destinations,
            currency=row.currency,
            key=f"dispute:{line.transaction}",
            at=line.at,
        )
        self._write("recovered", line.transaction, line.amount, line.at, journal, fee=line.fee)

    def _count_as_refunded(self, *, back: dict[str, int], key: str, journal_id: int, at: datetime) -> None:
        part, share, held = self.part, self.share, sum(back.values())
        part.refunded_before += back["escrow"]
        part.refunded_after += held - back["escrow"]
        share.refunded += held
        share.tender.refunded += held
        refund = Refund.objects.create(
            key=key,
            amount=held,
            at=at,
            journal_id=journal_id,
            part=part,
            reason="The card's holder disputed the charge.",
            from_escrow=back["escrow"],
            from_pending=back["pending"],
            from_available=back["available"],
            from_reserve=back["reserve"],
            from_receivable=back["receivable"],
            commission=back["commission"],
            vat=back["vat"],
        )
        MovementLeg.objects.create(refund=refund, tender=share.tender, amount=held)
        self.book.changes.add(share, "refunded")
        self.book.changes.add(share.tender, "refunded")
        event = PartRefunded(
            key=key,
            at=at,
            part_reference=part.reference,
            merchant=part.merchant,
            payment_id=part.payment_id,
            amount=held,
            before_release=back["escrow"] == held,
            legs=((share.tender.method, share.tender_id, share.tender.source, held),),
        )
        outbox.record(happened=[event])

    def _accounts(self) -> dict[str, str]:
        return {
            "dispute": self.row.provider_id,
            "receivable": self.row.receivable_code,
            "held": self.row.held_code,
        }

    def _named(self, amounts: dict[str, int]) -> list[tuple[str, int]]:
        merchant, currency = self.row.merchant, self.row.currency
        codes = {
            "escrow": self.part.ledger_code,
            "commission": chart.income("commission", currency).code,
            "vat": chart.vat_commission(currency).code,
        }
        return [(codes.get(name, f"{merchant}:{name}"), amount) for name, amount in amounts.items() if amount]

    def _write(self, kind, key, amount, at, journal, *, taken=0, fee=0, held=None) -> int:
        """Post the journal and count it into the dispute, its part and its share."""
        posted = ledger.post(journal=journal)
        row, held = self.row, held or {}
        total = sum(held.values())
        row.taken += taken
        row.fee += fee
        row.held += total
        for name, moved in held.items():
            setattr(row, name, getattr(row, name) + moved)
        DisputeMovement.objects.create(
            dispute=row,
            kind=kind,
            key=key,
            amount=amount,
            at=at,
            journal_id=posted.journal_id,
            taken=taken,
            fee=fee,
            held=total,
            **held,
        )
        if self.part is not None and total:
            self.part.disputed_before += held["escrow"]
            self.part.disputed_after += total - held["escrow"]
            self.share.disputed += total
            self.book.changes.add(self.share, "disputed")
            self.book.changes.add(self.part, *PART_FIELDS)
        seen = ProviderBalanceTransaction.objects.filter(provider_id=key, handled_at__isnull=True)
        seen.update(handled_at=at, made_available_at=at, journal_id=posted.journal_id)
        return posted.journal_id
