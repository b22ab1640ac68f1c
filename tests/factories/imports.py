"""Files as merchants make them, and an import from upload to its end."""

import csv
import io
from collections.abc import Iterable, Sequence

import openpyxl

from mall.imports import operations, working
from mall.imports.models import CATALOGUE, Import, ImportLine
from mall.imports.operations import File
from mall.merchants.models import Merchant
from tests.factories.mall import AT

HEADINGS = ("Article number", "Name", "Description", "Category", "Price", "Stock", "State")


def as_csv(rows: Iterable[Sequence[object]], *, separator: str = ";", encoding: str = "utf-8") -> bytes:
    """Return rows as a CSV file."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as a workbook."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def lamp(number: int, **changes: object) -> list[object]:
    """Return a line of a catalogue."""
    values = {
        "sku": f"L-{number}",
        "title": f"Lamp {number}",
        "description": f"Shines, number {number}.",
        "category": "Home > Light",
        "price": f"{10 + number}.50",
        "stock": str(number),
        "state": "listed",
    }
    return list((values | changes).values())


def upload(
    *,
    merchant: Merchant | None,
    content: bytes,
    kind: str = CATALOGUE,
    name: str = "catalogue.csv",
    by: int | None = None,
) -> Import:
    """Take a file in."""
    by = by or merchant.owner_id
    received = operations.receive(
        file=File(kind=kind, merchant_id=merchant and merchant.pk, name=name, content=content, by=by, at=AT)
    )
    return Import.objects.get(pk=received.import_id)


def check(*, merchant: Merchant | None, content: bytes, **others: object) -> Import:
    """Take a file in and look at it."""
    row = upload(merchant=merchant, content=content, **others)
    working.work(import_id=row.pk, at=AT)
    row.refresh_from_db()
    return row


def run(*, merchant: Merchant | None, content: bytes, by: int | None = None, **others: object) -> Import:
    """Take a file in, agree to it and apply it."""
    row = check(merchant=merchant, content=content, **others)
    return confirm(row, by=by)


def confirm(row: Import, *, by: int | None = None) -> Import:
    """Agree to a dry run and apply it."""
    operations.confirm(import_id=row.pk, merchant_id=row.merchant_id, by=by or row.made_by_id, at=AT)
    working.work(import_id=row.pk, at=AT)
    row.refresh_from_db()
    return row


def undo(row: Import) -> Import:
    """Put everything back."""
    operations.undo(import_id=row.pk, merchant_id=row.merchant_id, by=row.made_by_id, at=AT)
    working.work(import_id=row.pk, at=AT)
    row.refresh_from_db()
    return row


def told(row: Import) -> list[tuple[int, str, str]]:
    """Return the problems of an import as (line, column, what)."""
    lines = ImportLine.objects.filter(imported=row).exclude(problems=[]).order_by("number")
    return [(line.number, column, what) for line in lines for column, what, _remedy in line.problems]
