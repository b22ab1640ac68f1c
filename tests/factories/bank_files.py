"""Files as another bank sends them, written by hand so that they may be wrong in any way."""

from decimal import Decimal
from itertools import count

NOSTRO = "DE93999999990000000001"
PAYER = "DE02120300000000202051"
_references = count(1)


def money(amount: int) -> str:
    return str(Decimal(amount).scaleb(-2))


def payment(
    *,
    amount: int | None = None,
    currency: str = "EUR",
    end_to_end: str = "",
    message: str = "",
    payer: str = "Ann Payer",
    payer_iban: str = PAYER,
    payee: str = "",
    payee_iban: str = "",
    text: str = "",
    returned: str = "",
    reference: str = "",
    version: str = "001.08",
) -> str:
    """Return the details of one payment within an entry."""
    refs = "".join(
        f"<{name}>{value}</{name}>"
        for name, value in (("MsgId", message), ("AcctSvcrRef", reference), ("EndToEndId", end_to_end))
        if value
    )

    def party(tag: str, name: str) -> str:
        inner = f"<Nm>{name}</Nm>"
        return f"<{tag}><Pty>{inner}</Pty></{tag}>" if version == "001.08" else f"<{tag}>{inner}</{tag}>"

    parties = party("Dbtr", payer) if payer else ""
    parties += f"<DbtrAcct><Id><IBAN>{payer_iban}</IBAN></Id></DbtrAcct>" if payer_iban else ""
    parties += party("Cdtr", payee) if payee else ""
    parties += f"<CdtrAcct><Id><IBAN>{payee_iban}</IBAN></Id></CdtrAcct>" if payee_iban else ""
    value = f'<Amt Ccy="{currency}">{money(amount)}</Amt>' if amount is not None else ""
    said = value if version == "001.08" else f"<AmtDtls><TxAmt>{value}</TxAmt></AmtDtls>" if value else ""
    return (
        f"<TxDtls>{f'<Refs>{refs}</Refs>' if refs else ''}{said}"
        f"{f'<RltdPties>{parties}</RltdPties>' if parties else ''}"
        f"{f'<RmtInf><Ustrd>{text}</Ustrd></RmtInf>' if text else ''}"
        f"{f'<RtrInf><Rsn><Cd>{returned}</Cd></Rsn></RtrInf>' if returned else ''}</TxDtls>"
    )


def entry(
    amount: int,
    *payments: str,
    credit: bool = True,
    currency: str = "EUR",
    status: str = "BOOK",
    day: str = "2026-03-03",
    reference: str | None = None,
    reversal: bool = False,
    batch: str = "",
    version: str = "001.08",
) -> str:
    """Return one entry; without a reference it gets one of its own."""
    reference = f"BANK{next(_references):08}" if reference is None else reference
    details = "".join(payments)
    group = f"<Btch><MsgId>{batch}</MsgId></Btch>" if batch else ""
    state = f"<Sts><Cd>{status}</Cd></Sts>" if version == "001.08" else f"<Sts>{status}</Sts>"
    return (
        f'<Ntry><Amt Ccy="{currency}">{money(amount)}</Amt><CdtDbtInd>{"CRDT" if credit else "DBIT"}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}{state}"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"{f'<AcctSvcrRef>{reference}</AcctSvcrRef>' if reference else ''}"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{f'<NtryDtls>{group}{details}</NtryDtls>' if details or group else ''}</Ntry>"
    )


def notification(
    *entries: str,
    message: str = "N1",
    account: str = NOSTRO,
    currency: str = "EUR",
    summary: str = "",
    version: str = "001.08",
    before: str = "",
) -> bytes:
    """Return a camt.054."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.{version}"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-03-03T18:00:00Z</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>{message}-1</Id><CreDtTm>2026-03-03T18:00:00Z</CreDtTm>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>{summary}{''.join(entries)}</Ntfctn>"
        f"</BkToCstmrDbtCdtNtfctn></Document>"
    ).encode()


def statement(
    *entries: str,
    opening: int = 0,
    closing: int = 0,
    message: str = "S1",
    account: str = NOSTRO,
    currency: str = "EUR",
    day: str = "2026-03-03",
    version: str = "001.08",
) -> bytes:
    """Return a camt.053 with an opening and a closing balance."""

    def balance(kind: str, amount: int) -> str:
        side = "CRDT" if amount >= 0 else "DBIT"
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{money(abs(amount))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
            f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        )

    return (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{message}-1</Id><ElctrncSeqNb>12</ElctrncSeqNb><CreDtTm>{day}T20:00:00Z</CreDtTm>"
        f"<FrToDt><FrDtTm>{day}T00:00:00Z</FrDtTm><ToDtTm>{day}T23:59:59Z</ToDtTm></FrToDt>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', opening)}{balance('CLBD', closing)}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def payment_status(
    end_to_end: str, status: str, *, reason: str = "", amount: int | None = None, currency: str = "EUR"
) -> str:
    """Return what became of one payment, for :func:`status_report`."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    original = (
        f'<OrgnlTxRef><Amt><InstdAmt Ccy="{currency}">{money(amount)}</InstdAmt></Amt></OrgnlTxRef>'
        if amount is not None
        else ""
    )
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{end_to_end}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}{original}"
        f"</TxInfAndSts>"
    )


def status_report(
    *payments: str,
    original: str,
    status: str = "",
    reason: str = "",
    message: str = "R1",
    version: str = "001.10",
) -> bytes:
    """Return a pain.002 about the file ``original``."""
    why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
    state = f"<GrpSts>{status}</GrpSts>" if status else ""
    group = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{original}</OrgnlPmtInfId>{''.join(payments)}</OrgnlPmtInfAndSts>"
        if payments
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-03-03T18:00:00Z</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{original}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"{state}{why}</OrgnlGrpInfAndSts>{group}</CstmrPmtStsRpt></Document>"
    ).encode()
