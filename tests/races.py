"""Several connections at once, and the order in which they act."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from django.db import connection, transaction

from tests.databases import Database


def race(*runners: Callable[[], object]) -> list[object]:
    """Run each in a thread with its own connection, all at once; return results or the errors raised."""
    results: list[object] = [None] * len(runners)
    barrier = threading.Barrier(len(runners))

    def run(index: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(30)
            results[index] = runners[index]()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[index]) for index in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return results


def start(act: Callable[[], object]) -> Callable[[], object]:
    """Start something on another connection; return what waits for its result, or the error it raised."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(race(act)))
    thread.start()

    def result() -> object:
        thread.join(60)
        return results[0]

    return result


@contextmanager
def in_open_transaction(act: Callable[[], object], *, commit: bool = True) -> Iterator[None]:
    """Do something on another connection and keep its transaction open meanwhile; then end it."""
    done, end = threading.Event(), threading.Event()
    failures = []

    def run() -> None:
        try:
            with transaction.atomic():
                act()
                done.set()
                if not end.wait(60):
                    raise TimeoutError("nobody ended the transaction")
                transaction.set_rollback(not commit)
        except Exception as error:
            failures.append(error)
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        done.wait(60)
        assert failures == []
        yield
    finally:
        end.set()
        thread.join(60)
    assert failures == []


class Observer:
    """Sees which connections of a database wait for another's lock."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def blocked(self) -> int:
        """Count the connections that wait."""
        with closing(self.database.connect(role="superuser")) as observer, observer.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"""
            )
            return cursor.fetchone()[0]

    def until_blocked(self) -> None:
        """Come back once some connection waits."""
        deadline = time.monotonic() + 30
        while not self.blocked():
            assert time.monotonic() < deadline, "nobody waits"
