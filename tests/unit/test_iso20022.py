"""Files to and from other banks: what is written is read back, and what is wrong is refused in one sentence."""

import io
from datetime import UTC, date, datetime

import psutil
import pytest

from payments.settlement import iso20022
from payments.settlement.iso20022 import stream
from tests.factories import bank_files as files

AT = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)
PAYEE = "FR1420041010050500013M02606"


def read(content: bytes, **arguments) -> list:
    return list(iso20022.notices(io.BytesIO(content), **arguments))


def entries(content: bytes) -> list[iso20022.Entry]:
    return [found for found in read(content) if isinstance(found, iso20022.Entry)]


def refusal(content: bytes, **arguments) -> str:
    with pytest.raises(iso20022.UnreadableFile) as problem:
        read(content, **arguments)
    return str(problem.value)


def make_order(**changes) -> iso20022.Order:
    transfers = (
        iso20022.CreditTransfer(
            end_to_end_id="RP-1",
            amount=123_456,
            creditor_name="Zoë & Søn <Ltd>",
            creditor_iban=PAYEE,
            remittance="Payout 2026-03-03",
        ),
        iso20022.CreditTransfer(end_to_end_id="RP-2", amount=1, creditor_name="Bo", creditor_iban=files.PAYER),
    )
    given = {
        "message_id": "RIALTO-1",
        "created_at": AT,
        "execute_on": date(2026, 3, 4),
        "currency": "EUR",
        "debtor_name": "Rialto Bank",
        "debtor_iban": files.NOSTRO,
        "debtor_bic": "MADEDE99XXX",
        "transfers": transfers,
    }
    return iso20022.Order(**{**given, **changes})


def test_an_order_keeps_its_schema_its_sums_and_its_bytes() -> None:
    content = iso20022.write_order(make_order())
    assert content == iso20022.write_order(make_order())
    text = content.decode()
    assert text.count("<CtrlSum>1234.57</CtrlSum>") == 2
    assert text.count("<NbOfTxs>2</NbOfTxs>") == 2
    assert "<Nm>Zoe Son Ltd</Nm>" in text
    assert f"<IBAN>{PAYEE}</IBAN>" in text


@pytest.mark.parametrize(("currency", "sums"), [("JPY", "<CtrlSum>123457</CtrlSum>"), ("KWD", ">123.457<")])
def test_an_order_writes_the_digits_its_currency_has(currency: str, sums: str) -> None:
    assert sums in iso20022.write_order(make_order(currency=currency)).decode()


@pytest.mark.parametrize("wrong", [{"message_id": "M" * 36}, {"debtor_iban": "none"}, {"transfers": ()}])
def test_an_order_that_its_schema_forbids_is_not_written(wrong: dict) -> None:
    with pytest.raises(iso20022.UnreadableFile):
        iso20022.write_order(make_order(**wrong))


def test_a_payment_is_not_ordered_twice_in_one_file() -> None:
    order = make_order()
    with pytest.raises(iso20022.ContradictoryFile, match="twice"):
        iso20022.write_order(make_order(transfers=(*order.transfers, order.transfers[0])))


@pytest.mark.parametrize("version", ["001.02", "001.08"])
def test_a_notification_becomes_entries_in_either_version(version: str) -> None:
    came = files.payment(amount=1_250, payee_iban=PAYEE, end_to_end="E1", text="hello", payer="Ann", version=version)
    back = files.payment(amount=300, end_to_end="RP-1", returned="AC04", version=version)
    content = files.notification(
        files.entry(1_250, came, reference="B1", version=version),
        files.entry(300, back, reference="B2", version=version),
        files.entry(70, credit=False, reference="B3", version=version, status="PDNG"),
        version=version,
    )
    header, account, *found = read(content)
    assert (header.kind, header.version, header.message_id) == ("camt.054", version, "N1")
    assert (account.account, account.currency) == (files.NOSTRO, "EUR")
    assert [(one.signed, one.bank_reference, one.status) for one in found] == [
        (1_250, "B1", "BOOK"),
        (300, "B2", "BOOK"),
        (-70, "B3", "PDNG"),
    ]
    [detail] = found[0].details
    assert (detail.creditor_iban, detail.debtor_name, detail.debtor_iban, detail.remittance, detail.amount) == (
        PAYEE,
        "Ann",
        files.PAYER,
        "hello",
        1_250,
    )
    assert found[0].booked_on == date(2026, 3, 3)
    assert found[1].details[0].return_reason == "AC04"
    assert found[2].details == ()


def test_an_entry_with_several_payments_keeps_each() -> None:
    [found] = entries(
        files.notification(
            files.entry(
                300, files.payment(amount=100, end_to_end="A"), files.payment(amount=200, end_to_end="B"), credit=False
            )
        )
    )
    assert [(one.end_to_end_id, one.amount, one.is_credit) for one in found.details] == [
        ("A", 100, False),
        ("B", 200, False),
    ]


def test_payments_that_do_not_sum_to_their_entry_are_refused() -> None:
    content = files.notification(files.entry(301, files.payment(amount=100), files.payment(amount=200)))
    assert "its payments sum to 300" in refusal(content)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("<TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries>", "3 entries and has 2"),
        ("<TtlNtries><NbOfNtries>2</NbOfNtries><Sum>9.99</Sum></TtlNtries>", "entries sum to 9.99"),
        ("<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>3.01</Sum></TtlCdtNtries>", "credits sum to 3.01"),
        ("<TtlDbtNtries><NbOfNtries>2</NbOfNtries></TtlDbtNtries>", "2 debits and has 1"),
    ],
)
def test_a_file_whose_own_sums_are_wrong_is_refused(said: str, words: str) -> None:
    content = files.notification(
        files.entry(300), files.entry(100, credit=False), summary=f"<TxsSummry>{said}</TxsSummry>"
    )
    assert words in refusal(content)


def test_a_file_whose_own_sums_are_right_is_read() -> None:
    right = (
        "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><Sum>4.00</Sum></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>3</Sum></TtlCdtNtries></TxsSummry>"
    )
    assert len(entries(files.notification(files.entry(300), files.entry(100, credit=False), summary=right))) == 2


GOOD = files.notification(files.entry(1_000, files.payment(amount=1_000, payee_iban=PAYEE), reference="B1")).decode()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("</Ntry>", "", "not well-formed"),
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "", "lacks 'cdt_dbt_ind'"),
        ("CRDT", "CREDIT", "CREDIT"),
        ("10.00", "10,00", "10,00"),
        ("10.00", "10.001", "more digits than EUR has"),
        ("10.00", "-10.00", "below what its schema allows"),
        ("2026-03-03<", "2026-02-30<", "2026-02-30"),
        (PAYEE, "FR14!", "FR14!"),
        ("<Id>N1-1</Id>", "", "lacks Id"),
        ("<NtryDtls>", "<Surprise/><NtryDtls>", "Surprise"),
        ("<Ntfctn>", "<Surprise/><Ntfctn>", "Surprise"),
        ("<Acct>", "<Acct wrong='1'>", "wrong"),
        ('Ccy="EUR">10.00</Amt><Cdt', 'Ccy="USD">10.00</Amt><Cdt', "says no amount|kept in EUR"),
        ("camt.054.001.08", "camt.054.001.13", "001.02 and 001.08 are read here"),
        ("camt.054.001.08", "pain.001.001.09", "camt.054 is expected"),
        ("urn:iso:std:iso:20022:tech:xsd:", "urn:other:", "not an ISO 20022 message"),
        ("BkToCstmrDbtCdtNtfctn", "BkToCstmrStmt", "unknown to its schema"),
    ],
)
def test_a_file_against_its_schema_is_refused_with_the_place(old: str, new: str, words: str) -> None:
    import re

    assert old in GOOD
    assert re.search(words, refusal(GOOD.replace(old, new, 1 if old != "BkToCstmrDbtCdtNtfctn" else 9).encode()))


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04", b"<html/>", b"{}", b"\xff\xfe<\x00"])
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(iso20022.UnreadableFile):
        read(content)
    with pytest.raises(iso20022.UnreadableFile):
        iso20022.kind_of(io.BytesIO(content))


BOMB = "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    "before",
    [
        BOMB + "]>",
        "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE d SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        "<!DOCTYPE d>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_and_document_types_are_refused_before_anything_is_expanded(before: str, encoding: str) -> None:
    text = files.notification(files.entry(1_000, files.payment(amount=1_000, text="&j;&x;")), before=before).decode()
    content = text.replace("UTF-8", encoding).encode(encoding)
    assert "document type" in refusal(content)


class Endless:
    """A file that is made while it is read, so that only the reader needs memory."""

    def __init__(self, content: bytes, times: int) -> None:
        before, entry, after = content.partition(b"<Ntry>")
        one, end = (entry + after).split(b"</Ntfctn>")
        self._chunks = iter([before, *[one] * times, b"</Ntfctn>" + end])
        self._kept = b""

    def read(self, size: int) -> bytes:
        while len(self._kept) < size and (chunk := next(self._chunks, None)) is not None:
            self._kept += chunk
        given, self._kept = self._kept[:size], self._kept[size:]
        return given


def test_a_huge_file_is_read_in_little_memory_and_one_too_large_not_to_its_end() -> None:
    content = files.notification(files.entry(100, files.payment(amount=100, text="x" * 140, payee_iban=PAYEE)))
    read(content)
    before = psutil.Process().memory_info().rss
    most = found = 0
    for notice in iso20022.notices(Endless(content, 8_000)):
        found += isinstance(notice, iso20022.Entry)
        if found % 1_000 == 0:
            most = max(most, psutil.Process().memory_info().rss)
    assert found == 8_000
    assert most - before < 8_000_000
    with pytest.raises(iso20022.FileTooLarge, match="1 MB"):
        list(iso20022.notices(Endless(content, 8_000), most=1024 * 1024))


def test_one_entry_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_ELEMENTS_OF_A_PIECE", 1_000)
    content = files.notification(files.entry(100, *[files.payment(amount=1, text="x")] * 100))
    assert "larger than is read" in refusal(content)


@pytest.mark.parametrize("version", ["001.02", "001.08"])
def test_a_statement_is_read_whole_and_says_whether_it_adds_up(version: str) -> None:
    content = files.statement(
        files.entry(1_000, version=version),
        files.entry(300, credit=False, version=version),
        files.entry(5_000, status="PDNG", version=version),
        opening=-200,
        closing=500,
        version=version,
    )
    [found] = iso20022.statements(io.BytesIO(content))
    assert (found.account, found.currency, found.sequence) == (files.NOSTRO, "EUR", 12)
    assert (found.since, found.until) == (date(2026, 3, 3), date(2026, 3, 3))
    assert (found.opening.amount, found.closing.amount, found.booked, found.difference) == (-200, 500, 700, 0)
    [other] = iso20022.statements(io.BytesIO(files.statement(files.entry(1_000), opening=0, closing=999)))
    assert other.difference == -1


@pytest.mark.parametrize("version", ["001.03", "001.10"])
def test_a_status_report_says_what_became_of_each_payment(version: str) -> None:
    content = files.status_report(
        files.payment_status("RP-1", "ACSP"),
        files.payment_status("RP-2", "RJCT", reason="AC04", amount=500),
        original="RIALTO-1",
        status="PART",
        version=version,
    )
    found = iso20022.status_report(io.BytesIO(content))
    assert (found.original_message_id, found.status) == ("RIALTO-1", "PART")
    assert [(one.end_to_end_id, one.status, one.reason, one.amount) for one in found.payments] == [
        ("RP-1", "ACSP", "", None),
        ("RP-2", "RJCT", "AC04", 500),
    ]


def test_a_status_report_that_names_a_payment_twice_is_refused() -> None:
    content = files.status_report(
        files.payment_status("RP-1", "ACSP"), files.payment_status("RP-1", "RJCT"), original="RIALTO-1"
    )
    with pytest.raises(iso20022.ContradictoryFile, match="twice"):
        iso20022.status_report(io.BytesIO(content))


def make_statement(**changes) -> iso20022.OwnStatement:
    lines = (
        iso20022.OwnLine(at=AT, amount=10_000, text="Transfer", reference="salary", journal_id=7),
        iso20022.OwnLine(at=AT, amount=-2_550, text="Purchase", reference="R-1", journal_id=8),
    )
    given = {
        "statement_id": "DE1-2026-03",
        "created_at": AT,
        "account": files.NOSTRO,
        "currency": "EUR",
        "owner": "Ann Holder",
        "bank": "Rialto Bank",
        "since": date(2026, 3, 1),
        "until": date(2026, 3, 31),
        "opening": 0,
        "closing": 7_450,
        "lines": lines,
    }
    return iso20022.OwnStatement(**{**given, **changes})


def test_our_own_statement_is_read_back_as_it_was_written() -> None:
    content = iso20022.write_statement(make_statement())
    assert content == iso20022.write_statement(make_statement())
    [found] = iso20022.statements(io.BytesIO(content))
    assert (found.opening.amount, found.closing.amount, found.difference) == (0, 7_450, 0)
    assert [(one.signed, one.bank_reference, one.details[0].remittance) for one in found.entries] == [
        (10_000, "7", "Transfer salary"),
        (-2_550, "8", "Purchase R-1"),
    ]


def test_our_own_statement_is_not_written_unless_it_adds_up() -> None:
    with pytest.raises(iso20022.ContradictoryFile):
        iso20022.write_statement(make_statement(closing=7_451))
