"""Documents of applicants: encrypted before they touch the disk, in a private folder, for owner and staff alone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from django.utils.translation import gettext as _

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


def too_large(*, name: str) -> str:
    """Return the sentence for a document above the limit."""
    words = _("%(name)s is larger than %(most)s MB: make it smaller.")
    return words % {"name": name, "most": MAX_BYTES // 1024**2}


def content_type(*, content: bytes) -> str:
    """Return what a document is, by its first bytes.

    :raises UnableToKeepDocument: it is neither PDF nor PNG nor JPEG.
    """
    found = bank.content_type(content=content)
    if not found:
        raise UnableToKeepDocument(_("A document is a PDF, PNG or JPEG file: save it as one of these."))
    return found


def check(*, upload: Upload) -> None:
    """Check a document before anything is written.

    :raises UnableToKeepDocument: its kind, size or content cannot be taken.
    """
    if upload.kind not in dict(KybDocument.KINDS):
        raise UnableToKeepDocument(_("Choose what kind of document this is."))
    if not upload.content:
        raise UnableToKeepDocument(_("%(name)s is empty: choose another file.") % {"name": upload.name})
    if len(upload.content) > MAX_BYTES:
        raise UnableToKeepDocument(too_large(name=upload.name))
    content_type(content=upload.content)


def keep(
    *, application: MerchantApplication, upload: Upload, at: datetime, expires_on: date | None = None
) -> KybDocument:
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
        expires_on=expires_on,
        uploaded_at=at,
    )


def read(*, document: KybDocument) -> bytes:
    """Return a kept document's content; who may see it is asked by `mall.merchants.applications.open_document`.

    :raises DocumentDamaged: the file is missing or is not what was kept.
    """
    return _FILES.read(stored_as=document.stored_as, digest=document.digest)


def digest(*, content: bytes) -> str:
    """Return by what a document's content is known."""
    return hashlib.sha256(content).hexdigest()


def forget(*, stored_as: str) -> None:
    """Remove the file of a document that is gone; called when the document's row is."""
    _FILES.remove(stored_as=stored_as)
