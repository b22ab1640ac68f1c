"""Reading an extract: what is taken as it comes, what is passed over, and what is refused as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.simulation.olist.extract import load
from config.simulation.olist.reader import UnusableExtract
from tests.factories import olist

ORDERS = "olist_orders_dataset.csv"
ITEMS = "olist_order_items_dataset.csv"
PAYMENTS = "olist_order_payments_dataset.csv"
REVIEWS = "olist_order_reviews_dataset.csv"


def reasons(extract) -> list[str]:
    return [f"{problem.file}:{problem.line} {problem.reason}" for problem in extract.problems]


def test_a_clean_extract_gives_every_order_with_items(tmp_path: Path) -> None:
    extract = load(olist.write_extract(tmp_path))

    assert len(extract.orders) == 9
    assert (len(extract.sellers), len(extract.products), len(extract.customers)) == (2, 3, 9)
    first = extract.orders[0]
    assert (first.items[0].price, first.items[0].freight) == (5_050, 1_025)
    assert first.customer.zip_prefix == "04571"
    assert reasons(extract) == [
        f"{ORDERS}:10 unavailable without items: nothing to place (recorded payments 25.00 BRL)"
    ]


def test_byte_order_mark_windows_line_ends_and_extra_columns_are_taken(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path, line_end="\r\n")
    path = folder / ORDERS
    lines = path.read_text().splitlines()
    wider = [f"{lines[0]},extra", *(f"{line},x" for line in lines[1:])]
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(wider).encode() + b"\r\n")

    assert len(load(folder).orders) == 9


def test_reviews_with_comments_over_several_lines_and_in_another_order_are_taken(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    order = olist.name("order 0")
    (folder / REVIEWS).write_text(
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,"
        "review_answer_timestamp\n"
        f'r1,{order},4,"boa","chegou, mas\n\ntarde ""demais""",2017-03-10 00:00:00,2017-03-11 00:00:00\n'
        f"r1,{order},5,,,2017-03-12 00:00:00,\n",
        encoding="utf-8",
    )

    extract = load(folder)

    assert [review.score for review in extract.orders[0].reviews] == [4, 5]
    assert extract.notes["orders with several reviews, the last one kept"] == 1


def test_a_last_line_without_a_line_end_is_taken_when_it_is_whole(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / ORDERS
    path.write_bytes(path.read_bytes().rstrip(b"\n"))

    assert len(load(folder).orders) == 9


@pytest.mark.parametrize(
    ("file", "row", "reason"),
    [
        (ITEMS, "{order},2,{product},{seller},,-5.00,1.00", "price '-5.00' is not an amount"),
        (ITEMS, "{order},2,nothing,{seller},,5.00,1.00", "product_id is not in the products file"),
        (ITEMS, "{order},2,{product},nobody,,5.00,1.00", "seller_id is not in the sellers file"),
        (ITEMS, "{order},1,{product},{seller},,5.00,1.00", "stands on an earlier line already"),
        (PAYMENTS, "{order},2,not_defined,1,3.00", "payment_type 'not_defined' is not known"),
        (PAYMENTS, "{order},2,voucher,1,0.0", "pays nothing"),
        (PAYMENTS, "elsewhere,1,voucher,1,3.00", "its order is not among the usable orders"),
        (PAYMENTS, "{order},2,voucher,1", "has 4 of 5 fields"),
        (REVIEWS, "{order},7,2017-03-05 00:00:00,", "review_score '7' is not a score from 1 to 5"),
        (ORDERS, "{order},{customer},delivered,2017-02-30 00:00:00,,,,", "is not a day of the calendar"),
        (ORDERS, "other,nobody,delivered,2017-02-03,,,,", "customer_id is not in the customers file"),
        (ORDERS, "other,{customer},lost,2017-02-03 00:00:00,,,,", "order_status 'lost' is not known"),
    ],
)
def test_an_odd_row_is_reported_with_its_line_and_the_rest_is_read(
    tmp_path: Path, file: str, row: str, reason: str
) -> None:
    rows = olist.small_extract()
    filled = row.format(
        order=olist.name("order 0"),
        customer=olist.name("customer 0"),
        product=olist.name("cream"),
        seller=olist.name("seller one"),
    )
    rows[file].insert(1, filled)

    extract = load(olist.write_extract(tmp_path, rows))

    found = [text for text in reasons(extract) if reason in text]
    assert [text.split(" ")[0] for text in found] == [f"{file}:3"]
    assert len(extract.orders) >= 8


def test_an_order_with_an_unusable_item_is_not_charged_for_the_rest(tmp_path: Path) -> None:
    rows = olist.small_extract()
    order = olist.name("order 0")
    rows[ITEMS].insert(1, f"{order},2,{olist.name('cream')},{olist.name('seller one')},,abc,1.00")

    extract = load(olist.write_extract(tmp_path, rows))

    assert order not in {kept.order_id for kept in extract.orders}
    assert any("not every item of it can be used" in text for text in reasons(extract))


def refused(folder: Path) -> str:
    with pytest.raises(UnusableExtract) as caught:
        load(folder)
    return str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert "does not exist: give the folder" in refused(tmp_path / "nowhere")


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    (folder / ITEMS).unlink()

    message = refused(folder)

    assert f"{folder / ITEMS} is missing" in message
    assert "put that file" in message


@pytest.mark.parametrize("file", list(olist.HEADERS))
def test_a_missing_column_is_named(tmp_path: Path, file: str) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / file
    first = olist.HEADERS[file].split(",")[0]
    path.write_text(path.read_text().replace(first, "something", 1))

    assert f"{path}, line 1: column {first} is missing" in refused(folder)


def test_a_file_with_semicolons_is_refused(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / ORDERS
    path.write_text(path.read_text().replace(",", ";"))

    assert "with commas between its columns" in refused(folder)


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = olist.small_extract()
    folder = olist.write_extract(tmp_path, rows)
    path = folder / "olist_customers_dataset.csv"
    path.write_bytes(path.read_bytes().replace(b"sao paulo", "são paulo".encode("latin-1"), 1))

    assert f"{path}, line 2: not UTF-8 text" in refused(folder)


def test_a_file_with_zero_bytes_is_refused(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / ORDERS
    path.write_bytes(path.read_bytes()[:400] + b"\0" * 40 + b"\n")

    assert "zero byte" in refused(folder)


@pytest.mark.parametrize("file", [ORDERS, ITEMS, PAYMENTS, "olist_customers_dataset.csv"])
def test_a_file_cut_inside_its_last_row_is_refused(tmp_path: Path, file: str) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / file
    path.write_bytes(path.read_bytes()[:-30])

    message = refused(folder)

    assert str(path) in message
    assert "cut short" in message


def test_a_file_cut_inside_a_quoted_field_is_refused(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / "olist_customers_dataset.csv"
    path.write_text(path.read_text() + f'{olist.name("x")},{olist.name("y")},12345,"sao pau')

    assert "a quotation mark opened here is never closed" in refused(folder)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    (folder / ORDERS).write_text("")

    assert f"{folder / ORDERS} is empty" in refused(folder)


def test_a_file_of_which_no_row_can_be_used_is_refused(tmp_path: Path) -> None:
    folder = olist.write_extract(tmp_path)
    path = folder / PAYMENTS
    path.write_text(f"{olist.HEADERS[PAYMENTS]}\n{olist.name('order 0')},1,credit_card,1,many\n")

    assert "no row can be used" in refused(folder)
