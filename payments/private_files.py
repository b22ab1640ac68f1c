"""Files for owners and staff alone: encrypted before they touch the disk, under a name nobody gave them."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_BEGINNINGS = {"application/pdf": (b"%PDF-",), "image/png": (b"\x89PNG\r\n\x1a\n",), "image/jpeg": (b"\xff\xd8\xff",)}


class FileDamaged(Exception):
    """A kept file is missing, was changed, or was written with another key."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it is to be remembered: the name it lies under, the SHA-256 of its content, its size in bytes."""

    stored_as: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class PrivateFiles:
    """The private files of one subject: a folder of the market's home, and a key of their own by ``purpose``."""

    folder: str
    purpose: bytes

    def keep(self, *, content: bytes) -> Kept:
        """Encrypt a file and keep it; it is on the disk when this returns."""
        stored_as = secrets.token_hex(16)
        descriptor = os.open(self._folder() / stored_as, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._cipher().encrypt(content))
            file.flush()
            os.fsync(file.fileno())
        return Kept(stored_as=stored_as, digest=hashlib.sha256(content).hexdigest(), size=len(content))

    def read(self, *, stored_as: str, digest: str) -> bytes:
        """Return a kept file's content; who may see it is asked before.

        :raises FileDamaged: the file is missing or is not what was kept.
        """
        try:
            content = self._cipher().decrypt((self._folder() / stored_as).read_bytes())
        except (OSError, InvalidToken):
            problem = f"The file {stored_as} cannot be read: it is missing, or its key is not the right one."
            raise FileDamaged(problem) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise FileDamaged(f"The file {stored_as} is not what was uploaded.")
        return content

    def remove(self, *, stored_as: str) -> None:
        """Take a file away for good; one that is gone already is no problem."""
        (self._folder() / stored_as).unlink(missing_ok=True)

    def _folder(self) -> Path:
        folder = Path(settings.RIALTO_HOME) / self.folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _cipher(self) -> Fernet:
        secret = getattr(settings, "RIALTO_DOCUMENT_KEY", "") or settings.SECRET_KEY
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=self.purpose).derive(secret.encode())
        return Fernet(base64.urlsafe_b64encode(key))


def content_type(*, content: bytes) -> str:
    """Return what a file is by its first bytes, empty when it is neither PDF nor PNG nor JPEG."""
    return next((name for name, beginnings in _BEGINNINGS.items() if content.startswith(beginnings)), "")
