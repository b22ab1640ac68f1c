"""What the card provider says of disputes, its balance and its payouts, as frozen records; and how to ask it.

Every record is made from the provider's own object by a function of its own, so that a message, an answer to a call
and a test's made-up object are read alike.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.providers import card_api

# The provider's word for a dispute's state -> ours.
STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry_under_review",
    "warning_closed": "inquiry_closed",
    "charge_refunded": "inquiry_closed",
    "prevented": "inquiry_closed",
    "needs_response": "needs_response",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
}
PAGE = 100


class UnreadableObject(Exception):
    """The provider's object is not what it is documented to be; nothing was changed by it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeTransaction:
    """Money of a dispute as the provider moved it; ``amount`` below zero was taken, ``fee`` above zero charged."""

    transaction: str
    amount: int
    fee: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeFacts:
    """A dispute as the provider tells it at one moment; amounts are minor units."""

    dispute_id: str
    charge: str
    intent: str
    amount: int
    currency: str
    reason: str
    state: str
    opened_at: datetime
    due_by: datetime | None
    submissions: int
    submission: str
    transactions: tuple[DisputeTransaction, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionFacts:
    """A line of the provider's balance; ``net`` is ``amount`` less ``fee``, minor units."""

    transaction: str
    kind: str
    category: str
    amount: int
    fee: int
    net: int
    currency: str
    source: str
    intent: str
    created_at: datetime
    available_on: datetime
    exchanged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFacts:
    """A payout of the provider to our bank as it stands."""

    payout: str
    amount: int
    currency: str
    state: str
    created_at: datetime
    arrives_on: datetime
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceFacts:
    """What the provider holds of ours in one currency, minor units."""

    currency: str
    pending: int
    available: int


def dispute_facts(said: Mapping[str, Any]) -> DisputeFacts:
    """Read a dispute.

    :raises UnreadableObject: something of it is missing, or its state is not known here.
    """
    with _reading("dispute", said):
        evidence = said.get("evidence_details") or {}
        # Within one second what was taken comes before what was given back, whatever the lines are called.
        lines = sorted(
            said.get("balance_transactions") or (),
            key=lambda line: (line["created"], int(line["amount"]) > 0, line["id"]),
        )
        return DisputeFacts(
            dispute_id=said["id"],
            charge=_id(said["charge"]),
            intent=_id(said.get("payment_intent")),
            amount=int(said["amount"]),
            currency=said["currency"].upper(),
            reason=said.get("reason") or "",
            state=STATES[said["status"]],
            opened_at=_moment(said["created"]),
            due_by=_moment(evidence["due_by"]) if evidence.get("due_by") else None,
            submissions=int(evidence.get("submission_count") or 0),
            submission=(said.get("metadata") or {}).get("submission", ""),
            transactions=tuple(
                DisputeTransaction(
                    transaction=line["id"],
                    amount=int(line["amount"]),
                    fee=int(line["fee"]),
                    at=_moment(line["created"]),
                )
                for line in lines
            ),
        )


def transaction_facts(said: Mapping[str, Any]) -> TransactionFacts:
    """Read a line of the provider's balance.

    :raises UnreadableObject: something of it is missing.
    """
    with _reading("balance transaction", said):
        source = said.get("source")
        rate = said.get("exchange_rate")
        return TransactionFacts(
            transaction=said["id"],
            kind=said["type"],
            category=said.get("reporting_category") or "",
            amount=int(said["amount"]),
            fee=int(said["fee"]),
            net=int(said.get("net", int(said["amount"]) - int(said["fee"]))),
            currency=said["currency"].upper(),
            source=_id(source),
            intent=_id(source.get("payment_intent")) if isinstance(source, Mapping) else "",
            created_at=_moment(said["created"]),
            available_on=_moment(said["available_on"]),
            exchanged=rate is not None and rate != 1,
        )


def payout_facts(said: Mapping[str, Any]) -> PayoutFacts:
    """Read a payout.

    :raises UnreadableObject: something of it is missing.
    """
    with _reading("payout", said):
        return PayoutFacts(
            payout=said["id"],
            amount=int(said["amount"]),
            currency=said["currency"].upper(),
            state=said["status"],
            created_at=_moment(said["created"]),
            arrives_on=_moment(said["arrival_date"]),
            failure=(said.get("failure_message") or said.get("failure_code") or "")[:200],
        )


def retrieve_dispute(*, dispute_id: str) -> DisputeFacts:
    """Ask the provider how a dispute stands now."""
    return dispute_facts(card_api.api().disputes.retrieve(dispute_id).to_dict())


def accept_dispute(*, dispute_id: str, key: str) -> DisputeFacts:
    """Tell the provider that a dispute is not contested."""
    return dispute_facts(card_api.api().disputes.close(dispute_id, {}, {"idempotency_key": key}).to_dict())


def submit_evidence(*, dispute_id: str, evidence: Mapping[str, str], key: str) -> DisputeFacts:
    """Give the provider the evidence, for good."""
    said = {"evidence": dict(evidence), "submit": True, "metadata": {"submission": key}}
    return dispute_facts(card_api.api().disputes.update(dispute_id, said, {"idempotency_key": key}).to_dict())


def upload_evidence(*, content: bytes, content_type: str, key: str) -> str:
    """Give the provider a paper; return its name there."""
    paper = io.BytesIO(content)
    paper.name = f"evidence.{content_type.rpartition('/')[2]}"
    return card_api.api().files.create({"purpose": "dispute_evidence", "file": paper}, {"idempotency_key": key}).id


def disputes(*, since: datetime) -> Iterator[DisputeFacts]:
    """Ask for every dispute opened since a moment, the newest first."""
    found = card_api.api().disputes.list({"limit": PAGE, "created": {"gte": int(since.timestamp())}})
    return (dispute_facts(each.to_dict()) for each in found.auto_paging_iter())


def transactions(*, since: datetime, until: datetime) -> Iterator[TransactionFacts]:
    """Ask for the lines of the balance from ``since`` up to, not including, ``until``."""
    query = {
        "limit": PAGE,
        "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
        "expand": ["data.source"],
    }
    found = card_api.api().balance_transactions.list(query)
    return (transaction_facts(each.to_dict()) for each in found.auto_paging_iter())


def payouts(*, since: datetime) -> Iterator[PayoutFacts]:
    """Ask for the payouts made since a moment."""
    found = card_api.api().payouts.list({"limit": PAGE, "created": {"gte": int(since.timestamp())}})
    return (payout_facts(each.to_dict()) for each in found.auto_paging_iter())


def balances() -> list[BalanceFacts]:
    """Ask what the provider holds of ours, by currency."""
    said = card_api.api().balance.retrieve().to_dict()
    sums: dict[str, dict[str, int]] = {}
    for name in ("pending", "available"):
        for line in said[name]:
            entry = sums.setdefault(line["currency"].upper(), {"pending": 0, "available": 0})
            entry[name] += int(line["amount"])
    return [BalanceFacts(currency=currency, **amounts) for currency, amounts in sorted(sums.items())]


class _reading:  # noqa: N801 - used as a statement, like `suppress`
    """Turn what a malformed object brings about into one clear error."""

    def __init__(self, kind: str, said: Mapping[str, Any]) -> None:
        self._what = f"the {kind} {said.get('id', '?')}"

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, (KeyError, TypeError, ValueError, AttributeError)):
            raise UnreadableObject(
                f"The card provider told {self._what} in a form not known here ({problem!r}): read its changes."
            ) from problem


def _id(value: Any) -> str:
    """Return the id of what is named, or told whole."""
    if value is None:
        return ""
    return value["id"] if isinstance(value, Mapping) else str(value)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(seconds), tz=UTC)
