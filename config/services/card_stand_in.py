"""Runs localstripe and what lies in front of it for one home: on loopback alone, its data in the home.

localstripe itself listens on every interface and writes one file under /tmp at every request.
"""

import asyncio
import logging
import os
import pickle
import sys
from pathlib import Path

from aiohttp import web
from localstripe import resources
from localstripe.server import app

from config.services import card_front, other_bank

SAVE_EVERY_SECONDS = 5


class _Disk:
    """Keeps the store on disk, without a write at each request."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_dirty = False

    def load(self) -> None:
        try:
            with self.path.open("rb") as file:
                resources.store.update(pickle.load(file))  # noqa: S301
        except (OSError, EOFError, pickle.UnpicklingError):
            return

    def touch(self) -> None:
        self.is_dirty = True

    def save(self) -> None:
        if not self.is_dirty:
            return
        self.is_dirty = False
        draft = self.path.with_suffix(".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            pickle.dump(resources.store, file, protocol=pickle.HIGHEST_PROTOCOL)
        draft.replace(self.path)


def main(*, port: int, path: Path) -> None:
    """Serve until told to stop."""
    disk = _Disk(path)
    card_front.install(app=app)
    bank = other_bank.OtherBank(path.with_name("other-bank.json"))
    app.middlewares.insert(0, other_bank.beside(bank))
    # Before anything is read: a store that is unpickled sets its items one by one, and would be written at each.
    type(resources.store).dump_to_disk = lambda store: disk.touch()
    disk.load()

    async def keep_saving(_: web.Application) -> object:
        async def loop() -> None:
            while True:
                await asyncio.sleep(SAVE_EVERY_SECONDS)
                disk.save()
                bank.save()

        task = asyncio.create_task(loop())
        yield
        task.cancel()
        disk.save()
        bank.save()

    app.cleanup_ctx.append(keep_saving)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None, shutdown_timeout=1)


if __name__ == "__main__":
    main(port=int(sys.argv[1]), path=Path(sys.argv[2]))
