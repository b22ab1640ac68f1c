"""Clients of the ledger to be killed, forked by `python -m tests.factories.ledger_poster`, which takes orders.

It reads from standard input `start NAME` (a client that posts for ever), `check NAME FILE` (one that looks for
what is wrong), `bury NAME` (it was killed) and `go` (whoever lost the database may try again). Lines come back on
standard output, each headed by a client's name: `pid N`, `try KIND KEYS`, `ack KEY=ID…`, `lost ERROR`, `wrong …`,
`checked N journals`, `failed …`, `gone`.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()

from django.conf import settings
from django.db import OperationalError, connection, transaction

from payments.ledger import operations, queries
from payments.ledger.journal import Journal, Posted
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits

KINDS = ("post", "batch", "together", "reverse", "post", "seal", "post")


def amount(key: str) -> int:
    return 1 + int(key.split("/")[1]) % 7


def said(key: str) -> Journal:
    """Return the journal that a key always stands for."""
    return make_journal(
        key,
        (NOSTRO, "deposit:1", amount(key)),
        ("deposit:1", "deposit:2", amount(key)),
        (NOSTRO, "deposit:2", 2),
        reference=key,
    )


def effect(keys: Iterable[str]) -> int:
    """Return what the journals of these keys leave on `deposit:2`, each posted once."""
    return sum((-1 if key.endswith("undo") else 1) * (amount(key) + 2) for key in keys)


def unit(name: str, number: int) -> tuple[str, list[str]]:
    """Return what a client does in its n-th turn."""
    kind = KINDS[number % len(KINDS)]
    parts = {"batch": range(12), "together": range(2), "reverse": (0, "undo"), "seal": (), "post": (0,)}[kind]
    return kind, [f"{name}/{number}/{part}" for part in parts]


def perform(kind: str, keys: list[str]) -> list[Posted]:
    """Do one turn; doing it again changes nothing."""
    if kind == "seal":
        operations.seal()
        operations.write_closings(at=AT, minimum=1)
        return []
    if kind == "reverse":
        wrong = operations.post(journal=said(keys[0]))
        return [wrong, operations.reverse(journal_id=wrong.journal_id, key=keys[1], reason="wrong", at=AT)]
    if kind == "together":
        with transaction.atomic():
            operations.lock(codes=["deposit:1", "deposit:2"])
            return [operations.post(journal=said(key)) for key in keys]
    if kind == "batch":
        return operations.post_many(journals=[said(key) for key in keys])
    return [operations.post(journal=said(keys[0]))]


def say(name: str, text: str) -> None:
    os.write(1, f"{name} {text}\n".encode())  # one write, so that lines of several clients never mix


def post(name: str, gate: int) -> None:
    """Take turn after turn; where the database goes away, repeat the turn when it is said to be back."""
    for number in count():
        kind, keys = unit(name, number)
        say(name, f"try {kind} {' '.join(keys)}")
        while True:
            try:
                done = perform(kind, keys)
                break
            except OperationalError as problem:
                connection.close()
                say(name, f"lost {type(problem).__name__}")
                os.read(gate, 1)
        say(name, f"ack {' '.join(f'{result.key}={result.journal_id}' for result in done)}")


def check(name: str, file: Path) -> None:
    """Look whether acknowledged journals are there and whole, and end the doubt about others by repeating them."""
    told = json.loads(file.read_text())
    wrong = []
    for kind, keys in told["doubtful"]:
        there = queries.posted(keys=keys)
        if kind == "together" and len(there) not in (0, len(keys)):
            wrong.append(f"of the transaction with {keys} only {sorted(there)} is there")
        first, again = perform(kind, keys), perform(kind, keys)
        if [result.journal_id for result in first] != [result.journal_id for result in again]:
            wrong.append(f"{keys} was repeated and posted again")
        told["acknowledged"] |= {result.key: result.journal_id for result in first}
    acknowledged: dict[str, int] = told["acknowledged"]
    plain = [key for key in acknowledged if not key.endswith("undo")]
    for result in operations.post_many(journals=[said(key) for key in plain]):
        if not isinstance(result, Posted) or not result.replayed or result.journal_id != acknowledged[result.key]:
            wrong.append(f"acknowledged as journal {acknowledged[result.key]}, repeated as {result}")
    for key in plain:
        undone = key.removesuffix("0") + "undo" in acknowledged
        kept = queries.journals_for(reference=key)
        if [journal.journal_id for journal in kept][:1] != [acknowledged[key]] or len(kept) not in (1, 1 + undone):
            wrong.append(f"{key} stands in the book as {kept}")
        elif kept[0].transfers != said(key).transfers:
            wrong.append(f"{key} is half there: {kept[0]}")
    if told["expected"] is not None:
        found = queries.balances(codes=[NOSTRO, "deposit:1", "deposit:2"])
        if list(found.values()) != [told["expected"], 0, told["expected"]]:
            wrong.append(f"balances are {found} and not {told['expected']}")
        operations.seal()  # writes to the seal file what a kill kept from it
        wrong += operations.verify().problems
    for problem in wrong[:20]:
        say(name, f"wrong {problem}"[:2000])
    say(name, f"checked {len(acknowledged)} journals")


def main() -> None:
    settings.RIALTO_CHECKS = []
    waiting, release = os.pipe()
    children: dict[str, int] = {}
    for order in sys.stdin:
        verb, *words = order.split()
        if verb == "go":
            os.write(release, b"." * len(children))
        elif verb == "bury":
            os.waitpid(children.pop(words[0]), 0)
            say(words[0], "gone")
        else:
            pid = os.fork()
            if pid == 0:
                try:
                    say(words[0], f"pid {os.getpid()}")
                    check(words[0], Path(words[1])) if verb == "check" else post(words[0], waiting)
                except BaseException:
                    say(words[0], "failed " + " / ".join(traceback.format_exc().splitlines())[-2000:])
                finally:
                    os._exit(0)
            children[words[0]] = pid


if __name__ == "__main__":
    if sys.argv[1:] == ["open"]:
        open_deposits("1", "2")
    else:
        main()
