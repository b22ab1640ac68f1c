"""A client of the ledger to be killed: `python -m tests.factories.ledger_poster post|verify`.

`post` prints each key once its journal is acknowledged; `verify` reads acknowledged keys from standard input
and prints what is wrong.
"""

import os
import sys
from itertools import count

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402

from payments.ledger import operations, queries  # noqa: E402
from payments.ledger.journal import Journal  # noqa: E402
from tests.factories.ledger import NOSTRO, make_journal, open_deposits  # noqa: E402

settings.RIALTO_CHECKS = []


def said(key: str) -> Journal:
    amount = 1 + int(key.split("/")[1]) % 7
    return make_journal(
        key, (NOSTRO, "deposit:1", amount), ("deposit:1", "deposit:2", amount), (NOSTRO, "deposit:2", 2), reference=key
    )


def post() -> None:
    open_deposits("1", "2")
    for number in count():
        key = f"{os.getpid()}/{number}"
        operations.post(journal=said(key))
        print(key, flush=True)
        operations.seal()


def verify() -> None:
    operations.seal()  # writes to the seal file what the kill kept from it
    problems = operations.verify().problems
    for key in sys.stdin.read().split():
        if [len(journal.transfers) for journal in queries.journals_for(reference=key)] != [3]:
            problems.append(f"{key} was acknowledged and is not whole")
        if not operations.post(journal=said(key)).replayed:
            problems.append(f"{key} was acknowledged and posted again")
    print("\n".join(problems))


if __name__ == "__main__":
    {"post": post, "verify": verify}[sys.argv[1]]()
