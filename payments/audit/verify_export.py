"""Check a journal export of the ledger, with nothing but Python 3.9 or newer and the file itself.

    python verify_export.py FILE.parquet [--seals COPY] [--head HASH]

Recomputes the hash of every journal, account and seal, the chain of seals, balances, floors, counts and totals.
--seals takes a copy of the ledger's seal file (a sequence and a hash a line), --head the hash of one seal, as written
down outside the bank: without either, a whole book invented anew, seals and all, would hold too.
Exit code 0: all holds. 1: it does not, one line a problem. 2: the file or an argument cannot be read.
"""

import argparse
import base64
import json
import os
import struct
import sys
import zlib
from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from itertools import groupby
from operator import itemgetter

FORMAT = 1
SHOWN = 1000  # problems that are written out; the rest are counted
INT32, INT64, BYTES = 1, 2, 6  # Parquet's physical types
OF_JOURNAL = 11  # so many columns say the same in every row of a journal
COLUMNS = [
    *(("journal_id", INT64), ("recorded_at", INT64), ("happened_at", INT64), ("xid", INT64), ("event", BYTES)),
    *(("reference", BYTES), ("currency", BYTES), ("metadata", BYTES), ("reverses", INT64), ("key_hash", BYTES)),
    *(("input_hash", BYTES), ("position", INT32), ("debit_id", INT64), ("debit_code", BYTES), ("credit_id", INT64)),
    *(("credit_code", BYTES), ("amount", INT64)),
]
# What goes wrong in reading bytes that are not what they should be.
DAMAGE = (struct.error, zlib.error, ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError)


class Unreadable(Exception):
    """The file, or an argument, is not what this script reads."""


class Compact:
    """Thrift's compact protocol, in which Parquet writes its own descriptions: a struct becomes a dict by number."""

    def __init__(self, data, place=0):
        self.data = data
        self.place = place

    def byte(self):
        self.place += 1
        return self.data[self.place - 1]

    def taken(self, length):
        start, self.place = self.place, self.place + length
        if length < 0 or self.place > len(self.data):
            raise Unreadable("it ends within a value")
        return bytes(self.data[start : self.place])

    def unsigned(self):
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7
            if shift > 63:
                raise Unreadable("it holds a number that is too long")

    def signed(self):
        number = self.unsigned()
        return (number >> 1) ^ -(number & 1)

    def struct(self):
        fields, number = {}, 0
        while True:
            byte = self.byte()
            if byte == 0:
                return fields
            number = number + (byte >> 4) if byte >> 4 else self.signed()
            kind = byte & 15
            fields[number] = kind == 1 if kind in (1, 2) else self.value(kind)

    def value(self, kind):
        if kind in (1, 2):
            return self.byte() == 1
        if kind == 3:
            return self.byte()
        if kind in (4, 5, 6):
            return self.signed()
        if kind == 8:
            return self.taken(self.unsigned())
        if kind in (9, 10):
            byte = self.byte()
            size = byte >> 4 if byte >> 4 < 15 else self.unsigned()
            return [self.value(byte & 15) for _ in range(size)]
        if kind == 12:
            return self.struct()
        raise Unreadable("it holds a type that this script does not know")


class File:
    """The export: what its footer says, and its rows."""

    def __init__(self, file):
        self.file = file
        size = file.seek(0, os.SEEK_END)
        if size < 12 or self.at(0, 4) != b"PAR1":
            raise Unreadable("it is not a Parquet file")
        length, magic = struct.unpack("<I4s", self.at(size - 8, 8))
        if magic != b"PAR1" or length > size - 12:
            raise Unreadable("its end is missing")
        footer = Compact(self.at(size - 8 - length, length)).struct()
        self.groups = footer.get(4, [])
        self.kept = {pair[1].decode(): pair.get(2, b"") for pair in footer.get(5, [])}
        if "rialto.export" not in self.kept:
            raise Unreadable("it is Parquet, and not an export of the ledger")
        self.description = json.loads(self.kept["rialto.export"])
        if self.description["format"] != FORMAT:
            raise Unreadable(f"it is of format {self.description['format']}, and this script reads format {FORMAT}")
        found = [(column[4].decode(), column.get(1)) for column in footer[2][1:]]
        if found != COLUMNS or any(column.get(3) != 0 for column in footer[2][1:]):
            raise Unreadable("its columns are not those of an export")

    def at(self, place, length):
        self.file.seek(place)
        data = self.file.read(length)
        if len(data) != length:
            raise Unreadable("it is cut off")
        return data

    def packed(self, name):
        """Yield the rows kept in the footer under a name, part by part."""
        part = 0
        while f"rialto.{name}.{part}" in self.kept:
            yield from json.loads(zlib.decompress(base64.b64decode(self.kept.pop(f"rialto.{name}.{part}"))))
            part += 1

    def rows(self):
        """Yield the rows, one group of them in memory at a time."""
        for group in self.groups:
            columns = [self.column(chunk[3], kind) for chunk, (_, kind) in zip(group[1], COLUMNS)]
            if len(columns) != len(COLUMNS) or any(len(column) != group[3] for column in columns):
                raise Unreadable("a group of its rows is not complete")
            yield from zip(*columns)

    def column(self, about, kind):
        if about[1] != kind or about[4] != 2:
            raise Unreadable("it is not compressed with gzip as an export is")
        data = memoryview(self.at(about[9], about[7]))
        values, place = [], 0
        while len(values) < about[5]:
            reader = Compact(data, place)
            header = reader.struct()
            place = reader.place + header[3]
            if header[1] != 0 or header[5][2] != 0 or header[3] < 1:
                raise Unreadable("its pages are not plain data pages as an export's are")
            inflating = zlib.decompressobj(31)
            page = inflating.decompress(data[reader.place : place], header[2] + 1)
            if len(page) != header[2] or not inflating.eof:
                raise Unreadable("one of its pages is damaged")
            values += plain(page, kind, header[5][1])
        return values


def plain(page, kind, number):
    """Return the values of a page in Parquet's PLAIN encoding."""
    if kind != BYTES:
        return struct.unpack(f"<{number}{'q' if kind == INT64 else 'i'}", page)
    values, place = [], 0
    length_at = struct.Struct("<I").unpack_from
    for _ in range(number):
        start = place + 4
        place = start + length_at(page, place)[0]
        values.append(page[start:place])
    if place != len(page):
        raise Unreadable("one of its pages is damaged")
    return values


class Account:
    """A definition, and what has moved so far: debits less credits."""

    __slots__ = ("code", "currency", "floor", "moved", "sign")

    def __init__(self, code, currency, side, floor):
        self.code = code.encode()
        self.currency = currency.encode()
        self.sign = 1 if side == "debit" else -1
        self.floor = floor
        self.moved = 0


class Seal:
    """A seal as kept, and the hashes of what it covers as found."""

    def __init__(self, row):
        *self.numbers, self.covers, self.leaves, self.previous, self.hash, self.held = row
        self.sequence, self.to_xid = self.numbers[0], self.numbers[2]
        self.found = 0
        self.accounts, self.journals, self.marks = sha256(), sha256(), sha256()

    def add(self, digest, row_id, leaf):
        """Add an account or a journal, all accounts first, each by its id."""
        self.found += 1
        digest.update(leaf)
        self.marks.update(struct.pack(">q", row_id) + leaf[:8])

    def recomputed(self):
        said = "|".join(map(str, self.numbers)).encode() + bytes.fromhex(self.previous)
        found = self.accounts.digest() + self.journals.digest()
        return sha256(said + found + bytes.fromhex(self.leaves)).hexdigest()


class Check:
    """One pass over the file. Each problem is printed as it is found."""

    def __init__(self, file):
        self.file = file
        self.said = file.description
        self.whole = self.said["since"] is None and self.said["until"] is None
        self.since, self.until = micros(self.said["since"]), micros(self.said["until"])
        self.problems = self.journals = self.transfers = self.unsealed = 0
        self.first = self.last = None
        self.totals = {}
        self.unchecked = []
        self.seals = [Seal(row) for row in file.packed("seals")]
        self.ends = [seal.to_xid for seal in self.seals]
        self.accounts = {}
        for row in file.packed("accounts"):
            self.read_account(*row)

    def problem(self, text):
        self.problems += 1
        if self.problems <= SHOWN:
            print(text)

    def seal_of(self, xid):
        """Return the seal that covers a transaction; none that comes before the file's seals or after them."""
        number = bisect_right(self.ends, xid)
        return self.seals[number] if number < len(self.seals) and xid >= self.said["from_xid"] else None

    def read_account(self, row_id, xid, code, owner, kind, currency, side, floor, hot, opened_at):
        if row_id in self.accounts:
            self.problem(f"account {row_id} is defined twice")
        self.accounts[row_id] = Account(code, currency, side, floor)
        seal = self.seal_of(xid)
        if seal:
            floor = "-" if floor is None else floor
            words = (row_id, xid, len(code), len(owner), kind, currency, side, floor, "t" if hot else "f", opened_at)
            leaf = sha256("|".join(map(str, (*words, code, owner))).encode()).digest()
            seal.add(seal.accounts, row_id, leaf)

    def run(self):
        """Go through the rows in their order, which is the order of posting."""
        for journal, rows in groupby(self.file.rows(), key=itemgetter(slice(OF_JOURNAL))):
            wrong = []
            said, moved = self.read_transfers(journal[6], rows, wrong)
            self.read_journal(journal, said, moved, wrong)
            if wrong:
                name = f"journal {journal[0]} ({text(journal[4])} {text(journal[5])})"
                self.problem(f"{name}: {'; '.join(dict.fromkeys(wrong))}")
        self.check_description()
        self.check_currencies()
        self.check_seals()

    def read_transfers(self, currency, rows, wrong):
        """Return what the transfers of a journal say, and by account what they moved."""
        said, moved = [], {}
        for row in rows:
            position, debit_id, debit_code, credit_id, credit_code, amount = row[OF_JOURNAL:]
            said.append(f"{debit_id}>{credit_id}={amount},")
            if position != len(said):
                wrong.append(f"its transfer {position} stands in place {len(said)}")
            if amount < 1 or debit_id == credit_id:
                wrong.append(f"its transfer {position} moves nothing")
            for account_id, code, change in ((debit_id, debit_code, amount), (credit_id, credit_code, -amount)):
                account = self.accounts.get(account_id)
                if account is None:
                    wrong.append(f"its account {account_id} has no definition")
                    continue
                if account.code != code:
                    wrong.append(f"its account {account_id} is {text(account.code)} by definition, not {text(code)}")
                if account.currency != currency:
                    wrong.append(f"{text(code)} is kept in {text(account.currency)}")
                moved[account_id] = moved.get(account_id, 0) + change
            self.totals[currency] = self.totals.get(currency, 0) + amount
        self.transfers += len(said)
        return "".join(said), moved

    def read_journal(self, journal, said, moved, wrong):
        """Compare a journal with its hash, add it to its seal, and look at the balances that it leaves."""
        row_id, recorded, happened, xid, event, reference, currency, metadata, reverses, key, kept = journal
        start = b"%d|%d|%d|%b|%d" % (length(event), length(reference), happened, currency, reverses)
        content = sha256(b"|".join((start, event, reference, said.encode(), metadata))).hexdigest()
        if f"{content[:8]}-{content[8:12]}-{content[12:16]}-{content[16:20]}-{content[20:32]}".encode() != kept:
            wrong.append("it is not what its input hash says was posted")
        if self.last is not None and row_id <= self.last:
            wrong.append(f"it stands behind journal {self.last}, or its rows contradict each other")
        if (self.since is not None and recorded < self.since) or (self.until is not None and recorded >= self.until):
            wrong.append("it was recorded outside the bounds of the file")
        for account_id, change in moved.items():
            account = self.accounts[account_id]
            account.moved += change
            balance = account.sign * account.moved
            if self.whole and account.floor is not None and account.sign * change < 0 and balance < account.floor:
                wrong.append(f"{text(account.code)} is at {balance} after it, below its floor {account.floor}")
        seal = self.seal_of(xid)
        if seal:
            leaf = sha256(b"%d|%d|%d|%b|\\x%b" % (row_id, recorded, xid, key, content.encode())).digest()
            seal.add(seal.journals, row_id, leaf)
        else:
            self.unsealed += 1
        self.journals += 1
        self.first = row_id if self.first is None else self.first
        self.last = row_id

    def check_description(self):
        newest = self.seals[-1] if self.seals else None
        for name, found in (
            ("journals", self.journals),
            ("first_journal", self.first),
            ("last_journal", self.last),
            ("transfers", self.transfers),
            ("totals", {text(currency): total for currency, total in self.totals.items()}),
            ("accounts", len(self.accounts)),
            ("seals", len(self.seals)),
            ("newest_seal", newest.sequence if newest else 0),
            ("head", newest.hash if newest else ""),
        ):
            if self.said[name] != found:
                self.problem(f"the description says {name} {self.said[name]}, and the file has {found}")

    def check_currencies(self):
        sums = {}
        for account in self.accounts.values():
            sums[account.currency] = sums.get(account.currency, 0) + account.moved
        for currency, difference in sorted(sums.items()):
            if difference:
                self.problem(f"in {text(currency)} debits exceed credits by {difference}")

    def check_seals(self):
        before = None
        for seal in self.seals:
            name = f"seal {seal.sequence}"
            if before is None:
                if self.whole and (seal.sequence != 1 or seal.previous != "00" * 32):
                    self.problem(f"{name} is the first in the file, and not the first of the book")
            elif seal.sequence != before.sequence + 1:
                self.problem(f"{name} follows seal {before.sequence}: those between were removed")
            elif seal.previous != before.hash:
                self.problem(f"{name} does not continue the seal before it")
            before = seal
            if seal.found != seal.held or (self.whole and seal.found != seal.covers):
                covers = seal.covers if self.whole else seal.held
                self.problem(f"{name}: of its accounts and journals the file should have {covers} and has {seal.found}")
            elif seal.found != seal.covers:
                self.unchecked.append(seal.sequence)
            elif seal.recomputed() != seal.hash:
                changed = seal.marks.hexdigest() != seal.leaves
                self.problem(f"{name}: " + ("what it covers was changed" if changed else "it was changed itself"))

    def compare(self, heads, name):
        """Compare the seals with hashes by sequence that were kept elsewhere."""
        both = [seal for seal in self.seals if seal.sequence in heads]
        for seal in both:
            if seal.hash != heads[seal.sequence]:
                self.problem(f"seal {seal.sequence} is another in {name}: the chain was recomputed")
        if not both:
            self.problem(f"{name} has none of the seals of this file")
        return len(both)

    def summarize(self, compared, head):
        """Say what was gone through, what could not be checked, and whether it holds."""
        if self.problems > SHOWN:
            print(f"and {self.problems - SHOWN} more")
        made = self.said["made_at"]
        print(f"{self.journals} journals, {self.transfers} transfers, {len(self.seals)} seals, made {made}.")
        if self.totals:
            totals = ", ".join(f"{text(currency)} {total}" for currency, total in sorted(self.totals.items()))
            print(f"Moved, in minor units: {totals}.")
        if self.problems:
            print(f"The file does not hold: {self.problems} problems, named above.")
            return
        if not self.whole:
            since, until = self.said["since"] or "the beginning", self.said["until"] or "the end"
            print(f"Recorded from {since} to {until}. Not checked in a part of the book: floors.")
        if self.unchecked:
            print(f"Not checked, being only partly in this file: seals {', '.join(map(str, self.unchecked))}.")
        if self.unsealed:
            print(f"Newer than the newest seal, vouched for only by their own hashes: {self.unsealed} journals.")
        if compared or head:
            same = [f"{compared} seals"] * (compared > 0) + ["the head"] * head
            print(f"The same as written down elsewhere: {' and '.join(same)}.")
        elif self.seals:
            print(f"Compare with what was written down: seal {self.said['newest_seal']} {self.said['head']}.")
        print("The file holds.")


def micros(moment):
    """Return an instant as microseconds since 1970."""
    if moment is None:
        return None
    return (datetime.fromisoformat(moment) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1)


def length(value):
    """Return the number of characters, as PostgreSQL counts them."""
    return len(value) if value.isascii() else len(value.decode("utf-8", "replace"))


def text(value):
    return value.decode("utf-8", "replace")


def read_heads(path):
    """Return the hashes by sequence of a copy of the seal file."""
    heads = {}
    try:
        with open(path, encoding="ascii") as file:
            for line in file:
                sequence, head, *_ = line.split()
                bytes.fromhex(head)
                heads[int(sequence)] = head.lower()
    except OSError as problem:
        raise Unreadable(f"{path} cannot be read: {problem.strerror}.") from problem
    except ValueError as problem:
        raise Unreadable(f"{path} is not a seal file: each line is a sequence and a hash.") from problem
    return heads


def check(arguments):
    """Return whether all holds, having printed what does not, and a summary."""
    heads = read_heads(arguments.seals) if arguments.seals else None
    try:
        with open(arguments.file, "rb") as file:
            found = Check(File(file))
            found.run()
        compared = found.compare(heads, arguments.seals) if heads is not None else 0
        if arguments.head and arguments.head.lower() not in {seal.hash for seal in found.seals}:
            found.problem(f"no seal of this file has the hash {arguments.head}")
        found.summarize(compared, bool(arguments.head))
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise Unreadable(f"{arguments.file} cannot be read: {problem.strerror}.") from problem
    except Unreadable as problem:
        raise Unreadable(f"{arguments.file} cannot be checked: {problem}.") from problem
    except DAMAGE as problem:
        raise Unreadable(f"{arguments.file} is damaged ({type(problem).__name__}: {problem}).") from problem
    return not found.problems


def main():
    parser = argparse.ArgumentParser(description="Check a journal export of the ledger.")
    parser.add_argument("file", metavar="FILE.parquet")
    parser.add_argument("--seals", metavar="COPY", help="a copy of the seal file, to compare with")
    parser.add_argument("--head", metavar="HASH", help="the hash of a seal as it was written down, to compare with")
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.stderr.reconfigure(errors="backslashreplace")
    try:
        holds = check(parser.parse_args())
        sys.stdout.flush()
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    except (BrokenPipeError, KeyboardInterrupt):  # nobody reads on, or waits any longer
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
