"""camt.053: the statement of an account here, as its holder's books read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pyiso20022.camt import camt_053_001_08 as camt
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.models.datatype import XmlDate, XmlDateTime

from payments.money import Money
from payments.settlement.iso20022 import shape
from payments.settlement.iso20022.errors import ContradictoryFile, MalformedFile

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLine:
    """A movement of an account here; ``amount`` minor units, below zero where money left; ``journal_id`` names it."""

    at: datetime
    amount: int
    text: str
    reference: str
    journal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStatement:
    """An account from ``since`` to ``until``, both days included; balances in minor units."""

    statement_id: str
    created_at: datetime
    account: str
    currency: str
    owner: str
    bank: str
    since: date
    until: date
    opening: int
    closing: int
    lines: Sequence[OwnLine]


def write_statement(statement: OwnStatement) -> bytes:
    """Return the statement as camt.053.001.08; the same statement is the same bytes.

    :raises ContradictoryFile: opening, lines and closing do not add up.
    :raises MalformedFile: something of it cannot be written so.
    """
    if statement.opening + sum(line.amount for line in statement.lines) != statement.closing:
        raise ContradictoryFile(f"The statement of {statement.account} does not add up.")
    document = camt.Document(
        bk_to_cstmr_stmt=camt.BankToCustomerStatementV08(
            grp_hdr=camt.GroupHeader81(msg_id=statement.statement_id, cre_dt_tm=_instant(statement.created_at)),
            stmt=[_statement(statement)],
        )
    )
    try:
        shape.check(document)
    except ValueError as problem:
        raise MalformedFile(f"The statement of {statement.account} cannot be written: {problem}.") from None
    return XmlSerializer(config=SerializerConfig(indent=" ")).render(document, ns_map={None: NAMESPACE}).encode()


def _statement(said: OwnStatement) -> camt.AccountStatement9:
    return camt.AccountStatement9(
        id=said.statement_id,
        cre_dt_tm=_instant(said.created_at),
        fr_to_dt=camt.DateTimePeriod1(
            fr_dt_tm=XmlDateTime(said.since.year, said.since.month, said.since.day, 0, 0, 0, 0, 0),
            to_dt_tm=XmlDateTime(said.until.year, said.until.month, said.until.day, 23, 59, 59, 0, 0),
        ),
        acct=camt.CashAccount39(
            id=camt.AccountIdentification4Choice(iban=said.account),
            ccy=said.currency,
            ownr=camt.PartyIdentification135(nm=said.owner[:140]) if said.owner else None,
            svcr=camt.BranchAndFinancialInstitutionIdentification6(
                fin_instn_id=camt.FinancialInstitutionIdentification18(nm=said.bank)
            ),
        ),
        bal=[
            _balance("OPBD", said.opening, said.currency, said.since),
            _balance("CLBD", said.closing, said.currency, said.until),
        ],
        txs_summry=_summary(said),
        ntry=[_entry(line, said.currency) for line in said.lines],
    )


def _balance(kind: str, amount: int, currency: str, day: date) -> camt.CashBalance8:
    return camt.CashBalance8(
        tp=camt.BalanceType13(cd_or_prtry=camt.BalanceType10Choice(cd=kind)),
        amt=_amount(amount, currency),
        cdt_dbt_ind=_side(amount),
        dt=camt.DateAndDateTime2Choice(dt=XmlDate.from_date(day)),
    )


def _summary(said: OwnStatement) -> camt.TotalTransactions6:
    came = [line.amount for line in said.lines if line.amount > 0]
    went = [-line.amount for line in said.lines if line.amount < 0]

    def both(amounts: list[int]) -> dict[str, object]:
        return {"nb_of_ntries": str(len(amounts)), "sum": Money(sum(amounts), said.currency).to_decimal()}

    return camt.TotalTransactions6(
        ttl_ntries=camt.NumberAndSumOfTransactions4(**both(came + went)),
        ttl_cdt_ntries=camt.NumberAndSumOfTransactions1(**both(came)),
        ttl_dbt_ntries=camt.NumberAndSumOfTransactions1(**both(went)),
    )


def _entry(line: OwnLine, currency: str) -> camt.ReportEntry10:
    day = camt.DateAndDateTime2Choice(dt=XmlDate.from_date(line.at.astimezone(UTC).date()))
    text = f"{line.text} {line.reference}".strip()[:140]
    return camt.ReportEntry10(
        ntry_ref=str(line.journal_id),
        amt=_amount(line.amount, currency),
        cdt_dbt_ind=_side(line.amount),
        sts=camt.EntryStatus1Choice(cd="BOOK"),
        bookg_dt=day,
        val_dt=day,
        acct_svcr_ref=str(line.journal_id),
        bk_tx_cd=camt.BankTransactionCodeStructure4(
            prtry=camt.ProprietaryBankTransactionCodeStructure1(cd=line.text[:35] or "TRANSFER")
        ),
        ntry_dtls=[
            camt.EntryDetails9(
                tx_dtls=[
                    camt.EntryTransaction10(
                        refs=camt.TransactionReferences6(acct_svcr_ref=str(line.journal_id)),
                        amt=_amount(line.amount, currency),
                        cdt_dbt_ind=_side(line.amount),
                        rmt_inf=camt.RemittanceInformation16(ustrd=[text]) if text else None,
                    )
                ]
            )
        ],
    )


def _amount(amount: int, currency: str) -> camt.ActiveOrHistoricCurrencyAndAmount:
    return camt.ActiveOrHistoricCurrencyAndAmount(value=Money(abs(amount), currency).to_decimal(), ccy=currency)


def _side(amount: int) -> camt.CreditDebitCode:
    return camt.CreditDebitCode.CRDT if amount >= 0 else camt.CreditDebitCode.DBIT


def _instant(moment: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(moment.astimezone(UTC).replace(microsecond=0))
