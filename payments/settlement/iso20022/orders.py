"""pain.001: payments we order at another bank, in one file of one currency and day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from pyiso20022.pain import pain_001_001_09 as pain
from text_unidecode import unidecode
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.models.datatype import XmlDate, XmlDateTime

from payments.money import Money
from payments.settlement.iso20022 import schemas
from payments.settlement.iso20022.errors import ContradictoryFile

NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{schemas.ORDER}"
# What every bank of the clearing must take; other letters are written with these.
_FOREIGN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTransfer:
    """One payment: ``amount`` minor units to ``creditor_iban``; ``end_to_end_id`` travels with it to the payee."""

    end_to_end_id: str
    amount: int
    creditor_name: str
    creditor_iban: str
    creditor_bic: str = ""
    remittance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A file of payments from one of our accounts; ``message_id`` names it once for ever."""

    message_id: str
    created_at: datetime
    execute_on: date
    currency: str
    debtor_name: str
    debtor_iban: str
    debtor_bic: str
    transfers: tuple[CreditTransfer, ...]

    @property
    def total(self) -> int:
        """Return the sum of the payments in minor units."""
        return sum(transfer.amount for transfer in self.transfers)


def write_order(order: Order) -> bytes:
    """Return the file, checked against the schema; the same order is the same bytes.

    :raises UnreadableFile: an amount, name or number cannot be written so.
    """
    if not order.transfers:
        raise ContradictoryFile(f"{order.message_id} has no payments: there is nothing to order.")
    if len({transfer.end_to_end_id for transfer in order.transfers}) != len(order.transfers):
        raise ContradictoryFile(f"{order.message_id} holds a payment twice.")
    document = pain.Document(
        cstmr_cdt_trf_initn=pain.CustomerCreditTransferInitiationV09(
            grp_hdr=pain.GroupHeader85(
                msg_id=order.message_id,
                cre_dt_tm=_instant(order.created_at),
                nb_of_txs=str(len(order.transfers)),
                ctrl_sum=_major(order.total, order.currency),
                initg_pty=pain.PartyIdentification135(nm=plain(order.debtor_name, 70)),
            ),
            pmt_inf=[_instruction(order)],
        )
    )
    text = XmlSerializer(config=SerializerConfig(indent=" ")).render(document, ns_map={None: NAMESPACE})
    content = text.encode()
    schemas.validate(content, name=schemas.ORDER)
    return content


def _instruction(order: Order) -> pain.PaymentInstruction30:
    is_sepa = order.currency == "EUR"
    service = pain.ServiceLevel8Choice(cd="SEPA")
    bearer = pain.ChargeBearerType1Code.SLEV if is_sepa else pain.ChargeBearerType1Code.SHAR
    return pain.PaymentInstruction30(
        pmt_inf_id=order.message_id,
        pmt_mtd=pain.PaymentMethod3Code.TRF,
        btch_bookg=False,
        nb_of_txs=str(len(order.transfers)),
        ctrl_sum=_major(order.total, order.currency),
        pmt_tp_inf=pain.PaymentTypeInformation26(svc_lvl=[service]) if is_sepa else None,
        reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=XmlDate.from_date(order.execute_on)),
        dbtr=pain.PartyIdentification135(nm=plain(order.debtor_name, 70)),
        dbtr_acct=pain.CashAccount38(id=pain.AccountIdentification4Choice(iban=order.debtor_iban), ccy=order.currency),
        dbtr_agt=_agent(order.debtor_bic),
        chrg_br=bearer,
        cdt_trf_tx_inf=[_transfer(transfer, order.currency) for transfer in order.transfers],
    )


def _transfer(transfer: CreditTransfer, currency: str) -> pain.CreditTransferTransaction34:
    said = plain(transfer.remittance, 140)
    return pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(instr_id=transfer.end_to_end_id, end_to_end_id=transfer.end_to_end_id),
        amt=pain.AmountType4Choice(
            instd_amt=pain.ActiveOrHistoricCurrencyAndAmount(value=_major(transfer.amount, currency), ccy=currency)
        ),
        cdtr_agt=_agent(transfer.creditor_bic) if transfer.creditor_bic else None,
        cdtr=pain.PartyIdentification135(nm=plain(transfer.creditor_name, 70)),
        cdtr_acct=pain.CashAccount38(id=pain.AccountIdentification4Choice(iban=transfer.creditor_iban)),
        rmt_inf=pain.RemittanceInformation16(ustrd=[said]) if said else None,
    )


def _agent(bic: str) -> pain.BranchAndFinancialInstitutionIdentification6:
    other = None if bic else pain.GenericFinancialIdentification1(id="NOTPROVIDED")
    return pain.BranchAndFinancialInstitutionIdentification6(
        fin_instn_id=pain.FinancialInstitutionIdentification18(bicfi=bic or None, othr=other)
    )


def plain(text: str, longest: int) -> str:
    """Return a text in the letters every bank takes, cut to ``longest``."""
    return " ".join(_FOREIGN.sub(" ", unidecode(text)).split())[:longest].strip()


def _major(amount: int, currency: str) -> Decimal:
    return Money(amount, currency).to_decimal()


def _instant(moment: datetime) -> XmlDateTime:
    return XmlDateTime.from_datetime(moment.astimezone(UTC).replace(microsecond=0))
