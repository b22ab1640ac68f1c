"""Files however they were saved: told apart, read line by line, refused in one sentence when they cannot be."""

import io
import zipfile

import openpyxl
import pytest

from mall.imports import amounts, reading, text_files, workbooks
from mall.imports.headings import recognise
from mall.imports.kinds import kind_of
from mall.imports.text_files import UnreadableFile
from tests.factories.imports import as_csv, as_xlsx

ROWS = [("SKU", "Name", "Price"), ("A", "Café, brûlé", "1,50"), ("B", "Zürich; say “hi”", "2")]
CELLS = [tuple(row) for row in ROWS]


def read(content, name="file.csv"):
    opened = reading.open_file(content=content, name=name)
    lines = list(reading.lines(content=content, form=opened.form, encoding=opened.encoding, separator=opened.separator))
    return opened, lines


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("cp1252", b""), ("utf-16-le", b"\xff\xfe"),
     ("utf-16-be", b"\xfe\xff"), ("utf-16-le", b"")],
)  # fmt: skip
def test_text_is_read_in_its_own_encoding_and_separator(separator, encoding, mark):
    opened, lines = read(mark + as_csv(ROWS, separator=separator, encoding=encoding))
    assert opened.separator == separator
    assert [line.cells for line in lines] == CELLS
    assert [line.number for line in lines] == [1, 2, 3]


def test_lines_in_another_encoding_are_told_by_number():
    content = "SKU;Name\nA;Café\n".encode() + "B;Zürich\n".encode("cp1252") + b"C;plain\n"
    _opened, lines = read(content)
    assert [(line.number, bool(line.fault[0])) for line in lines] == [(1, False), (2, False), (3, True), (4, False)]
    assert lines[2].cells == ("B", "Zürich")
    assert "Windows-1252" in lines[2].fault[0] and "UTF-8" in lines[2].fault[1]


def test_empty_lines_are_passed_over_and_line_numbers_stay_the_files():
    _opened, lines = read(b"SKU;Name\n\n;;\nA;x\n\n\nB;y\n")
    assert [(line.number, line.cells) for line in lines] == [(1, ("SKU", "Name")), (4, ("A", "x")), (7, ("B", "y"))]


def test_a_cell_over_several_lines_counts_from_where_it_begins():
    _opened, lines = read(b'SKU;Text\nA;"one\ntwo; three"\nB;x\n')
    assert [(line.number, line.cells[1]) for line in lines[1:]] == [(2, "one\ntwo; three"), (4, "x")]


def test_old_macs_line_ends_and_excels_own_separator_line_are_understood():
    assert [line.cells for line in read(b"SKU;N\rA;x\r")[1]] == [("SKU", "N"), ("A", "x")]
    assert [line.cells for line in read(b"sep=|\nSKU|N\nA|x,y;z\n")[1]] == [("SKU", "N"), ("A", "x,y;z")]


def test_a_quotation_mark_that_is_not_closed_is_a_fault_of_its_line():
    _opened, lines = read(b'SKU;Name\nA;"x" y\nB;z\n')
    assert lines[1].number == 2 and lines[1].fault[0].startswith("A quotation mark is not closed")
    assert lines[2].cells == ("B", "z")


def test_a_workbook_gives_its_values_formulas_included():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["SKU", "Price", "Stock", "Name"])
    sheet.append(["A", 0.1 + 0.2, 12, "=not a formula"])
    sheet["D2"].data_type = "s"
    sheet.append([4711, 2, None, True])
    target = io.BytesIO()
    book.save(target)
    _opened, lines = read(target.getvalue(), "file.xlsx")
    assert [line.cells for line in lines] == [
        ("SKU", "Price", "Stock", "Name"), ("A", "0.3", "12", "=not a formula"), ("4711", "2", "", "yes"),
    ]  # fmt: skip


def test_a_formula_is_read_as_the_value_it_had():
    content = as_xlsx([("SKU", "Price"), ("A", 1)])
    with_formula = rezipped(
        content, {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"<v>1</v>", b"<f>21*2</f><v>42</v>")}
    )
    _opened, lines = read(with_formula, "file.xlsx")
    assert lines[1].cells == ("A", "42")


def rezipped(content, changes, more=()):
    """Return a workbook with some of its parts changed, and others put in."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            data = source.read(name)
            archive.writestr(name, changes[name](data) if name in changes else data)
        for name, data in more:
            archive.writestr(name, data)
    return target.getvalue()


BOMBS = {
    "one row of ten million cells": lambda xml: xml.replace(
        b"<sheetData>", b"<sheetData><row r='1'>" + b"<c/>" * 2_000_000 + b"</row>"
    ),
    "entities": lambda xml: xml.replace(b"<worksheet", b"<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet", 1),
    "more than is ever unpacked": lambda xml: xml + b" " * 30_000_000,
    "a comment that hides the rows": lambda xml: xml.replace(
        b"<sheetData>", b"<sheetData><row><c><is><t><![CDATA[" + b"<row >" * 1_000_000 + b"]]></t></is></c></row>"
    ),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_workbook_that_would_fill_the_memory_is_not_opened(bomb, monkeypatch):
    monkeypatch.setattr(workbooks, "MAX_UNPACKED", 25_000_000)
    content = rezipped(as_xlsx(ROWS), {"xl/worksheets/sheet1.xml": BOMBS[bomb]})
    with pytest.raises(UnreadableFile):
        read(content, "file.xlsx")


def test_rows_far_apart_and_a_dimension_that_lies_cost_nothing():
    far = b"<row r='300000'><c t='inlineStr'><is><t>Z</t></is></c></row></sheetData>"
    wide = b"<dimension ref='A1:XFD1048576'/><sheetData>"
    lie = rezipped(
        as_xlsx(ROWS),
        {
            "xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"<sheetData>", wide).replace(b"</sheetData>", far),
        },
    )
    _opened, lines = read(lie, "file.xlsx")
    assert lines[-1].number == 300_000 and lines[-1].cells == ("Z",) and len(lines[0].cells) == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "shop.xlsx is empty"),
        (b"\n \n", "shop.xlsx is empty"),
        (b"%PDF-1.7 ...", "shop.xlsx is a PDF file, whatever its name ends in"),
        (b"\xd0\xcf\x11\xe0rest", "an old or protected Excel file"),
        (b"PK\x03\x04 broken", "The workbook is damaged or protected"),
        (b"\x00\x01\x02" * 50, "The file is no text"),
        (b"a;" * 1_000_000, "longer than 1000000 characters"),
        (b"a;" * 150, "The line has 151 columns; at most 100 are read."),
        (b"x" * (reading.MAX_BYTES + 1), "larger than 20 MB"),
    ],
    ids=["empty", "blank", "pdf", "xls", "cut", "binary", "long", "wide", "large"],
)
def test_a_file_that_cannot_be_taken_is_refused_in_a_sentence(content, said):
    with pytest.raises(UnreadableFile, match=said):
        read(content, "shop.xlsx")


def test_an_archive_that_is_no_workbook_is_told_so():
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.csv", "x")
    with pytest.raises(UnreadableFile, match="no XLSX workbook"):
        read(target.getvalue())


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12.50", 1250), ("12,50", 1250), ("1.250,00", 125000), ("1,250.00", 125000), ("1 250,5", 125050), ("€ 9", 900),
        ("9 EUR", 900), ("1'250.00", 125000), ("1.250.000", 125000000), ("0.500", 50), ("1234,500", 123450),
        ("7.5000", 750),
    ],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text, minor):
    assert amounts.money(text=text, currency="EUR") == minor


@pytest.mark.parametrize("text", ["1.234", "1,234", "12.345.67", "-1", "abc", "1e5", "", "NaN", "1.005", "99999999999"])
def test_amounts_that_could_be_two_or_are_none_are_refused(text):
    with pytest.raises(amounts.UnclearFigure):
        amounts.money(text=text, currency="EUR")


def test_a_currency_without_cents_takes_none():
    assert amounts.money(text="1250", currency="JPY") == 1250
    with pytest.raises(amounts.UnclearFigure):
        amounts.money(text="12.50", currency="JPY")


@pytest.mark.parametrize(("text", "number"), [("12", 12), ("12.0", 12), ("1.000", 1000), ("1 000", 1000), ("0", 0)])
def test_pieces_are_whole_numbers(text, number):
    assert amounts.pieces(text=text, most=10_000) == number


def test_headings_of_other_shops_are_recognised():
    fields = kind_of(code="catalogue").fields()
    shopify = ["Variant SKU", "Title", "Body (HTML)", "Variant Price", "Variant Inventory Qty", "Vendor"]
    assert recognise(headings=shopify, fields=fields, known={}) == {
        "sku": 0, "title": 1, "description": 2, "price": 3, "stock": 4,
    }  # fmt: skip
    german = ["Artikelnummer", "Bezeichnung", "Preis", "Bestand", "Warengruppe"]
    found = recognise(headings=german, fields=fields, known={})
    assert (found["sku"], found["title"], found["price"], found["stock"], found["category"]) == (0, 1, 2, 3, 4)
    assert recognise(headings=["SKU", "Price"], fields=fields, known={"price": ""}) == {"sku": 0}


def test_no_line_of_a_text_file_is_longer_than_what_is_kept_in_memory():
    assert text_files.MAX_LINE <= 1_000_000 < reading.MAX_BYTES
