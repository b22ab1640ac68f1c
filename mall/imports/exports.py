"""Files out: the catalogue as it would come in, its template, the orders, and what was wrong in a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Prefetch
from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from mall import bank
from mall.fulfilment import states
from mall.fulfilment.models import Consignment, ConsignmentLine
from mall.imports import offers, queries
from mall.imports.categories import paths
from mall.imports.kinds import kind_of
from mall.imports.models import BULK, CATALOGUE, Import
from mall.partner.operations import UNLIMITED

AT_ONCE = 1_000
# A cell of a workbook holds so many characters; a longer text is left out, which leaves what is there.
LONGEST_CELL = 32_000


def catalogue_file(*, merchant_id: int, slug: str, currency: str, form: str, at: datetime) -> HttpResponseBase:
    """Return a merchant's catalogue in the format of the import: taken in again, it changes nothing."""
    fields = kind_of(code=CATALOGUE).fields()
    return bank.table_file(
        name=f"catalogue-{slug}-{at:%Y-%m-%d}",
        headings=[field.label for field in fields],
        rows=catalogue_rows(merchant_id=merchant_id, currency=currency, form=form),
        form=form,
    )


def catalogue_rows(*, merchant_id: int, currency: str, form: str) -> Iterator[Sequence[object]]:
    """Yield a merchant's offers as rows of the format, in the order they were listed; read in pages."""
    codes = [field.code for field in kind_of(code=CATALOGUE).fields()]
    after = 0
    while found := offers.page(merchant_id=merchant_id, after=after, size=AT_ONCE):
        for offer in found:
            cells = dict(offer.facts) | {"sku": offer.sku, "currency": offer.currency}
            cells["price"] = bank.money_cell(amount=int(offer.facts["price"]), currency=offer.currency)
            yield [_cell(cells[code], form=form) for code in codes]
        after = found[-1].stockrecord_id


def _cell(value: object, *, form: str) -> object:
    if not isinstance(value, str) or value == UNLIMITED:
        return value
    if form == "xlsx":
        return value if len(value) <= LONGEST_CELL else ""
    # The mark before a formula is taken off when the file comes in; a text that begins like a marked one gets another.
    return f"'{value}" if value.startswith("'") and bank.is_formula(value.lstrip("'")) else value


def template_file(*, kind: str, form: str) -> HttpResponseBase:
    """Return an empty file of the format, with one line to show how it is meant."""
    fields = kind_of(code=kind).fields()
    example = [field.example for field in fields]
    known = paths() if kind == CATALOGUE else []
    if known:
        leaf = max(known[:50], key=lambda path: path.count(">"))
        example = [leaf if field.code == "category" else cell for field, cell in zip(fields, example, strict=True)]
    return bank.table_file(
        name=f"template-{kind}", headings=[field.label for field in fields], rows=[example], form=form
    )


def problems_file(*, import_id: int, form: str) -> HttpResponseBase:
    """Return the lines with something wrong as they came, each with line, column, reason and remedy behind it.

    Put right, the file can be uploaded as it is: what stands behind is not read.
    """
    row = Import.objects.get(pk=import_id)
    headings = [field.label for field in kind_of(code=row.kind).fields()] if row.kind == BULK else list(row.headings)
    return bank.table_file(
        name=f"problems-{row.pk}",
        headings=[*headings, _("Line"), _("Column"), _("What is wrong"), _("What to do")],
        rows=_problem_rows(import_id=import_id, width=len(headings), bulk=row.kind == BULK),
        form=form,
    )


def _problem_rows(*, import_id: int, width: int, bulk: bool) -> Iterator[Sequence[object]]:
    for line in queries.faulty_lines(import_id=import_id):
        cells = [*line.cells[:width], *[""] * (width - len(line.cells))]
        told = list(zip(*line.problems, strict=True))
        yield [*cells, None if bulk else line.number, *("; ".join(filter(None, dict.fromkeys(part))) for part in told)]


def orders_file(*, merchant_id: int, slug: str, statuses: Sequence[str], form: str, at: datetime) -> HttpResponseBase:
    """Return a merchant's orders, a row for each thing bought; with tracking filled in it comes back as such a file."""
    headings = [
        _("Order number"), _("Parcel"), _("Placed"), _("State"), _("Article number"), _("Product"), _("Pieces"),
        _("Unit price"), _("Amount"), _("Delivery charge"), _("Currency"), _("Promised by"), _("Sent"), _("Carrier"),
        _("Tracking number"), _("Name"), _("Street"), _("Postcode"), _("City"), _("Region"), _("Country"), _("Phone"),
    ]  # fmt: skip
    return bank.table_file(
        name=f"orders-{slug}-{at:%Y-%m-%d}",
        headings=headings,
        rows=order_rows(merchant_id=merchant_id, statuses=statuses),
        form=form,
    )


def order_rows(*, merchant_id: int, statuses: Sequence[str] = ()) -> Iterator[Sequence[object]]:
    """Yield a merchant's parcels, a row for each line, the oldest first; read in pages."""
    lines = Prefetch("lines", ConsignmentLine.objects.select_related("line").order_by("pk"))
    found = Consignment.objects.filter(merchant_id=merchant_id).exclude(status=states.AWAITING_PAYMENT)
    if statuses:
        found = found.filter(status__in=statuses)
    after = 0
    while True:
        rows = found.filter(pk__gt=after).select_related("order__shipping_address__country").prefetch_related(lines)
        page = list(rows.order_by("pk")[:AT_ONCE])
        if not page:
            return
        for row in page:
            for number, line in enumerate(row.lines.all()):
                yield _order_row(row=row, line=line, first=number == 0)
        after = page[-1].pk


def _order_row(*, row: Consignment, line: ConsignmentLine, first: bool) -> Sequence[object]:
    address = row.order.shipping_address
    where = ("",) * 7 if address is None else (
        address.name, " ".join(filter(None, (address.line1, address.line2))), address.postcode, address.line4,
        address.state, address.country_id, str(address.phone_number or ""),
    )  # fmt: skip
    return [
        row.order.number, row.number, row.placed_at, row.get_status_display(), line.line.partner_sku, line.title,
        line.quantity, bank.money_cell(amount=line.unit_price, currency=row.currency),
        bank.money_cell(amount=line.amount, currency=row.currency),
        # The charge is the parcel's: it stands on its first line, so that the column sums up.
        bank.money_cell(amount=row.shipping if first else 0, currency=row.currency), row.currency, row.promised_by,
        row.dispatched_at, row.carrier, row.tracking, *where,
    ]  # fmt: skip
