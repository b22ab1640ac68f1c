"""What the shop says in a dispute: texts, papers, a word to each other, and whether it contests at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from payments import private_files
from payments.models import Dispute, DisputeEvent, Evidence, EvidenceFile
from payments.operations.errors import PaymentError

# The card provider's own names.
TEXTS = (
    "product_description",
    "customer_name",
    "customer_email_address",
    "shipping_carrier",
    "shipping_tracking_number",
    "shipping_date",
    "shipping_address",
    "refund_refusal_explanation",
    "uncategorized_text",
)
FILES = ("receipt", "shipping_documentation", "customer_communication", "uncategorized_file")
LONGEST_TEXT = 20_000
# What the provider takes, of all papers of a dispute together.
MOST_BYTES = 4_500_000
ANSWERABLE = ("needs_response", "inquiry")

PAPERS = private_files.PrivateFiles(folder="evidence", purpose=b"rialto: evidence in disputes")


class UnknownDispute(PaymentError):
    """There is no such dispute, or it is another merchant's."""


class UnableToAnswer(PaymentError):
    """A dispute cannot be answered so, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper as it was uploaded; ``kind`` is one of ``FILES``."""

    kind: str
    name: str
    content: bytes


def write_evidence(
    *,
    dispute_id: int,
    texts: Mapping[str, str],
    papers: Sequence[Paper],
    by: str,
    at: datetime,
    merchant: str | None = None,
) -> None:
    """Keep what the shop says; a text that is not given stays, a paper takes the place of the one of its kind.

    A merchant may write until he is not asked any more, operations until it was submitted.

    :raises UnknownDispute: there is no such dispute of this merchant.
    :raises UnableToAnswer: it is too late, or a text or a paper cannot be taken.
    """
    _check(texts=texts, papers=papers)
    with transaction.atomic():
        row = _open_row(dispute_id=dispute_id, merchant=merchant, at=at)
        kept = EvidenceFile.objects.filter(dispute=row, removed_at__isnull=True)
        replaced = kept.filter(kind__in=[paper.kind for paper in papers])
        stays = sum(kept.exclude(pk__in=replaced.values("pk")).values_list("size", flat=True))
        if stays + sum(len(paper.content) for paper in papers) > MOST_BYTES:
            raise UnableToAnswer("All papers of a dispute together may have 4.5 MB: make them smaller.")
        replaced.update(removed_at=at)
        EvidenceFile.objects.bulk_create([_file(row=row, paper=paper, by=by, at=at) for paper in papers])
        evidence, _made = Evidence.objects.get_or_create(dispute=row, defaults={"changed_at": at})
        evidence.texts = {**evidence.texts, **texts}
        evidence.changed_at = at
        evidence.save()


def answer_dispute(*, dispute_id: int, answer: str, by: str, at: datetime, merchant: str | None = None) -> None:
    """Note that the merchant contests, or accepts; operations then submit or accept at the card's bank.

    :raises UnknownDispute: there is no such dispute of this merchant.
    :raises UnableToAnswer: he is not asked any more.
    """
    if answer not in ("contest", "accept"):
        raise UnableToAnswer(f"{answer!r} is no answer: contest the dispute or accept it.")
    with transaction.atomic():
        row = _open_row(dispute_id=dispute_id, merchant=merchant, at=at)
        if row.answer == answer:
            return
        row.answer, row.answered_at = answer, at
        row.save(update_fields=["answer", "answered_at"])
        _log(row=row, kind=answer, by=by, text="", at=at)


def say(*, dispute_id: int, text: str, by: str, at: datetime, merchant: str | None = None) -> None:
    """Write a word about a dispute that the merchant and operations both read.

    :raises UnknownDispute: there is no such dispute of this merchant.
    :raises UnableToAnswer: there is nothing in it.
    """
    if not text.strip():
        raise UnableToAnswer("There is nothing in it: write a few words.")
    with transaction.atomic():
        _log(row=locked(dispute_id=dispute_id, merchant=merchant), kind="note", by=by, text=text.strip()[:2_000], at=at)


def open_paper(*, file_id: int, merchant: str | None = None) -> tuple[str, str, bytes]:
    """Return a paper's name, what it is, and its content.

    :raises UnknownDispute: there is no such paper of this merchant.
    """
    row = EvidenceFile.objects.select_related("dispute").filter(pk=file_id, removed_at__isnull=True).first()
    if row is None or merchant not in (None, row.dispute.merchant):
        raise UnknownDispute("There is no such paper.")
    return row.name, row.content_type, PAPERS.read(stored_as=row.stored_as, digest=row.digest)


def locked(*, dispute_id: int, merchant: str | None = None) -> Dispute:
    """Hold a dispute's row and return it.

    :raises UnknownDispute: there is no such dispute of this merchant.
    """
    row = Dispute.objects.select_for_update(of=("self",)).filter(pk=dispute_id).first()
    if row is None or merchant not in (None, row.merchant):
        raise UnknownDispute("There is no such dispute.")
    return row


def _open_row(*, dispute_id: int, merchant: str | None, at: datetime) -> Dispute:
    row = locked(dispute_id=dispute_id, merchant=merchant)
    if row.state not in ANSWERABLE or row.calls.filter(state="asked").exists():
        raise UnableToAnswer("This dispute was answered or is over: nothing can be added.")
    until = row.merchant_due_by if merchant is not None else row.due_by
    if until is not None and at > until:
        raise UnableToAnswer("The time to answer is over: ask operations whether anything can still be done.")
    return row


def _check(*, texts: Mapping[str, str], papers: Sequence[Paper]) -> None:
    for name, text in texts.items():
        if name not in TEXTS:
            raise UnableToAnswer(f"{name!r} is no text of the evidence.")
        if len(text) > LONGEST_TEXT:
            raise UnableToAnswer(f"A text may have {LONGEST_TEXT} characters: make it shorter.")
    for paper in papers:
        if paper.kind not in FILES:
            raise UnableToAnswer(f"{paper.kind!r} is no paper of the evidence.")
        if not paper.content:
            raise UnableToAnswer(f"{paper.name} is empty: choose another file.")
        if not private_files.content_type(content=paper.content):
            raise UnableToAnswer(f"{paper.name} is neither a PDF nor a PNG nor a JPEG: save it as one of these.")
    if len({paper.kind for paper in papers}) != len(papers):
        raise UnableToAnswer("There is one paper of each kind: put several into one PDF.")


def _file(*, row: Dispute, paper: Paper, by: str, at: datetime) -> EvidenceFile:
    kept = PAPERS.keep(content=paper.content)
    return EvidenceFile(
        dispute=row,
        kind=paper.kind,
        name=Path(paper.name.replace("\\", "/")).name[:255] or "paper",
        content_type=private_files.content_type(content=paper.content),
        size=kept.size,
        digest=kept.digest,
        stored_as=kept.stored_as,
        by=by,
        at=at,
    )


def _log(*, row: Dispute, kind: str, by: str, text: str, at: datetime) -> None:
    number = DisputeEvent.objects.filter(dispute=row).count()
    DisputeEvent.objects.create(
        dispute=row, key=f"{row.provider_id}:{kind}:{number}", kind=kind, by=by, text=text, at=at
    )
