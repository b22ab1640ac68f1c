"""Issuing: an invoice when a consignment was sent, a credit note when money of it went back. Each exactly once."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from mall.fulfilment.models import Consignment
from mall.invoices import facts as facts_of
from mall.invoices import taxes
from mall.invoices.drawing import draw
from mall.invoices.models import CREDIT, INVOICE, NumberRange, Paper, PaperFile
from mall.invoices.taxes import RateSum
from payments import rows

_PREFIX = {INVOICE: "R", CREDIT: "G"}


class UnableToIssue(Exception):
    """There is nothing yet to write an invoice of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money of a consignment that went back, in minor units; `key` names the movement once for ever."""

    consignment_number: str
    amount: int
    reason: str
    key: str
    at: datetime


def issue_invoices(*, sent: Sequence[tuple[str, datetime]]) -> None:
    """Issue the invoices of consignments that were sent, each (number, moment); one that is issued stays as it is."""
    moments = dict(sent)
    with transaction.atomic():
        consignments = facts_of.read(numbers=list(moments))
        wanted = [row for row in consignments if row.amount]
        _lock_ranges(merchant_ids={row.merchant_id for row in wanted}, kind=INVOICE)
        known = set(Paper.objects.filter(kind=INVOICE, consignment__in=wanted).values_list("consignment_id", flat=True))
        said = facts_of.invoices(consignments=[row for row in wanted if row.pk not in known])
        _write(
            papers=[
                _paper(
                    kind=INVOICE,
                    key=f"invoice:{row.number}",
                    consignment=row,
                    rates=rates,
                    facts=facts,
                    at=moments[row.number],
                )
                for row, rates, facts in said
            ],
            kind=INVOICE,
        )


def issue_credits(*, credits: Sequence[Credit]) -> None:
    """Issue credit notes for money that went back; one of a key that is issued stays as it is.

    :raises UnableToIssue: the invoice of a consignment that was sent is not issued yet.
    """
    with transaction.atomic():
        invoices = {
            paper.consignment.number: paper
            for paper in Paper.objects.filter(
                kind=INVOICE, consignment__number__in={credit.consignment_number for credit in credits}
            ).select_related("consignment")
        }
        missing = {credit.consignment_number for credit in credits} - set(invoices)
        if sent := Consignment.objects.filter(number__in=missing, dispatched_at__isnull=False).first():
            raise UnableToIssue(f"Consignment {sent.number} has no invoice yet.")
        merchants = {paper.merchant_id for paper in invoices.values()}
        _lock_ranges(merchant_ids=merchants, kind=CREDIT)
        keys = {f"credit:{credit.key}": credit for credit in credits if credit.consignment_number in invoices}
        known = set(Paper.objects.filter(key__in=keys).values_list("key", flat=True))
        papers = []
        for key, credit in keys.items():
            if key not in known:
                papers.append(_credit(key=key, credit=credit, invoice=invoices[credit.consignment_number]))
        _write(papers=papers, kind=CREDIT)


def file_of(*, paper: Paper, at: datetime) -> bytes:
    """Return the document of a paper, drawn once and kept: the same bytes at every download.

    :raises FactsDamaged: what the paper says is not what was issued.
    """
    kept = PaperFile.objects.filter(paper=paper).first()
    if kept is None:
        check(paper=paper)
        content = draw(number=paper.number, kind=paper.kind, facts=paper.facts)
        try:
            with transaction.atomic():
                PaperFile.objects.create(
                    paper=paper, content=content, digest=hashlib.sha256(content).hexdigest(), drawn_at=at
                )
            return content
        except IntegrityError:
            kept = PaperFile.objects.get(paper=paper)
    content = bytes(kept.content)
    if hashlib.sha256(content).hexdigest() != kept.digest:
        raise FactsDamaged(f"The document of {paper.number} is not the one that was issued.")
    return content


class FactsDamaged(Exception):
    """A paper is not what was issued."""


def check(*, paper: Paper) -> None:
    """Compare what a paper says with what was issued.

    :raises FactsDamaged: they differ.
    """
    if digest_of(paper.facts) != paper.digest:
        raise FactsDamaged(f"What {paper.number} says is not what was issued.")


def digest_of(facts: dict[str, Any]) -> str:
    """Return the SHA-256 of what a paper says."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _credit(*, key: str, credit: Credit, invoice: Paper) -> Paper:
    before = [RateSum(*row) for row in invoice.facts["rates"]]
    rates = taxes.share_of(rates=before, amount=credit.amount)
    facts = facts_of.credit(invoice=invoice, rates=rates, reason=credit.reason, at=credit.at)
    paper = _paper(kind=CREDIT, key=key, consignment=invoice.consignment, rates=rates, facts=facts, at=credit.at)
    paper.corrects = invoice
    return paper


def _paper(
    *, kind: str, key: str, consignment: Consignment, rates: Sequence[RateSum], facts: dict[str, Any], at: datetime
) -> Paper:
    return Paper(
        kind=kind,
        key=key,
        merchant_id=consignment.merchant_id,
        consignment=consignment,
        currency=consignment.currency,
        total=sum(rate.gross for rate in rates),
        tax=sum(rate.tax for rate in rates),
        issued_at=at,
        facts=facts,
    )


def _lock_ranges(*, merchant_ids: set[int], kind: str) -> None:
    """Lock the ranges of merchants in the order of their numbers; who has none gets one."""
    if not merchant_ids:
        return
    rows.insert(
        rows=[NumberRange(merchant_id=identifier, kind=kind, last=0) for identifier in sorted(merchant_ids)],
        ignore_conflicts=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM invoices_numberrange WHERE merchant_id = ANY(%s) AND kind = %s "
            "ORDER BY merchant_id FOR NO KEY UPDATE",
            [sorted(merchant_ids), kind],
        )


def _write(*, papers: Sequence[Paper], kind: str) -> None:
    """Number papers under the lock of their ranges and write them; a number is used or was never drawn."""
    if not papers:
        return
    last = dict(
        NumberRange.objects.filter(kind=kind, merchant_id__in={paper.merchant_id for paper in papers}).values_list(
            "merchant_id", "last"
        )
    )
    counts: dict[int, int] = defaultdict(int)
    for paper in sorted(papers, key=lambda paper: (paper.issued_at, paper.key)):
        counts[paper.merchant_id] += 1
        paper.sequence = last[paper.merchant_id] + counts[paper.merchant_id]
        paper.number = f"{_PREFIX[kind]}{paper.merchant_id}-{paper.sequence:06d}"
        paper.digest = digest_of(paper.facts)
    rows.insert(rows=list(papers))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE invoices_numberrange r SET last = r.last + n.count "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS n (merchant_id, count) "
            "WHERE r.merchant_id = n.merchant_id AND r.kind = %s",
            [list(counts), list(counts.values()), kind],
        )
