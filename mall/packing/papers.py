"""What goes onto paper at the packing desk: a pick list, a slip for each parcel, address labels. No prices on any."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from reportlab.graphics.barcode.code128 import Code128
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, A6
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepInFrame, PageBreak, SimpleDocTemplate, Spacer, Table, TableStyle

from mall.papers.queries import Note
from mall.queries.orders import MerchantConsignment
from payments import paper
from payments.paper import ACCENT, LINE, SOFT, said

_MARGIN = 18 * mm
_TEXT = ParagraphStyle("desk", parent=paper.TEXT, fontSize=10, leading=13.5)
_SMALL = ParagraphStyle("desk-small", parent=paper.TEXT, fontSize=8, leading=10.5, textColor=SOFT)
_TITLE = ParagraphStyle("desk-title", parent=paper.TEXT, fontName=paper.BOLD, fontSize=18, leading=24)
_ADDRESS = ParagraphStyle("desk-address", parent=paper.TEXT, fontSize=15, leading=20)
_GIFT = ParagraphStyle("gift", parent=paper.TEXT, fontSize=13, leading=19, alignment=1, borderPadding=8)
_BARE = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]
_RULED = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, 0), 0.8, ACCENT),
    ("LINEBELOW", (0, 1), (-1, -1), 0.25, LINE),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
]


def slips(*, store: str, parcels: Sequence[MerchantConsignment], notes: Mapping[str, Note]) -> bytes:
    """Return one document: a pick list with the buyers' notes, then a packing slip with its gift message for each."""
    target = io.BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, title=_("Packing slips"), author=store,
        leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=18 * mm, bottomMargin=16 * mm,
    )  # fmt: skip
    body = _picks(parcels=parcels)
    for number, note in notes.items():
        if note.note:
            body += [Spacer(1, 3 * mm), said(f"{number}: {note.note}", _TEXT)]
    for found in parcels:
        note = notes.get(found.part.number)
        body += [PageBreak(), *_slip(store=store, found=found)]
        if note and note.gift_message:
            body += [Spacer(1, 10 * mm), said(note.gift_message, _GIFT)]
    document.build(body, onFirstPage=_numbered, onLaterPages=_numbered)
    return target.getvalue()


def labels(*, store: str, parcels: Sequence[MerchantConsignment], notes: Mapping[str, Note]) -> bytes:
    """Return one document with an address label for each parcel, a page each, for a printer of labels."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A6)
    canvas.setTitle(_("Address labels"))
    for found in parcels:
        _label(canvas, store=store, found=found)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _picks(*, parcels: Sequence[MerchantConsignment]) -> list[Flowable]:
    wanted: dict[tuple[str, str], list[tuple[str, int]]] = defaultdict(list)
    for found in parcels:
        for line in found.part.lines:
            wanted[line.sku, line.title].append((found.part.number, line.quantity))
    rows: list[list[object]] = [
        [said(text, _SMALL) for text in (_("Pieces"), _("Article"), _("What"), _("For the parcels"))]
    ]
    for (sku, title), places in sorted(wanted.items()):
        where = ", ".join(number if count == 1 else f"{number} ({count})" for number, count in places)
        total = said(sum(count for _n, count in places), _TEXT, bold=True)
        rows.append([total, said(sku, _TEXT), said(title, _TEXT), said(where, _SMALL)])
    table = Table(rows, colWidths=[16 * mm, 34 * mm, 66 * mm, 58 * mm], repeatRows=1)
    table.setStyle(TableStyle(_RULED))
    told = _("%(parcels)d parcels, %(pieces)d pieces") % {
        "parcels": len(parcels),
        "pieces": sum(found.part.pieces for found in parcels),
    }
    return [said(_("Pick list"), _TITLE), said(told, _SMALL), Spacer(1, 5 * mm), table]


def _slip(*, store: str, found: MerchantConsignment) -> list[Flowable]:
    part = found.part
    told = [
        (_("Parcel"), part.number),
        (_("Order"), part.order_number),
        (_("Ordered on"), date_format(localtime(part.placed_at), "DATE_FORMAT")),
    ]
    if part.promised_by:
        told.append((_("Promised by"), date_format(localtime(part.promised_by), "DATE_FORMAT")))
    if part.shipping_method == "express":
        told.append((_("Delivery"), _("Express")))
    facts = Table([[said(name, _SMALL), said(value, _TEXT)] for name, value in told], colWidths=[26 * mm, 46 * mm])
    facts.setStyle(_BARE)
    to = said("\n".join((*found.address, found.phone) if found.phone else found.address), _TEXT)
    head = Table([[to, facts, _qr(part.number, size=26 * mm)]], colWidths=[72 * mm, 74 * mm, 28 * mm])
    head.setStyle(_BARE)
    rows: list[list[object]] = [[said(text, _SMALL) for text in (_("Pieces"), _("Article"), _("What"), _("In"))]]
    for line in part.lines:
        rows.append([said(line.quantity, _TEXT, bold=True), said(line.sku, _TEXT), said(line.title, _TEXT), "☐"])
        rows[-1][-1] = _box()
    table = Table(rows, colWidths=[16 * mm, 40 * mm, 106 * mm, 12 * mm], repeatRows=1)
    table.setStyle(TableStyle(_RULED))
    body: list[Flowable] = [said(store, _SMALL), said(_("Packing slip"), _TITLE), Spacer(1, 5 * mm), head]
    return [*body, Spacer(1, 8 * mm), table]


def _label(canvas: Canvas, *, store: str, found: MerchantConsignment) -> None:
    width, height = A6
    part = found.part
    edge = 8 * mm
    paper.draw(canvas, edge, height - 12 * mm, _("From: %(store)s") % {"store": store[:50]}, size=8)
    canvas.setStrokeColor(LINE)
    canvas.line(edge, height - 15 * mm, width - edge, height - 15 * mm)
    lines = [*found.address, *([found.phone] if found.phone else [])]
    frame = KeepInFrame(width - 2 * edge, 66 * mm, [said(line, _ADDRESS) for line in lines])
    _w, taken = frame.wrapOn(canvas, width - 2 * edge, 66 * mm)
    frame.drawOn(canvas, edge, height - 20 * mm - taken)
    bars = Code128(part.number, barHeight=18 * mm, barWidth=_bar_width(part.number, most=width - 44 * mm))
    bars.drawOn(canvas, edge - bars.lquiet, 18 * mm)
    _qr(part.number, size=26 * mm).drawOn(canvas, width - edge - 26 * mm, 14 * mm)
    paper.draw(canvas, edge, 11 * mm, part.number, size=12, bold=True)
    if part.shipping_method == "express":
        paper.draw_right(canvas, width - edge, height - 12 * mm, _("Express"), size=12, bold=True)


def _bar_width(text: str, *, most: float) -> float:
    """Return how wide the thinnest bar can be, within what a scanner reads well."""
    modules = Code128(text, barWidth=1, quiet=False).width
    return max(0.25 * mm, min(0.5 * mm, most / modules))


def _qr(text: str, *, size: float) -> Drawing:
    widget = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (top - bottom), 0, 0])
    drawing.add(widget)
    return drawing


def _box() -> Table:
    box = Table([[""]], colWidths=[4 * mm], rowHeights=[4 * mm])
    box.setStyle([("BOX", (0, 0), (-1, -1), 0.6, SOFT)])
    return box


def _numbered(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFillColor(SOFT)
    text = _("Page %(number)d") % {"number": document.page}
    paper.draw_right(canvas, A4[0] - _MARGIN, 9 * mm, text, size=8)
