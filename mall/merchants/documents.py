"""Documents of applicants: encrypted before they touch the disk, in a private folder, for owner and staff alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mall import bank
from mall.merchants.models import KybDocument, MerchantApplication

MAX_BYTES = 8 * 1024 * 1024
DocumentDamaged = bank.FileDamaged
_FILES = bank.PrivateFiles(folder="documents", purpose=b"rialto: documents of merchants' applications")


class UnableToKeepDocument(Exception):
    """The document was not kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it was uploaded."""

    kind: str
    name: str
    content: bytes


def content_type(*, content: bytes) -> str:
    """Return what a document is, by its first bytes.

    :raises UnableToKeepDocument: it is neither PDF nor PNG nor JPEG.
    """
    found = bank.content_type(content=content)
    if not found:
        raise UnableToKeepDocument("A document is a PDF, PNG or JPEG file: save it as one of these.")
    return found


def check(*, upload: Upload) -> None:
    """Check a document before anything is written.

    :raises UnableToKeepDocument: its kind, size or content cannot be taken.
    """
    if upload.kind not in dict(KybDocument.KINDS):
        raise UnableToKeepDocument(f"{upload.kind!r} is no kind of document asked for here.")
    if not upload.content:
        raise UnableToKeepDocument(f"{upload.name} is empty: choose another file.")
    if len(upload.content) > MAX_BYTES:
        raise UnableToKeepDocument(f"{upload.name} is larger than {MAX_BYTES // 1024**2} MB: make it smaller.")
    content_type(content=upload.content)


def keep(*, application: MerchantApplication, upload: Upload, at: datetime) -> KybDocument:
    """Encrypt a document and keep it.

    :raises UnableToKeepDocument: its kind, size or content cannot be taken.
    """
    check(upload=upload)
    kept = _FILES.keep(content=upload.content)
    return KybDocument.objects.create(
        application=application,
        kind=upload.kind,
        name=Path(upload.name).name[:255] or "document",
        content_type=content_type(content=upload.content),
        size=kept.size,
        digest=kept.digest,
        stored_as=kept.stored_as,
        uploaded_at=at,
    )


def read(*, document: KybDocument) -> bytes:
    """Return a kept document's content; who may see it is asked by `mall.merchants.applications.open_document`.

    :raises DocumentDamaged: the file is missing or is not what was kept.
    """
    return _FILES.read(stored_as=document.stored_as, digest=document.digest)
