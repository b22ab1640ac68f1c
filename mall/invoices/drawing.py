"""An invoice or a credit note on paper; the same facts are the same bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate, Spacer, Table, TableStyle

from mall import bank
from mall.invoices.models import INVOICE
from payments import paper
from payments.paper import ACCENT, LINE, SOFT, said

_MARGIN = 18 * mm
_RIGHT = ParagraphStyle("right", parent=paper.TEXT, alignment=TA_RIGHT)
_SMALL = ParagraphStyle("small", parent=paper.TEXT, fontSize=7.5, leading=10, textColor=SOFT)
_SMALL_RIGHT = ParagraphStyle("small-right", parent=_SMALL, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", parent=paper.TEXT, fontName=paper.BOLD, fontSize=19, leading=25)
_BARE = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("TOPPADDING", (0, 0), (-1, -1), 1),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


def draw(*, number: str, kind: str, facts: dict[str, Any]) -> bytes:
    """Return the document, in English: it is read by tax offices too."""
    with override("en"):
        return _draw(number=number, is_invoice=kind == INVOICE, facts=facts)


def _draw(*, number: str, is_invoice: bool, facts: dict[str, Any]) -> bytes:
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, title=number, author=facts["seller"]["name"], invariant=1,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=22 * mm, bottomMargin=24 * mm,
    )  # fmt: skip

    def page(canvas: Canvas, made: SimpleDocTemplate) -> None:
        _frame(canvas, number=number, page=made.page, seller=facts["seller"])

    body = [*_head(number=number, is_invoice=is_invoice, facts=facts)]
    body += [_lines(facts), Spacer(1, 4 * mm)] if is_invoice else [said(_why(facts)), Spacer(1, 5 * mm)]
    document.build([*body, _sums(facts, is_invoice=is_invoice)], onFirstPage=page, onLaterPages=page)
    return target.getvalue()


def _head(*, number: str, is_invoice: bool, facts: dict[str, Any]) -> list[Flowable]:
    told = [
        (_("Number"), number),
        (_("Date"), _day(facts["sent_on"] if is_invoice else facts["given_on"])),
        (_("Order"), f"{facts['order']}, {_day(facts['ordered_on'])}"),
        (_("Parcel"), facts["consignment"]),
    ]
    if is_invoice:
        told.append((_("Delivered on"), _("sent on %(day)s") % {"day": _day(facts["sent_on"])}))
    else:
        told.append((_("Corrects"), f"{facts['corrects']}, {_day(facts['corrects_of'])}"))
    table = Table([[said(name, _SMALL), said(value)] for name, value in told], colWidths=[22 * mm, 62 * mm])
    table.setStyle(_BARE)
    buyer = facts["buyer"]
    to = [*buyer["address"], *([_("Tax number %(id)s") % {"id": buyer["tax_id"]}] if buyer["tax_id"] else [])]
    parties = Table([[said("\n".join(to)), table]], colWidths=[88 * mm, 84 * mm])
    parties.setStyle(_BARE)
    title = _("Invoice") if is_invoice else _("Credit note")
    return [said(title, _TITLE), Spacer(1, 4 * mm), parties, Spacer(1, 8 * mm)]


def _lines(facts: dict[str, Any]) -> Table:
    head = [said(_("What"), _SMALL), said(_("Article"), _SMALL)]
    head += [said(text, _SMALL_RIGHT) for text in (_("Pieces"), _("Each"), _("VAT"), _("Sum"))]
    rows: list[list[object]] = [head]
    for title, sku, quantity, unit, amount, rate in facts["lines"]:
        rows.append(
            [
                said(title),
                said(sku, _SMALL),
                said(quantity, _RIGHT),
                said(_money(unit, facts), _RIGHT),
                said(_percent(rate), _RIGHT),
                said(_money(amount, facts), _RIGHT),
            ]
        )
        if amount != quantity * unit:
            rows.append(
                [said(_("Discount"), _SMALL), *[""] * 4, said(_money(amount - quantity * unit, facts), _SMALL_RIGHT)]
            )
            rows[-2][-1] = said(_money(quantity * unit, facts), _RIGHT)
    rows.append([said(_("Delivery")), *[""] * 4, said(_money(facts["delivery"], facts), _RIGHT)])
    table = Table(rows, colWidths=[width * mm for width in (72, 30, 14, 20, 14, 24)], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
                ("LINEBELOW", (0, 1), (-1, -1), 0.25, LINE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _sums(facts: dict[str, Any], *, is_invoice: bool) -> Table:
    rows: list[list[object]] = []
    for rate, gross, tax in facts["rates"]:
        values = {"rate": _percent(rate)}
        rows.append([said(_("Net at %(rate)s") % values, _RIGHT), said(_money(gross - tax, facts), _RIGHT)])
        rows.append([said(_("VAT %(rate)s") % values, _RIGHT), said(_money(tax, facts), _RIGHT)])
    name = _("Total, VAT included") if is_invoice else _("Paid back, VAT included")
    rows.append([said(name, _RIGHT, bold=True), said(_money(facts["total"], facts), _RIGHT, bold=True)])
    if is_invoice:
        rows.append([said(_("Paid through Rialto; nothing is owed."), _SMALL_RIGHT), ""])
    table = Table(rows, colWidths=[144 * mm, 30 * mm])
    last = len(facts["rates"]) * 2
    table.setStyle(TableStyle([*_BARE, ("LINEABOVE", (0, last), (-1, last), 0.8, ACCENT)]))
    return table


def _why(facts: dict[str, Any]) -> str:
    text = _("Money of this parcel was paid back.")
    return f"{text} {facts['reason']}" if facts["reason"] else text


def _frame(canvas: Canvas, *, number: str, page: int, seller: dict[str, Any]) -> None:
    width, height = A4
    paper.draw(canvas, _MARGIN, height - 15 * mm, seller["name"], size=10, bold=True)
    canvas.setFillColor(SOFT)
    known = [seller["name"], *seller["address"]]
    ids: Sequence[str] = [
        _("tax number %(id)s") % {"id": seller["tax_id"]} if seller["tax_id"] else "",
        _("registered as %(id)s") % {"id": seller["registration"]} if seller["registration"] else "",
    ]
    paper.draw(canvas, _MARGIN, 13 * mm, " · ".join(known), size=7)
    paper.draw(canvas, _MARGIN, 9.5 * mm, " · ".join(text for text in ids if text), size=7)
    paged = f"{number} · " + _("page %(number)d") % {"number": page}
    paper.draw_right(canvas, width - _MARGIN, 9.5 * mm, paged, size=7)


def _money(amount: int, facts: dict[str, Any]) -> str:
    return bank.text(amount=amount, currency=facts["currency"])


def _percent(rate_bps: int) -> str:
    return f"{Decimal(rate_bps) / 100:f}".rstrip("0").rstrip(".") + " %"


def _day(text: str) -> str:
    return f"{date.fromisoformat(text):%d %b %Y}" if text else ""
