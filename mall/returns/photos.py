"""Pictures of returns: drawn anew before they come here, encrypted before they touch the disk, in a private folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from mall import bank
from mall.returns.models import Return, ReturnPhoto
from mall.returns.requests import UnableToReturn
from mall.uploads import Picture

MOST = 5
CONTENT_TYPE = "image/webp"
PhotoDamaged = bank.FileDamaged
_FILES = bank.PrivateFiles(folder="returns", purpose=b"rialto: pictures of returns")


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


def keep(*, row: Return, side: str, given: Sequence[Picture], at: datetime, kept: list[str]) -> None:
    """Keep pictures for a locked return; `kept` learns what lies on the disk now.

    :raises UnableToReturn: its side would have too many.
    """
    if not given:
        return
    before = ReturnPhoto.objects.filter(of=row, side=side).count()
    if before + len(given) > MOST:
        raise UnableToReturn(f"A return has at most {MOST} pictures of each side, and {before} are there already.")
    rows = []
    for picture in given:
        file = _FILES.keep(content=picture.content)
        kept.append(file.stored_as)
        rows.append(
            ReturnPhoto(of=row, side=side, stored_as=file.stored_as, digest=file.digest, size=file.size, added_at=at)
        )
    ReturnPhoto.objects.bulk_create(rows)


def read(*, photo: ReturnPhoto) -> bytes:
    """Return a picture's content; who may see it is asked before.

    :raises PhotoDamaged: the file is missing or is not what was kept.
    """
    return _FILES.read(stored_as=photo.stored_as, digest=photo.digest)
