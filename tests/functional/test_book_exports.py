"""Files of the ledger's pages: exactly what was asked for, numbers as numbers, and nothing a spreadsheet would run."""

import csv
import io
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.test import Client

from payments import chart
from payments.ledger import operations as ledger
from payments.money import Money
from payments.queries import book
from payments.views import exporting
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in
from tests.factories.reading import signed_in_as_operations

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def operator(client: Client) -> Client:
    return signed_in_as_operations(client)


def body(response: object) -> bytes:
    return b"".join(response.streaming_content)


def made(rows: object, form: str) -> bytes:
    """Return the file of a table of one or more columns; its temporary file is closed, as a server would."""
    response = exporting.respond(table=exporting.Table("x", ["number"], rows), form=form)
    content = body(response)
    if form == "xlsx":
        response.file_to_stream.close()
    return content


def as_csv(response: object) -> list[list[str]]:
    content = response if isinstance(response, bytes) else body(response)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def as_xlsx(content: bytes) -> list[list[object]]:
    """Read the rows of all sheets: text as text, numbers as numbers, a formula as an error."""
    rows = []
    with zipfile.ZipFile(io.BytesIO(content)) as book_file:
        names = [name for name in book_file.namelist() if name.startswith("xl/worksheets/sheet")]
        for name in sorted(names, key=lambda name: int("".join(filter(str.isdigit, name)))):
            for row in ElementTree.fromstring(book_file.read(name)).iter(f"{SHEET}row"):
                rows.append([_cell(cell) for cell in row.iter(f"{SHEET}c")])
    return rows


def _cell(cell: ElementTree.Element) -> object:
    assert cell.find(f"{SHEET}f") is None, "a formula"
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{SHEET}t"))
    return float(cell.find(f"{SHEET}v").text)


def some_lines() -> str:
    one, two = open_deposits("1", "2")
    pay_in(one, 123_456)
    ledger.post_many(
        journals=[
            make_journal("a", (one, two, 205), at=AT + DAY, event="rent", reference="loan:9"),
            make_journal("b", (one, two, 300), at=AT + 2 * DAY, event="fee", reference="=1+1"),
        ]
    )
    return one


def test_a_statement_as_csv_is_exactly_what_was_asked_for(operator: Client) -> None:
    code = some_lines()
    asked = {"code": code, "since": "2026-03-02", "until": "2026-03-03", "format": "csv"}
    response = operator.get("/ops/ledger/account/", asked)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == ('attachment; filename="statement-deposit-1-2026-03-02-2026-03-03.csv"')
    heading, rent, paid_in = as_csv(response)
    assert heading[:4] == ["Journal", "Position", "Happened (UTC)", "Recorded (UTC)"]
    assert [rent[2], *rent[4:]] == [
        *("2026-03-03 09:30:00", "rent", "loan:9", "deposit:2", "EUR", "-2.05", "1232.51"),
    ]
    assert [paid_in[2], *paid_in[4:]] == [
        *("2026-03-02 09:30:00", "test", "order:1", NOSTRO, "EUR", "1234.56", "1234.56"),
    ]


def test_a_filtered_statement_exports_the_filtered_lines_without_a_balance(operator: Client) -> None:
    asked = {"code": some_lines(), "event": "rent"}
    _, only = as_csv(operator.get("/ops/ledger/account/", {**asked, "format": "csv"}))
    assert only[-2:] == ["-2.05", ""]
    _, only = as_xlsx(body(operator.get("/ops/ledger/account/", {**asked, "format": "xlsx"})))
    assert only[-1] == -2.05


def test_a_statement_as_xlsx_has_numbers_dates_and_the_same_lines(operator: Client) -> None:
    code = some_lines()
    response = operator.get("/ops/ledger/account/", {"code": code, "format": "xlsx"})
    assert response["Content-Type"] == exporting.XLSX_TYPE
    content = body(response)
    rows = as_xlsx(content)
    assert [row[-2:] for row in rows[1:]] == [[-3.0, 1229.51], [-2.05, 1232.51], [1234.56, 1234.56]]
    assert rows[1][5] == "=1+1"
    day = datetime(1899, 12, 30, tzinfo=UTC) + timedelta(days=rows[2][2])  # how a spreadsheet counts
    assert abs(day - AT - DAY) < timedelta(seconds=1)
    with zipfile.ZipFile(io.BytesIO(content)) as book_file:
        styles = book_file.read("xl/styles.xml").decode()
    assert "#,##0.00" in styles and 'quotePrefix="1"' in styles


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "＝"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(operator: Client, start: str) -> None:
    one, two = open_deposits("1", "2")
    hostile = f"{start}cmd|' /C calc'!A0"
    pay_in(one, 100)
    ledger.post(journal=make_journal("k", (one, two, 30), event=hostile, reference=hostile))
    page = {"code": one, "format": "csv"}
    assert as_csv(operator.get("/ops/ledger/account/", page))[1][4:6] == [f"'{hostile}"] * 2
    rows = as_xlsx(body(operator.get("/ops/ledger/account/", {**page, "format": "xlsx"})))
    assert [text.replace("_x000D_", "\r") for text in rows[1][4:6]] == [hostile] * 2


def test_text_that_is_no_formula_and_amounts_below_zero_are_left_as_they_are() -> None:
    rows = [["loan:9", Money(-205, "EUR"), 'quo"te,\nline', "it's", None, -7]]
    assert as_csv(made(rows, "csv"))[1] == [
        *("loan:9", "-2.05", 'quo"te,\nline', "it's", "", "-7"),
    ]


@pytest.mark.parametrize(
    ("money", "as_text", "as_number"),
    [
        (Money(5, "EUR"), "0.05", 0.05),
        (Money(100, "JPY"), "100", 100.0),
        (Money(-1, "KWD"), "-0.001", -0.001),
        (Money(999_999_999_999_999, "EUR"), "9999999999999.99", 9999999999999.99),
        (Money(2**63 - 1, "EUR"), "92233720368547758.07", "92233720368547758.07"),
    ],
)
def test_amounts_have_their_currencys_decimals_and_are_never_rounded(
    money: Money, as_text: str, as_number: object
) -> None:
    assert as_csv(made([[money]], "csv"))[1] == [as_text]
    assert as_xlsx(made([[money]], "xlsx"))[1] == [as_number]


def test_a_long_export_is_read_piece_by_piece_and_loses_no_line(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "CHUNK", 7)
    one, two = open_deposits("1", "2")
    pay_in(one, 10_000)
    ledger.post_many(journals=[make_journal(f"k{number}", (one, two, number)) for number in range(1, 34)])
    for clock in ("happened", "recorded"):
        rows = as_csv(operator.get("/ops/ledger/account/", {"code": one, "clock": clock, "format": "csv"}))
        assert [row[-2] for row in rows[1:]] == [f"-{number / 100:.2f}" for number in range(33, 0, -1)] + ["100.00"]
        assert rows[1][-1] == f"{100 - sum(range(34)) / 100:.2f}"
    rows = as_csv(operator.get("/ops/ledger/accounts/", {"format": "csv"}))
    assert [row[0] for row in rows[1:]] == [NOSTRO, one, two]


def test_more_lines_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "LINES_OF_A_SHEET", 10)
    for count, sheets in ((0, 1), (9, 1), (10, 1), (11, 2), (25, 3)):
        rows = as_xlsx(made(([number] for number in range(count)), "xlsx"))
        assert rows.count(["number"]) == sheets
        assert [row[0] for row in rows if row != ["number"]] == list(range(count))


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_an_export_takes_little_memory_however_long(form: str) -> None:
    rows = ([number, "text of a line", Money(number, "EUR"), AT] for number in range(60_000))
    tracemalloc.start()
    response = exporting.respond(table=exporting.Table("x", ["a", "b", "c", "d"], rows), form=form)
    assert all(response)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if form == "xlsx":
        response.file_to_stream.close()
    assert peak < 4_000_000


def test_reports_and_accounts_export_what_their_pages_show(operator: Client) -> None:
    ledger.open_accounts(specs=[*chart.house_accounts("EUR"), chart.deposit("1", "EUR")], at=AT)
    ledger.post_many(
        journals=[
            make_journal("in", (NOSTRO, "deposit:1", 50_000), at=AT),
            make_journal("fee", ("deposit:1", "income:fees", 500), at=AT + DAY),
        ]
    )
    expected = {
        "balance-sheet/?at=2026-03-31": [
            ["asset", NOSTRO, "EUR", "500.00"],
            ["liability", "deposit:*", "EUR", "495.00"],
            ["equity", "result", "EUR", "5.00"],
        ],
        "profit-and-loss/?since=2026-03-01&until=2026-03-31": [
            ["income", "income:fees", "EUR", "5.00"],
            ["", "Result", "EUR", "5.00"],
        ],
        "trial-balance/?at=2026-03-02": [
            [NOSTRO, "asset", "EUR", "500.00", "0.00", "500.00"],
            ["deposit:1", "liability", "EUR", "0.00", "500.00", "500.00"],
        ],
        "accounts/?family=deposit:*": [["deposit:1", "liability", "EUR", "5.00", "500.00", "495.00"]],
    }
    for page, rows in expected.items():
        assert as_csv(operator.get(f"/ops/ledger/{page}&format=csv"))[1:] == rows
        read = as_xlsx(body(operator.get(f"/ops/ledger/{page}&format=xlsx")))[1:]
        assert [[f"{cell:.2f}" if isinstance(cell, float) else cell for cell in row] for row in read] == rows
    chart_rows = as_csv(operator.get("/ops/ledger/?format=csv"))
    assert ["liability", "deposit:*", "1", "EUR", "5.00", "500.00", "495.00"] in chart_rows


def test_a_journal_exports_its_transfers(operator: Client) -> None:
    one, two = open_deposits("1", "2")
    pay_in(one, 100)
    posted = ledger.post(journal=make_journal("k", (one, two, 30), (one, two, 5)))
    rows = as_csv(operator.get(f"/ops/ledger/journal/{posted.journal_id}/", {"format": "csv"}))
    assert rows[1:] == [["1", one, two, "EUR", "0.30"], ["2", one, two, "EUR", "0.05"]]


def test_a_format_that_is_none_shows_the_page(operator: Client) -> None:
    assert operator.get("/ops/ledger/", {"format": "exe"})["Content-Type"].startswith("text/html")


def test_a_file_is_named_without_anything_a_header_or_disk_would_mind() -> None:
    table = exporting.Table('statement-x"\r\nSet-Cookie: a=b/../..', ["a"], [])
    assert exporting.respond(table=table, form="csv")["Content-Disposition"] == (
        'attachment; filename="statement-x-Set-Cookie-a-b.csv"'
    )
