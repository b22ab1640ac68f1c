"""Documents of applicants: encrypted before they touch the disk, in a private folder, for owner and staff alone."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from mall.merchants.models import KybDocument, MerchantApplication

MAX_BYTES = 8 * 1024 * 1024
_BEGINNINGS = {"application/pdf": (b"%PDF-",), "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",)}
_PURPOSE = b"rialto: documents of merchants' applications"


class UnableToKeepDocument(Exception):
    """The document was not kept."""


class DocumentDamaged(Exception):
    """A kept document is missing, was changed, or was written with another key."""


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
    for name, beginnings in _BEGINNINGS.items():
        if content.startswith(beginnings):
            return name
    raise UnableToKeepDocument("A document is a PDF, PNG or JPEG file: save it as one of these.")


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
    stored_as = secrets.token_hex(16)
    _write(path=_folder() / stored_as, content=_cipher().encrypt(upload.content))
    return KybDocument.objects.create(
        application=application,
        kind=upload.kind,
        name=Path(upload.name).name[:255] or "document",
        content_type=content_type(content=upload.content),
        size=len(upload.content),
        digest=hashlib.sha256(upload.content).hexdigest(),
        stored_as=stored_as,
        uploaded_at=at,
    )


def read(*, document: KybDocument) -> bytes:
    """Return a kept document's content; who may see it is asked by `mall.merchants.applications.open_document`.

    :raises DocumentDamaged: the file is missing or is not what was kept.
    """
    try:
        content = _cipher().decrypt((_folder() / document.stored_as).read_bytes())
    except (OSError, InvalidToken):
        problem = f"Document {document.pk} cannot be read: its file or its key is not the right one."
        raise DocumentDamaged(problem) from None
    if hashlib.sha256(content).hexdigest() != document.digest:
        raise DocumentDamaged(f"Document {document.pk} is not what was uploaded.")
    return content


def _folder() -> Path:
    folder = Path(settings.RIALTO_HOME) / "documents"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _write(*, path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _cipher() -> Fernet:
    secret = getattr(settings, "RIALTO_DOCUMENT_KEY", "") or settings.SECRET_KEY
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
