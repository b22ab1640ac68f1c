"""The folder in which other banks' files are found: each is taken in, then moved to those done or refused."""

from __future__ import annotations

import logging
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

from payments.operations import cases
from payments.settlement.elsewhere.importing import UnableToImport, import_file

logger = logging.getLogger(__name__)


def take_in(*, at: datetime) -> int:
    """Take in every file that lies in the folder; return how many were.

    A file is moved after it was taken in: whoever dies in between finds it again, and it is known by its digest.
    """
    folder = Path(settings.RIALTO_BANK_IN)
    done = 0
    for path in sorted(folder.glob("*.xml")) if folder.is_dir() else ():
        try:
            with path.open("rb") as source:
                import_file(source=source, name=path.name, by="folder", at=at)
            done += 1
            _move(path, "done")
        except UnableToImport as refusal:
            logger.warning("A file of another bank was refused", extra={"file": path.name, "why": str(refusal)})
            cases.open_case(
                request=cases.OpenCase(
                    kind="bank_file_refused",
                    key=path.name,
                    subject=f"{path.name} was refused",
                    at=at,
                    text=str(refusal),
                )
            )
            _move(path, "refused")
    return done


def _move(path: Path, where: str) -> None:
    target = path.parent / where
    target.mkdir(mode=0o700, exist_ok=True)
    os.replace(path, target / path.name)
