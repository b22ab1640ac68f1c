"""Folders for embedded servers that a test starts by itself."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import services
from config.services import root
from config.services.home import sockets_folder


@contextmanager
def made() -> Iterator[Path]:
    """Name a home (not made yet) that the database's user can reach; at the end stop and remove all of it."""
    outside = Path(tempfile.mkdtemp(prefix="rialto-test-"))
    outside.chmod(0o711)
    try:
        yield outside / "home"
    finally:
        for home in {path.parent for path in outside.rglob("lock")}:
            services.stop(home=home)
            shutil.rmtree(sockets_folder(home=home), ignore_errors=True)
            shutil.rmtree(root.elsewhere(home=home), ignore_errors=True)
        shutil.rmtree(outside)
