"""Papers of evidence on disk: encrypted before they touch it, in a private folder, under a name nobody gave them."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"rialto: evidence in disputes"
_BEGINNINGS = {"application/pdf": (b"%PDF-",), "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",)}


class FileDamaged(Exception):
    """A kept paper is missing, was changed, or was written with another key."""


def content_type(*, content: bytes) -> str:
    """Return what a paper is by its first bytes, empty when it is neither PDF nor PNG nor JPEG."""
    return next((name for name, beginnings in _BEGINNINGS.items() if content.startswith(beginnings)), "")


def keep(*, content: bytes) -> str:
    """Encrypt a paper and keep it; return the name it is kept under."""
    stored_as = secrets.token_hex(16)
    descriptor = os.open(_folder() / stored_as, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_cipher().encrypt(content))
        file.flush()
        os.fsync(file.fileno())
    return stored_as


def read(*, stored_as: str, digest: str) -> bytes:
    """Return a kept paper.

    :raises FileDamaged: the file is missing or is not what was kept.
    """
    try:
        content = _cipher().decrypt((_folder() / stored_as).read_bytes())
    except (OSError, InvalidToken):
        raise FileDamaged(f"The paper {stored_as} cannot be read: its file or its key is not the right one.") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileDamaged(f"The paper {stored_as} is not what was uploaded.")
    return content


def _folder() -> Path:
    folder = Path(settings.RIALTO_HOME) / "evidence"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _cipher() -> Fernet:
    secret = getattr(settings, "RIALTO_DOCUMENT_KEY", "") or settings.SECRET_KEY
    key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(key))
