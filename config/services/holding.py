"""Who uses the embedded servers: every user holds a shared lock, and the last one out stops them."""

import atexit
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from config import env
from config.services import cards, postgres, redis
from config.services import home as folders
from config.services.processes import Process, read_state, write_state

DATABASE, QUEUE, CARDS = "postgres", "redis", "cards"


@dataclass(slots=True)
class Holding:
    """A share in the servers of one home; let it go with `release`."""

    home: Path
    descriptor: int
    owner: int
    started: tuple[str, ...] = ()

    def release(self) -> None:
        """Let go; when nobody else holds a share, stop the servers. A forked child's copy does nothing."""
        if self.descriptor < 0 or os.getpid() != self.owner:
            return
        descriptor, self.descriptor = self.descriptor, -1
        with folders.locked(home=self.home):
            is_last = folders.try_lock(descriptor=descriptor, exclusive=True)
            os.close(descriptor)
            if is_last and not (self.home / "keep").exists():
                _stop_all(home=self.home)


def hold(*, home: Path, names: Iterable[str]) -> Holding:
    """Use the named servers (`postgres`, `redis`, `cards`): start those that are not up.

    :raises ServiceError: when one cannot be started; what this call started is stopped again.
    """
    folders.prepare(home=home)
    with folders.locked(home=home):
        descriptor = folders.open_lock(path=home / "users")
        folders.try_lock(descriptor=descriptor, exclusive=False)
        try:
            started = _ensure(home=home, names=names)
        except BaseException:
            is_last = folders.try_lock(descriptor=descriptor, exclusive=True)
            os.close(descriptor)
            if is_last and not (home / "keep").exists():
                _stop_all(home=home)
            raise
    return Holding(home=home, descriptor=descriptor, owner=os.getpid(), started=started)


def keep(*, home: Path, names: Iterable[str]) -> None:
    """Start the servers and leave them up until `stop`.

    :raises ServiceError: when one cannot be started.
    """
    holding = hold(home=home, names=names)
    (home / "keep").touch()
    holding.release()


def stop(*, home: Path) -> None:
    """Stop the servers, whoever uses them."""
    if not home.exists():
        return
    with folders.locked(home=home):
        (home / "keep").unlink(missing_ok=True)
        _stop_all(home=home)


def states(*, home: Path) -> dict[str, Process | None]:
    """Return each server's process, None where it is not up."""
    noted = read_state(home=home)
    return {name: _running(home=home, name=name, noted=noted.get(name)) for name in (DATABASE, QUEUE, CARDS)}


def card_stand_in_address() -> str:
    """Return where the card stand-in answers, starting it when it is not up.

    :raises ServiceError: when it cannot be started.
    """
    home = env.home()
    found = cards.running(home=home, noted=read_state(home=home).get(CARDS))
    if found is None:
        if not _held:
            atexit.register(release_all)
        _held.append(hold(home=home, names=[CARDS]))
        found = read_state(home=home)[CARDS]
    return cards.address(process=found)


def release_all() -> None:
    """Let go of what was taken along the way."""
    while _held:
        _held.pop().release()


def _ensure(*, home: Path, names: Iterable[str]) -> tuple[str, ...]:
    noted = read_state(home=home)
    started = []
    for name in names:
        process = _running(home=home, name=name, noted=noted.get(name))
        if process is None:
            process = _start(home=home, name=name)
            started.append(name)
        noted[name] = process
        write_state(home=home, processes=noted)
    return tuple(started)


def _running(*, home: Path, name: str, noted: Process | None) -> Process | None:
    if name == DATABASE:
        return postgres.running(home=home)
    if name == QUEUE:
        return redis.running(home=home)
    return cards.running(home=home, noted=noted)


def _start(*, home: Path, name: str) -> Process:
    if name == DATABASE:
        process = postgres.start(home=home)
        postgres.ensure_roles(home=home)
        return process
    return redis.start(home=home) if name == QUEUE else cards.start(home=home)


def _stop_all(*, home: Path) -> None:
    stops: dict[str, Callable[..., None]] = {CARDS: cards.stop, QUEUE: redis.stop, DATABASE: postgres.stop}
    for name, process in states(home=home).items():
        if process is not None:
            stops[name](process=process)
    write_state(home=home, processes={})


_held: list[Holding] = []
