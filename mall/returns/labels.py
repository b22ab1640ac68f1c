"""The label a buyer puts on what he sends back: where it goes, from whom, and a barcode the store scans."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.utils.translation import gettext as _
from reportlab.graphics.barcode import code128
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from mall.returns.models import BY_STORE
from mall.returns.queries import ReturnPage

INK, SOFT, LINE = HexColor("#14182b"), HexColor("#474d66"), HexColor("#8289a1")
_LEFT, _WIDTH, _HEIGHT = 18 * mm, 174 * mm, 120 * mm


def pdf(*, page: ReturnPage) -> bytes:
    """Return the label as a page of A4: the label above, what to put into the parcel below."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=True)
    canvas.setTitle(_("Return %(number)s") % {"number": page.row.number})
    canvas.setAuthor("Rialto")
    _label(canvas, page=page, top=A4[1] - 18 * mm)
    _slip(canvas, page=page, top=A4[1] - 18 * mm - _HEIGHT - 14 * mm)
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def _label(canvas: Canvas, *, page: ReturnPage, top: float) -> None:
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(1.2)
    canvas.roundRect(_LEFT, top - _HEIGHT, _WIDTH, _HEIGHT, 4 * mm)
    x, y = _LEFT + 8 * mm, top - 12 * mm
    _text(canvas, x, y, _("Return to"), size=9, color=SOFT)
    y = _lines(canvas, x, y - 8 * mm, page.send_to, size=15, step=7 * mm)
    paid = page.row.delivery_paid_by == BY_STORE
    postage = _("Postage: paid by the store") if paid else _("Postage: paid by the sender, at the counter")
    _text(canvas, x, y - 4 * mm, postage, size=10, bold=True)
    code = code128.Code128(page.row.number, barHeight=22 * mm, barWidth=_bar(page.row.number))
    code.drawOn(canvas, _LEFT + (_WIDTH - code.width) / 2, top - _HEIGHT + 16 * mm)
    width = stringWidth(page.row.number, "Helvetica-Bold", 12)
    _text(canvas, _LEFT + (_WIDTH - width) / 2, top - _HEIGHT + 8 * mm, page.row.number, size=12, bold=True)


def _bar(number: str) -> float:
    """Return the width of the narrowest bar with which the code fits the label; not below what scanners read."""
    modules = 11 * (len(number) + 2) + 35
    return max(0.25 * mm, min(0.42 * mm, (_WIDTH - 16 * mm) / modules))


def _slip(canvas: Canvas, *, page: ReturnPage, top: float) -> None:
    canvas.setStrokeColor(LINE)
    canvas.setDash(3, 3)
    canvas.line(_LEFT, top + 6 * mm, _LEFT + _WIDTH, top + 6 * mm)
    canvas.setDash()
    _text(canvas, _LEFT, top - 4 * mm, _("Put this half into the parcel"), size=13, bold=True)
    told = [
        _("Return %(number)s of order %(order)s") % {"number": page.row.number, "order": page.order_number},
        *(f"{line.quantity} × {line.title}" for line in page.lines),
    ]
    _lines(canvas, _LEFT, top - 12 * mm, told, size=10, step=5.5 * mm)


def _lines(canvas: Canvas, x: float, y: float, lines: Sequence[str], *, size: int, step: float) -> float:
    for line in lines[:14]:
        _text(canvas, x, y, line[:80], size=size)
        y -= step
    return y


def _text(
    canvas: Canvas, x: float, y: float, text: str, *, size: int, bold: bool = False, color: HexColor = INK
) -> None:
    canvas.setFillColor(color)
    canvas.setFont("Helvetica-Bold" if bold else "Helvetica", size)
    canvas.drawString(x, y, text)
