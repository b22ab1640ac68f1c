"""camt.053 and camt.054: what happened on our accounts at other banks, account by account, entry by entry."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

from payments.money import Money, MoneyError
from payments.settlement.iso20022.errors import ContradictoryFile, MalformedFile
from payments.settlement.iso20022.records import Balance, Detail, Entry, Header, Statement
from payments.settlement.iso20022.stream import MOST_BYTES, Format, Piece, pieces


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStarted:
    """From here on entries are of this account, an IBAN or a number of the other bank's own."""

    statement_id: str
    account: str
    currency: str
    sequence: int | None
    since: date | None
    until: date | None


Notice = Header | AccountStarted | Balance | Entry


def notices(source: BinaryIO, *, kinds: Collection[str] = ("camt.054",), most: int = MOST_BYTES) -> Iterator[Notice]:
    """Yield the header, then for each account its beginning, its balances and its entries, as they stand in the file.

    What an account's part says of its own number and sum is compared when the part ends, so the end is to be
    reached before anything is done by what was read.

    :raises UnreadableFile: the file is refused; nothing that was yielded counts.
    """
    found: Format | None = None
    part: _Part | None = None
    for piece in pieces(source, kinds=kinds, most=most):
        if isinstance(piece, Format):
            found = piece
        elif piece.name == "grp_hdr":
            yield header(found=found, model=piece.value)
        elif piece.value is None and piece.name == "end":
            part.close(line=piece.line)
            part = None
        elif piece.value is None:
            part = _Part(line=piece.line)
        elif part is not None:
            yield from part.take(piece)


def statements(source: BinaryIO, *, most: int = MOST_BYTES) -> Iterator[Statement]:
    """Yield the statements of a camt.053, each whole, with no more than one in memory.

    :raises UnreadableFile: the file is refused; nothing that was yielded counts.
    """
    read: Header | None = None
    started: AccountStarted | None = None
    balances: list[Balance] = []
    entries: list[Entry] = []
    for notice in notices(source, kinds=("camt.053",), most=most):
        if isinstance(notice, AccountStarted) and started is not None:
            yield _statement(read, started, balances, entries)
            balances, entries = [], []
        match notice:
            case Header():
                read = notice
            case AccountStarted():
                started = notice
            case Balance():
                balances.append(notice)
            case Entry():
                entries.append(notice)
    if started is not None:
        yield _statement(read, started, balances, entries)


def _statement(read: Header, started: AccountStarted, balances: list[Balance], entries: list[Entry]) -> Statement:
    return Statement(
        header=read,
        statement_id=started.statement_id,
        account=started.account,
        currency=started.currency,
        sequence=started.sequence,
        since=started.since,
        until=started.until,
        balances=tuple(balances),
        entries=tuple(entries),
    )


def header(*, found: Format, model: Any) -> Header:
    """Return a message's header."""
    return Header(kind=found.kind, version=found.version, message_id=model.msg_id, created_at=instant(model.cre_dt_tm))


def instant(value: Any) -> datetime:
    """Return an instant of a file; one without a zone is read as UTC."""
    moment = value.to_datetime()
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Part:
    """One account's part of the file, while it is read."""

    def __init__(self, *, line: int) -> None:
        self._line = line
        self._id = self._sequence = ""
        self._period: Any = None
        self._account: AccountStarted | None = None
        self._summary: Any = None
        self._count = {True: 0, False: 0}
        self._sum = {True: Decimal(0), False: Decimal(0)}

    def take(self, piece: Piece) -> Iterator[Notice]:
        match piece.name:
            case "id":
                self._id = piece.value
            case "elctrnc_seq_nb":
                self._sequence = piece.value
            case "fr_to_dt":
                self._period = piece.value
            case "acct":
                self._account = self._started(piece)
                yield self._account
            case "txs_summry":
                self._summary = piece.value
            case "bal":
                yield _balance(piece, self._account)
            case "ntry":
                entry = _entry(piece, position=sum(self._count.values()) + 1)
                self._see_currency(entry, piece.line)
                self._count[entry.is_credit] += 1
                self._sum[entry.is_credit] += piece.value.amt.value
                yield entry

    def _started(self, piece: Piece) -> AccountStarted:
        account = piece.value.id
        return AccountStarted(
            statement_id=self._id,
            account=account.iban or account.othr.id,
            currency=piece.value.ccy or "",
            sequence=int(self._sequence) if self._sequence.isdecimal() else None,
            since=_day(getattr(self._period, "fr_dt_tm", None)),
            until=_day(getattr(self._period, "to_dt_tm", None)),
        )

    def _see_currency(self, entry: Entry, line: int) -> None:
        kept = self._account.currency if self._account else ""
        if kept and entry.currency != kept:
            raise ContradictoryFile(
                f"Line {line}: entry {entry.position} is in {entry.currency}, and its account is kept in {kept}."
            )

    def close(self, *, line: int) -> None:
        """Compare the part's own count and sums with what was in it.

        :raises ContradictoryFile: they differ.
        """
        summary = self._summary
        count, total = sum(self._count.values()), sum(self._sum.values())
        for name, said, number, amount in (
            ("entries", getattr(summary, "ttl_ntries", None), count, total),
            ("credits", getattr(summary, "ttl_cdt_ntries", None), self._count[True], self._sum[True]),
            ("debits", getattr(summary, "ttl_dbt_ntries", None), self._count[False], self._sum[False]),
        ):
            if said is None:
                continue
            if said.nb_of_ntries is not None and int(said.nb_of_ntries) != number:
                raise ContradictoryFile(
                    f"Line {line}: {self._id} says it has {said.nb_of_ntries} {name} and has {number}: ask for it anew."
                )
            if said.sum is not None and said.sum != amount:
                raise ContradictoryFile(
                    f"Line {line}: {self._id} says its {name} sum to {said.sum}, and they sum to {amount}: ask anew."
                )


def _balance(piece: Piece, account: AccountStarted | None) -> Balance:
    model = piece.value
    kind = model.tp.cd_or_prtry.cd or model.tp.cd_or_prtry.prtry
    amount = minor(model.amt, line=piece.line)
    is_credit = model.cdt_dbt_ind.value == "CRDT"
    day = _day(model.dt)
    if day is None:
        raise MalformedFile(f"Line {piece.line}: the balance has no day.")
    kept = account.currency if account else ""
    if kept and model.amt.ccy != kept:
        raise ContradictoryFile(f"Line {piece.line}: a balance is in {model.amt.ccy}, its account is kept in {kept}.")
    return Balance(
        kind=getattr(kind, "value", kind), amount=amount if is_credit else -amount, currency=model.amt.ccy, day=day
    )


def _entry(piece: Piece, *, position: int) -> Entry:
    model, line = piece.value, piece.line
    amount = minor(model.amt, line=line)
    batch = next((one.btch for one in model.ntry_dtls if one.btch is not None), None)
    found = [detail for one in model.ntry_dtls for detail in one.tx_dtls]
    is_credit = model.cdt_dbt_ind.value == "CRDT"
    details = tuple(
        _detail(
            detail,
            position=number,
            amount=_amount_of(detail, currency=model.amt.ccy, alone=amount if len(found) == 1 else None, line=line),
            is_credit=is_credit,
        )
        for number, detail in enumerate(found, 1)
    )
    said = sum(detail.amount if detail.is_credit == is_credit else -detail.amount for detail in details)
    if details and said != amount:
        raise ContradictoryFile(
            f"Line {line}: entry {position} is {amount} minor units, and its payments sum to {said}: ask for it anew."
        )
    return Entry(
        position=position,
        reference=model.ntry_ref or "",
        bank_reference=model.acct_svcr_ref or "",
        amount=amount,
        currency=model.amt.ccy,
        is_credit=is_credit,
        is_reversal=bool(model.rvsl_ind),
        status=_status(model.sts),
        booked_on=_day(model.bookg_dt),
        valued_on=_day(model.val_dt),
        code=_code(model.bk_tx_cd),
        text=model.addtl_ntry_inf or "",
        batch_message_id=(batch.msg_id if batch else "") or "",
        batch_payment_information_id=(batch.pmt_inf_id if batch else "") or "",
        batch_count=int(batch.nb_of_txs) if batch and batch.nb_of_txs else None,
        details=details,
    )


def _detail(model: Any, *, position: int, amount: int, is_credit: bool) -> Detail:
    refs, parties = model.refs, model.rltd_pties
    own_side = getattr(model, "cdt_dbt_ind", None)
    returned = model.rtr_inf
    return Detail(
        position=position,
        amount=amount,
        is_credit=own_side.value == "CRDT" if own_side else is_credit,
        end_to_end_id=_text(refs, "end_to_end_id"),
        message_id=_text(refs, "msg_id"),
        payment_information_id=_text(refs, "pmt_inf_id"),
        bank_reference=_text(refs, "acct_svcr_ref"),
        debtor_name=_name(getattr(parties, "dbtr", None)),
        debtor_iban=_iban(getattr(parties, "dbtr_acct", None)),
        creditor_name=_name(getattr(parties, "cdtr", None)),
        creditor_iban=_iban(getattr(parties, "cdtr_acct", None)),
        remittance=_remittance(model.rmt_inf),
        return_reason=_text(getattr(returned, "rsn", None), "cd")
        or _text(getattr(returned, "rsn", None), "prtry")
        or ("NARR" if returned is not None else ""),
        return_text=" ".join(getattr(returned, "addtl_inf", ()) or ()),
    )


def _amount_of(model: Any, *, currency: str, alone: int | None, line: int) -> int:
    """Return a payment's own amount on the account; the entry's where it is the only one and says none."""
    amount = getattr(model, "amt", None)
    exchanged = getattr(model, "amt_dtls", None)
    if amount is None and exchanged is not None and exchanged.tx_amt is not None:
        amount = exchanged.tx_amt.amt
    if amount is not None and amount.ccy == currency:
        return minor(amount, line=line)
    if alone is not None:
        return alone
    raise ContradictoryFile(f"Line {line}: a payment of an entry with several says no amount in {currency}.")


def minor(amount: Any, *, line: int) -> int:
    """Return an amount of a file in minor units.

    :raises MalformedFile: its currency does not have so many digits.
    """
    try:
        return Money.from_decimal(amount.value, amount.ccy).minor_units
    except MoneyError as problem:
        raise MalformedFile(f"Line {line}: {problem}") from None


def _status(model: Any) -> str:
    status = getattr(model, "cd", model)
    return getattr(status, "value", status) or ""


def _code(model: Any) -> str:
    domain = model.domn
    if domain is not None:
        return f"{domain.cd}/{domain.fmly.cd}/{domain.fmly.sub_fmly_cd}"
    return model.prtry.cd if model.prtry else ""


def _day(model: Any) -> date | None:
    if model is None:
        return None
    if hasattr(model, "dt"):
        model = model.dt or model.dt_tm
    if model is None:
        return None
    return instant(model).date() if hasattr(model, "hour") else model.to_date()


def _text(model: Any, name: str) -> str:
    return (getattr(model, name, None) or "").strip() if model is not None else ""


def _name(party: Any) -> str:
    """Return a party's name: older versions name a party at once, newer ones say first whether it is a bank."""
    inner = getattr(party, "pty", None) or party
    return _text(inner, "nm")


def _iban(account: Any) -> str:
    return _text(account.id, "iban") if account is not None and account.id is not None else ""


def _remittance(model: Any) -> str:
    if model is None:
        return ""
    if model.ustrd:
        return " ".join(model.ustrd).strip()
    found = (one.cdtr_ref_inf.ref for one in model.strd if one.cdtr_ref_inf is not None and one.cdtr_ref_inf.ref)
    return next(found, "")
