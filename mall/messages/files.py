"""Files of messages: taken for what their content is, encrypted before they touch the disk, in a private folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from mall import bank, uploads
from mall.messages.models import Message, MessageFile
from mall.messages.requests import Attachment, UnableToWrite

MOST = 5
PDF, PICTURE = "application/pdf", "image/webp"
FileDamaged = bank.FileDamaged
_FILES = bank.PrivateFiles(folder="messages", purpose=b"rialto: files of messages")


def attachment(*, name: str, content: bytes) -> Attachment:
    """Return an uploaded file as it may be kept: a PDF, or a picture drawn anew.

    :raises UnableToTakePicture: it is empty, too large, or neither.
    """
    name = Path(name).name[:100] or "file"
    if bank.content_type(content=content[:16]) == PDF:
        if len(content) > uploads.MAX_BYTES:
            words = _("%(name)s is larger than %(most)s MB: make it smaller.")
            raise uploads.UnableToTakePicture(words % {"name": name, "most": uploads.MAX_BYTES // 1024**2})
        return Attachment(name=name, content=content, content_type=PDF)
    drawn = uploads.picture(name=name, content=content)
    return Attachment(name=f"{Path(name).stem}.webp", content=drawn.content, content_type=PICTURE)


@contextmanager
def in_transaction() -> Iterator[list[str]]:
    """Open a transaction; the files named in its list go away with it when it fails."""
    kept: list[str] = []
    try:
        with transaction.atomic():
            yield kept
    except BaseException:
        for stored_as in kept:
            _FILES.remove(stored_as=stored_as)
        raise


def keep(*, message: Message, given: Sequence[Attachment], kept: list[str]) -> None:
    """Keep the files of a message; `kept` learns what lies on the disk now.

    :raises UnableToWrite: there are too many.
    """
    if len(given) > MOST:
        raise UnableToWrite(_("A message takes at most %(n)s files.") % {"n": MOST})
    rows = []
    for item in given:
        file = _FILES.keep(content=item.content)
        kept.append(file.stored_as)
        rows.append(
            MessageFile(
                message=message,
                name=item.name,
                content_type=item.content_type,
                size=file.size,
                digest=file.digest,
                stored_as=file.stored_as,
            )
        )
    MessageFile.objects.bulk_create(rows)


def read(*, file: MessageFile) -> bytes:
    """Return a file's content; who may see it is asked before.

    :raises FileDamaged: the file is missing or is not what was kept.
    """
    return _FILES.read(stored_as=file.stored_as, digest=file.digest)
