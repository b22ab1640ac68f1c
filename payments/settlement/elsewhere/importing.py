"""Taking in a file of another bank: once, whole or not at all."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.conf import settings
from django.db import connection, transaction

from payments.models import BankEntry, BankFile
from payments.operations.errors import PaymentError
from payments.settlement import iso20022
from payments.settlement.elsewhere import booking, statuses
from payments.settlement.iso20022.stream import MOST_BYTES

AT_ONCE = 1_000
SHOWN = 200
_LOCK = 7_201_640_032


class UnableToImport(PaymentError):
    """A file is refused as a whole; nothing of it was taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedLine:
    """What became of one entry; ``amount`` is below zero where money left."""

    reference: str
    amount: int
    currency: str
    counterparty: str
    state: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What taking a file in did, or would do: ``doubled`` entries were known, ``pending`` ones are no bookings yet."""

    file_id: int | None
    kind: str
    message_id: str
    entries: int
    doubled: int
    pending: int
    states: dict[str, int]
    lines: tuple[ImportedLine, ...]


@dataclass(slots=True)
class _Counts:
    message_id: str = ""
    version: str = ""
    entries: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class _Bytes:
    digest: str
    size: int
    compressed: bytes


def import_file(*, source: BinaryIO, name: str, by: str, at: datetime, dry_run: bool = False) -> Imported:
    """Take in a notification (camt.054) or a status report (pain.002), and book what it tells.

    A notification is recorded whole in one transaction, then booked in smaller ones; whoever dies in between is
    finished by :func:`book_recorded`. With ``dry_run`` all of it is done and undone.

    :raises UnableToImport: the file is malformed, was taken in before, or speaks of what is not ours.
    """
    try:
        kind = iso20022.kind_of(source).kind
        content = _read(source)
        if dry_run:
            with transaction.atomic():
                done = _import(source=source, kind=kind, content=content, name=name, by=by, at=at)
                transaction.set_rollback(True)
            return done
        return _import(source=source, kind=kind, content=content, name=name, by=by, at=at)
    except iso20022.UnreadableFile as problem:
        raise UnableToImport(str(problem)) from problem


def _import(*, source: BinaryIO, kind: str, content: _Bytes, name: str, by: str, at: datetime) -> Imported:
    if kind == "camt.053":
        raise UnableToImport("A statement (camt.053) is compared with the book, not booked: give it to reconciliation.")
    counts = _Counts()
    with transaction.atomic():
        _one_at_a_time()
        _refuse_known(content)
        file = _file(kind=kind, content=content, name=name, by=by, at=at)
        if kind == "pain.002":
            report = iso20022.status_report(source)
            counts.message_id, counts.version = report.header.message_id, report.header.version
            counts.entries, problem = statuses.apply(report=report, at=at)
            if problem:
                raise UnableToImport(problem)
            rows: list[BankEntry] = []
        else:
            rows = _rows(source=source, counts=counts)
        _save(file=file, counts=counts)
        fresh = _insert(file=file, rows=rows)
    booking.book_recorded(at=at, file_id=file.pk)
    return _imported(file=file, counts=counts, fresh=fresh)


def _one_at_a_time() -> None:
    """Two files at once could hold the same entry; they are short enough to wait for one another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _read(source: BinaryIO) -> _Bytes:
    digest, packer, packed, size = hashlib.sha256(), zlib.compressobj(), [], 0
    source.seek(0)
    while chunk := source.read(1 << 16):
        size += len(chunk)
        if size > MOST_BYTES:
            raise iso20022.FileTooLarge(
                f"The file has more than {MOST_BYTES // 1024**2} MB: ask for it in smaller parts."
            )
        digest.update(chunk)
        packed.append(packer.compress(chunk))
    source.seek(0)
    return _Bytes(digest.hexdigest(), size, b"".join([*packed, packer.flush()]))


def _refuse_known(content: _Bytes) -> None:
    known = BankFile.objects.filter(digest=content.digest).first()
    if known is not None:
        raise UnableToImport(
            f"This file was taken in on {known.at:%d %b %Y} already, as {known.name}: nothing was done again."
        )


def _file(*, kind: str, content: _Bytes, name: str, by: str, at: datetime) -> BankFile:
    return BankFile(
        direction="in",
        kind=kind,
        name=name[:200],
        digest=content.digest,
        size=content.size,
        content=content.compressed,
        by=by,
        at=at,
    )


def _save(*, file: BankFile, counts: _Counts) -> None:
    file.message_id, file.version, file.entries = counts.message_id, counts.version, counts.entries
    known = BankFile.objects.filter(direction="in", kind=file.kind, message_id=file.message_id).first()
    if known is not None:
        raise UnableToImport(
            f"A file with the id {file.message_id} was taken in on {known.at:%d %b %Y}, with other content: "
            "ask the sender which of them counts."
        )
    file.save()


def _rows(*, source: BinaryIO, counts: _Counts) -> list[BankEntry]:
    """Return the booked payments of a notification, each under the other bank's own name for it."""
    ours = {nostro["iban"]: (nostro["bank"], currency) for currency, nostro in settings.RIALTO_POLICY.NOSTROS.items()}
    rows: dict[str, BankEntry] = {}
    bank = ""
    for notice in iso20022.notices(source):
        if isinstance(notice, iso20022.Header):
            counts.message_id, counts.version = notice.message_id, notice.version
        elif isinstance(notice, iso20022.AccountStarted):
            if notice.account not in ours:
                raise UnableToImport(f"The file is about the account {notice.account}, which is none of ours.")
            bank, kept = ours[notice.account]
            account = notice.account
        elif isinstance(notice, iso20022.Entry):
            if notice.status != "BOOK":
                counts.pending += 1
                continue
            if notice.currency != kept:
                raise UnableToImport(
                    f"Entry {notice.position} is in {notice.currency}, and our account {account} is kept in {kept}."
                )
            for row in _of_entry(entry=notice, bank=bank, account=account):
                counts.entries += 1
                first = rows.setdefault(row.key, row)
                if first.fingerprint != row.fingerprint:
                    raise UnableToImport(f"Entry {notice.position} has the reference of another: ask for it anew.")
    return list(rows.values())


def _of_entry(*, entry: iso20022.Entry, bank: str, account: str) -> list[BankEntry]:
    if not entry.bank_reference and not entry.reference:
        raise UnableToImport(
            f"Entry {entry.position} has no reference of the other bank (AcctSvcrRef), so that it could be booked "
            "twice: ask for files with references."
        )
    if entry.amount == 0 or entry.booked_on is None:
        raise UnableToImport(f"Entry {entry.position} has no amount or no day of booking: ask for the file anew.")
    name = entry.bank_reference or entry.reference
    if not entry.details:
        return [_row(entry=entry, detail=None, bank=bank, key=f"{account}:{name}")]
    return [
        _row(entry=entry, detail=detail, bank=bank, key=f"{account}:{name}:{detail.position}")
        for detail in entry.details
        if detail.amount
    ]


def _row(*, entry: iso20022.Entry, detail: iso20022.Detail | None, bank: str, key: str) -> BankEntry:
    is_credit = detail.is_credit if detail else entry.is_credit
    other, other_iban = "", ""
    if detail:
        other = detail.debtor_name if is_credit else detail.creditor_name
        other_iban = detail.debtor_iban if is_credit else detail.creditor_iban
    row = BankEntry(
        key=key,
        bank=bank,
        is_credit=is_credit,
        is_reversal=entry.is_reversal,
        amount=detail.amount if detail else entry.amount,
        currency=entry.currency,
        booked_on=entry.booked_on,
        bank_reference=(entry.bank_reference or entry.reference)[:80],
        end_to_end_id=detail.end_to_end_id if detail else "",
        batch_reference="" if detail else entry.batch_message_id or entry.batch_payment_information_id,
        counterparty=other[:140],
        counterparty_iban=other_iban,
        payee_iban=detail.creditor_iban if detail and is_credit else "",
        remittance=(detail.remittance if detail else entry.text)[:300],
        return_reason=detail.return_reason if detail else "",
    )
    said = (row.is_credit, row.amount, row.currency, row.booked_on, row.end_to_end_id, row.counterparty_iban)
    row.fingerprint = hashlib.sha256(repr((*said, row.payee_iban, row.remittance)).encode()).hexdigest()
    return row


def _insert(*, file: BankFile, rows: list[BankEntry]) -> int:
    """Record the entries that are new; one that is known under the same reference and says otherwise is refused."""
    fresh = 0
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        known = dict(BankEntry.objects.filter(key__in=[row.key for row in part]).values_list("key", "fingerprint"))
        for row in part:
            row.file = file
            if known.get(row.key, row.fingerprint) != row.fingerprint:
                raise UnableToImport(
                    f"The entry {row.bank_reference} was in another file already and said something else there: "
                    "ask the sender which of them counts."
                )
        new = [row for row in part if row.key not in known]
        BankEntry.objects.bulk_create(new)
        fresh += len(new)
    return fresh


def _imported(*, file: BankFile, counts: _Counts, fresh: int) -> Imported:
    states: dict[str, int] = {}
    for state in BankEntry.objects.filter(file=file).values_list("state", flat=True):
        states[state] = states.get(state, 0) + 1
    is_notice = file.kind == "camt.054"
    return Imported(
        file_id=file.pk,
        kind=file.kind,
        message_id=file.message_id,
        entries=counts.entries,
        doubled=counts.entries - fresh if is_notice else 0,
        pending=counts.pending,
        states=states,
        lines=tuple(
            ImportedLine(
                reference=row.bank_reference,
                amount=row.amount if row.is_credit else -row.amount,
                currency=row.currency,
                counterparty=row.counterparty,
                state=row.state,
                outcome=row.outcome,
            )
            for row in BankEntry.objects.filter(file=file).order_by("pk")[:SHOWN]
        ),
    )
