"""An account's statement as a file to keep: PDF, CSV, camt.053."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Spacer, Table, TableStyle

from payments import paper
from payments.money import Money
from payments.queries import AccountStatement
from payments.settlement import iso20022
from payments.views.exporting import harmless

_TEXT = ParagraphStyle("statement", parent=paper.TEXT, fontSize=10, leading=12)
_RIGHT = ParagraphStyle("statement-right", parent=_TEXT, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("statement-title", parent=_TEXT, fontName=paper.BOLD, fontSize=18, leading=26, alignment=1)


@dataclass(frozen=True, slots=True)
class Made:
    """A file and what it is."""

    content: bytes
    content_type: str


def as_csv(*, statement: AccountStatement, owner: str, at: datetime) -> Made:
    """Return the lines with the balance after each, amounts in major units."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow([_("Day"), _("What"), _("Reference"), _("Amount"), _("Balance"), _("Currency"), _("Journal")])
    currency = statement.account.currency
    for line in statement.lines:
        writer.writerow(
            [
                line.at.astimezone(UTC).date().isoformat(),
                harmless(line.text),
                harmless(line.reference),
                Money(line.amount, currency).to_decimal(),
                Money(line.balance, currency).to_decimal(),
                currency,
                line.journal_id,
            ]
        )
    return Made(target.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8")


def as_camt(*, statement: AccountStatement, owner: str, at: datetime) -> Made:
    """Return the statement as camt.053.001.08, for bookkeeping programs."""
    account = statement.account
    content = iso20022.write_statement(
        iso20022.OwnStatement(
            statement_id=f"{account.number[-10:]}-{statement.since:%Y%m%d}-{statement.until:%Y%m%d}",
            created_at=at,
            account=account.number,
            currency=account.currency,
            owner=owner,
            bank=settings.RIALTO_POLICY.BANK_NAME,
            since=statement.since,
            until=statement.until,
            opening=statement.opening,
            closing=statement.closing,
            lines=[
                iso20022.OwnLine(
                    at=line.at,
                    amount=line.amount,
                    text=line.text,
                    reference=line.reference,
                    journal_id=line.journal_id,
                )
                for line in statement.lines
            ],
        )
    )
    return Made(content, "application/xml")


def as_pdf(*, statement: AccountStatement, owner: str, at: datetime) -> Made:
    """Return the statement for printing, oldest line first, with numbered pages."""
    account, currency = statement.account, statement.account.currency
    period = f"{statement.since:%d %b %Y} – {statement.until:%d %b %Y}"
    head = [
        paper.said(settings.RIALTO_POLICY.BANK_NAME, bold=True),
        paper.said(_("Statement of account"), _TITLE),
        paper.said(owner, _TEXT),
        paper.said(f"{account.groups} · {currency}", _TEXT),
        paper.said(period, _TEXT),
        Spacer(1, 6 * mm),
    ]
    rows: list[list[object]] = [
        [paper.said(_("Day"), bold=True), paper.said(_("What"), bold=True)]
        + [paper.said(text, _RIGHT, bold=True) for text in (_("Amount"), _("Balance"))]
    ]
    rows.append(["", paper.said(_("At the beginning"), _TEXT), "", Money(statement.opening, currency).format()])
    for line in statement.lines:
        what = f"{line.text} {line.reference}".strip()
        rows.append(
            [
                f"{line.at.astimezone(UTC):%d %b %Y}",
                paper.said(what, _TEXT),
                Money(line.amount, currency).format(),
                Money(line.balance, currency).format(),
            ]
        )
    rows.append(["", paper.said(_("At the end"), _TEXT, bold=True), "", Money(statement.closing, currency).format()])
    table = Table(rows, colWidths=[28 * mm, 82 * mm, 32 * mm, 32 * mm], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONTNAME", (0, -1), (-1, -1), paper.BOLD),
                ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
                ("LINEBELOW", (0, 1), (-1, -2), 0.25, colors.lightgrey),
            ]
        )
    )
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, title=f"{account.number} {period}", author=settings.RIALTO_POLICY.BANK_NAME
    )
    document.build([*head, table], onFirstPage=_page, onLaterPages=_page)
    return Made(target.getvalue(), "application/pdf")


def _page(canvas: Canvas, document: SimpleDocTemplate) -> None:
    paper.draw_right(canvas, A4[0] - 20 * mm, 10 * mm, _("Page %(number)d") % {"number": document.page}, size=8)


FORMS = {"pdf": as_pdf, "csv": as_csv, "xml": as_camt}
