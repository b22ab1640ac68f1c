"""A settlement's statement as a file to keep: PDF, CSV, XLSX. Its lines sum to the payout."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate, Spacer, Table, TableStyle

from payments import paper
from payments.money import Money
from payments.paper import ACCENT, INK, LINE, SOFT
from payments.queries.merchants import SettlementStatement
from payments.views import exporting

FORMS = ("pdf", *exporting.FORMATS)
_TEXT = paper.TEXT
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7.5, leading=10, textColor=SOFT)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontName=paper.BOLD, fontSize=19, leading=25)
_TOTAL = ParagraphStyle("total", parent=_TITLE, textColor=ACCENT, alignment=TA_RIGHT)
_HEAD = ParagraphStyle("head", parent=_SMALL, fontName=paper.BOLD, fontSize=8)
_HEAD_RIGHT = ParagraphStyle("head-right", parent=_HEAD, alignment=TA_RIGHT)
_MARGIN = 18 * mm


def respond(*, statement: SettlementStatement, recipient: Sequence[str], form: str, at: datetime) -> HttpResponseBase:
    """Return the statement as ``pdf``, ``csv`` or ``xlsx``; ``recipient`` is the name, address and tax number."""
    if form != "pdf":
        return exporting.respond(table=table(statement=statement), form=form)
    response = HttpResponse(pdf(statement=statement, recipient=recipient, at=at), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{statement.number}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def names() -> dict[str, str]:
    """Return what each kind of line is called."""
    return {
        "release": _("Sale released"),
        "refund": _("Refund"),
        "reserve": _("Kept in reserve"),
        "loan_share": _("Repayment of financing"),
        "receivable": _("Owed from before"),
        "came_free": _("Came free and was paid out with it"),
        "carried": _("Taken by later refunds, or paid out later"),
    }


def table(*, statement: SettlementStatement) -> exporting.Table:
    """Return the lines as a table; the last row is the payout that the others' amounts sum to."""
    headings = [_("What"), _("Reference"), _("Sale"), _("Commission"), _("Tax on it"), _("Deducted"), _("Amount"),
                _("Currency"), _("Journal")]  # fmt: skip
    return exporting.Table(name=statement.number, headings=headings, rows=_rows(statement))


def _rows(statement: SettlementStatement) -> Iterator[Sequence[exporting.Cell]]:
    currency, called = statement.settlement.currency, names()
    for line in statement.lines:
        sale = line.sale
        parts = (sale.amount, -sale.commission, -sale.vat, -sale.deducted) if sale else (None,) * 4
        yield [
            called.get(line.kind, line.kind),
            line.reference,
            *(None if part is None else Money(part, currency) for part in parts),
            Money(line.amount, currency),
            currency,
            line.journal_id,
        ]
    paid = Money(statement.settlement.paid_out, currency)
    yield [_("Paid out"), statement.number, None, None, None, None, paid, currency, statement.payout_journal_id]


def pdf(*, statement: SettlementStatement, recipient: Sequence[str], at: datetime) -> bytes:
    """Return the statement for printing: the parties, its lines and totals, numbered pages."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, title=statement.number, author=settings.RIALTO_POLICY.BANK_NAME,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=24 * mm, bottomMargin=20 * mm,
    )  # fmt: skip

    def page(canvas: Canvas, made: SimpleDocTemplate) -> None:
        _frame(canvas, number=statement.number, page=made.page, at=at)

    document.build([*_head(statement, recipient), _lines(statement)], onFirstPage=page, onLaterPages=page)
    return target.getvalue()


def _head(statement: SettlementStatement, recipient: Sequence[str]) -> list[object]:
    settled, sold = statement.settlement, statement.sold
    paid = Money(settled.paid_out, settled.currency).format()
    title = Table([[paper.said(_("Settlement"), _TITLE), paper.said(paid, _TOTAL)]])
    title.setStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("RIGHTPADDING", (0, 0), (-1, -1), 0)])
    facts = [
        (_("Number"), statement.number),
        (_("Day"), f"{settled.day:%d %b %Y}"),
        (_("Paid out to"), statement.account or "–"),
        (_("Sales"), Money(sold.amount, settled.currency).format()),
        (_("Commission"), Money(sold.commission, settled.currency).format()),
        (_("Tax on it"), Money(sold.vat, settled.currency).format()),
    ]
    told = Table([[paper.said(name), paper.said(value, bold=True)] for name, value in facts], colWidths=[24 * mm, None])
    told.setStyle([("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 0)])
    parties = Table([[paper.said("\n".join(line for line in recipient if line)), told]])
    parties.setStyle([("LEFTPADDING", (0, 0), (-1, -1), 0), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return [title, Spacer(1, 4 * mm), parties, Spacer(1, 6 * mm)]


def _lines(statement: SettlementStatement) -> Table:
    rows: list[list[object]] = [
        [
            paper.said(text, _HEAD if place < 2 else _HEAD_RIGHT)
            for place, text in enumerate(
                (_("What"), _("Reference"), _("Sale"), _("Commission"), _("Tax on it"), _("Deducted"), _("Amount"))
            )
        ]
    ]
    for what, reference, *amounts, _currency, _journal in _rows(statement):
        cells = ["" if amount is None else f"{amount.to_decimal():,f}" for amount in amounts]
        rows.append([paper.said(what), paper.said(reference, _SMALL), *cells])
    drawn = Table(rows, colWidths=[width * mm for width in (40, 34, 20, 20, 18, 18, 24)], repeatRows=1)
    drawn.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), paper.PLAIN, 8.5),
                ("FONT", (0, -1), (-1, -1), paper.BOLD, 9),
                ("TEXTCOLOR", (0, 1), (-1, -1), INK),
                ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
                ("LINEBELOW", (0, 1), (-1, -2), 0.25, LINE),
                ("LINEABOVE", (0, -1), (-1, -1), 0.8, INK),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ]
        )
    )
    return drawn


def _frame(canvas: Canvas, *, number: str, page: int, at: datetime) -> None:
    policy = settings.RIALTO_POLICY
    width, height = A4
    canvas.setFillColor(ACCENT)
    canvas.rect(0, height - 5 * mm, width, 5 * mm, stroke=0, fill=1)
    paper.draw(canvas, _MARGIN, height - 15 * mm, policy.BANK_NAME, size=10, bold=True)
    canvas.setFillColor(SOFT)
    said = _("%(bank)s · %(address)s · tax number %(tax)s") % {
        "bank": policy.BANK_NAME, "address": policy.BANK_ADDRESS, "tax": policy.BANK_TAX_ID,
    }  # fmt: skip
    made = _("Made on %(day)s UTC") % {"day": f"{at:%d %b %Y, %H:%M}"}
    paper.draw(canvas, _MARGIN, 11 * mm, said, size=7.5)
    paper.draw(canvas, _MARGIN, 7.5 * mm, made, size=7.5)
    paged = f"{number} · " + _("page %(number)d") % {"number": page}
    paper.draw_right(canvas, width - _MARGIN, 11 * mm, paged, size=7.5)
