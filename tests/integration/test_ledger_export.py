"""The export for auditors: whole, plain, and checked by a script that has nothing but Python and the file."""

import ast
import base64
import contextlib
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config import env
from payments import chart
from payments.audit import book, export, verify_export
from payments.ledger import operations
from payments.ledger.journal import AccountSpec
from tests.databases import Database
from tests.factories.ledger import AT, NOSTRO, make_journal, open_deposits, pay_in

DAY = timedelta(days=1)
WORDS = {"note": 'Grüße, "Łódź" | 漢字 🏦\n', "list": [1, None, {"a": -(2**63)}], "empty": ""}
Change = Callable[[list], object]


@pytest.fixture
def ids(fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path) -> Iterator[list[int]]:
    """Open a book of five journals under two seals, and one that is not sealed; yield their ids."""
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    with django_db_blocker.unblock():
        one, two = open_deposits("1", "zwölf")
        dollars = AccountSpec("deposit:d", "liability", "USD", "credit", -500, owner="user:é")
        nostro = chart.nostro("main", "USD")
        operations.open_accounts(specs=[nostro, dollars], at=AT)
        made = [
            pay_in(one, 300),
            operations.post(journal=make_journal("ü", (one, two, 250), (NOSTRO, two, 5), metadata=WORDS)),
        ]
        operations.seal()
        made.append(pay_in(two, 7, at=AT - 400 * DAY))
        moves = ((nostro.code, "deposit:d", 100), ("deposit:d", nostro.code, 600))
        made.append(operations.post(journal=make_journal("$", *moves, currency="USD", event="Überweisung")))
        made.append(operations.reverse(journal_id=made[2].journal_id, key="undo", reason="zweimal", at=AT + DAY))
        operations.open_accounts(specs=[chart.deposit("late", "EUR")], at=AT)
        operations.seal()
        made.append(pay_in("deposit:late", 9))
        yield [posted.journal_id for posted in made]


@pytest.fixture
def file(ids: list[int], tmp_path: Path) -> Path:
    """Return an export of the whole book."""
    path = tmp_path / "book.parquet"
    call_command("ledger", "export", str(path))
    return path


def verify(path: Path, *arguments: object) -> tuple[int, str]:
    """Run the script alone: no project, no packages, nothing of our environment."""
    script = path.with_name("script") / "verify_export.py"
    script.parent.mkdir(exist_ok=True)
    script.write_bytes(export.SCRIPT.read_bytes())
    command = [sys.executable, "-I", "-S", "-B", script, path, *arguments]
    done = subprocess.run(command, cwd="/", env={}, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def rewritten(path: Path, *, rows: Change = list, **kept: Change) -> Path:
    """Write the file anew with pyarrow, with its rows changed or something kept in its footer."""
    table = pq.read_table(path)
    metadata = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    for name, change in kept.items():
        key = "rialto.export" if name == "description" else f"rialto.{name}.0"
        packed = key != "rialto.export"
        said = json.loads(zlib.decompress(base64.b64decode(metadata[key])) if packed else metadata[key])
        said = change(said) or said
        text = json.dumps(said)
        metadata[key] = base64.b64encode(zlib.compress(text.encode())).decode() if packed else text
    said = table.to_pylist()
    said = rows(said) or said
    return written(path.with_name("changed.parquet"), pa.Table.from_pylist(said, export.SCHEMA), metadata)


def written(path: Path, table: pa.Table, metadata: dict[str, str], **options: object) -> Path:
    with pq.ParquetWriter(path, table.schema, **export.WRITING | options) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return path


def test_every_column_says_what_the_book_says_and_any_reader_can_read_it(ids: list[int], file: Path) -> None:
    about = pq.ParquetFile(file)
    assert about.schema_arrow.remove_metadata().equals(export.SCHEMA)
    assert {field.nullable for field in about.schema_arrow} == {False}
    for number in range(len(export.SCHEMA)):
        column = about.metadata.row_group(0).column(number)
        assert (column.compression, column.has_dictionary_page) == ("GZIP", False)
    rows = pq.read_table(file).to_pylist()
    assert [(row["journal_id"], row["position"]) for row in rows] == [
        *((ids[0], 1), (ids[1], 1), (ids[1], 2), (ids[2], 1), (ids[3], 1), (ids[3], 2), (ids[4], 1), (ids[5], 1))
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT j.id, j.recorded_at, j.happened_at, j.xid, j.event, j.reference, j.currency, j.metadata::text,
               coalesce(k.reverses, 0), k.hash::text, k.input_hash::text, t.position, t.debit_id, d.code, t.credit_id,
               c.code, t.amount FROM ledger_all_journal j JOIN ledger_key k ON k.journal_id = j.id
               JOIN ledger_transfer t ON t.journal_id = j.id JOIN ledger_account d ON d.id = t.debit_id
               JOIN ledger_account c ON c.id = t.credit_id ORDER BY j.id, t.position"""
        )
        assert [tuple(row.values()) for row in rows] == cursor.fetchall()
    assert json.loads(rows[1]["metadata"]) == WORDS
    assert [row["reverses"] for row in rows] == [0, 0, 0, 0, 0, 0, ids[2], 0]


def test_a_sound_file_holds_for_the_script_alone(file: Path, tmp_path: Path) -> None:
    heads = (tmp_path / "heads.log").read_text()
    code, said = verify(file)
    assert (code, said.splitlines()[-1]) == (0, "The file holds.")
    assert said.startswith("6 journals, 8 transfers, 2 seals, made ")
    assert "Moved, in minor units: EUR 578, USD 700." in said
    assert "Newer than the newest seal, vouched for only by their own hashes: 1 journals." in said
    copy = tmp_path / "copy.log"
    copy.write_text(heads)
    head = heads.split()[-2]
    code, said = verify(file, "--seals", copy, "--head", head)
    assert code == 0
    assert "The same as written down elsewhere: 2 seals and the head." in said
    copy.write_text(heads.replace("2 " + head, "2 " + "0" * 64))
    assert verify(file, "--seals", copy)[1].startswith(f"seal 2 is another in {copy}: the chain was recomputed")
    copy.write_text("7 " + head)
    assert "has none of the seals" in verify(file, "--seals", copy)[1]
    assert verify(file, "--head", "ab" * 32)[0] == 1
    for words in ("seal one", "1 xyz", "\xe9\x00"):
        copy.write_text(words)
        assert verify(file, "--seals", copy) == (
            2, f"{copy} is not a seal file: each line is a sequence and a hash.\n"
        )  # fmt: skip
    assert verify(file, "--seals", tmp_path / "none")[0] == 2


def test_the_example_of_the_ledger_s_page_does_what_it_says(
    fresh_database: Database, django_db_blocker: object, settings: object, tmp_path: Path
) -> None:
    settings.RIALTO_SEAL_FILE = str(tmp_path / "heads.log")
    with django_db_blocker.unblock():
        posted = pay_in(*open_deposits("ES91"), 125_00)
        operations.reverse(journal_id=posted.journal_id, key="undo", reason="sent twice", at=AT)
        operations.seal()
        page = (env.CHECKOUT / "docs" / "ledger.md").read_text()
        [session] = re.findall(r"^```\n(# the bank;.*?)^```", page, re.DOTALL | re.MULTILINE)
        shown = [line for line in session.splitlines() if not line.startswith("#")]
        said = io.StringIO()
        [words] = re.findall(r"\$ python manage\.py (.*)", session)
        with contextlib.chdir(tmp_path):
            call_command(*words.split(), stdout=said)
    head = (tmp_path / "heads.log").read_text().split()[1]
    command = [sys.executable, "-I", "-S", "verify_export.py", "book.parquet", "--head", head]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    expected = re.sub(r"\b[0-9a-f]{64}\b", head, "\n".join(shown))
    found = f"$ python manage.py {words}\n{said.getvalue()}$ python {' '.join(command[3:])}\n{done.stdout}"
    assert re.sub("made .*", "", found.strip()) == re.sub("made .*", "", expected)


def test_the_script_is_python_3_9_and_imports_the_standard_library_alone() -> None:
    tree = ast.parse(export.SCRIPT.read_text(), feature_version=(3, 9))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert names <= sys.stdlib_module_names


def test_a_change_in_any_column_is_named(ids: list[int], file: Path) -> None:
    for name in export.SCHEMA.names:

        def change(rows: list[dict], name: str = name) -> None:
            value = rows[0][name]
            more = timedelta(microseconds=1) if name.endswith("_at") else "x" if type(value) is str else 1
            rows[0][name] = value + more

        code, said = verify(rewritten(file, rows=change))
        assert code == 1, (name, said)
        start = "seal 1: " if name in ("recorded_at", "xid", "key_hash") else f"journal {ids[0]} (test order:1): "
        if name == "journal_id":
            start = f"journal {ids[1]} "
        elif name == "event":
            start = f"journal {ids[0]} (testx order:1): "
        elif name == "reference":
            start = f"journal {ids[0]} (test order:1x): "
        assert any(line.startswith(start) for line in said.splitlines()), (name, said)


def test_rows_removed_added_or_moved_are_named(ids: list[int], file: Path) -> None:
    def swap(rows: list) -> None:
        rows[0], rows[3] = rows[3], rows[0]

    for change, named in (
        (lambda rows: rows[1:], "seal 1: of its accounts and journals the file should have 7 and has 6"),
        (lambda rows: rows[:1] + rows[2:], f"journal {ids[1]} (test order:1): its transfer 2 stands in place 1; "),
        (lambda rows: rows[:2] + rows[3:], f"journal {ids[1]} (test order:1): it is not what its input hash says"),
        (lambda rows: rows[:-1], "the description says journals 6, and the file has 5"),
        (lambda rows: [rows[0], *rows], f"journal {ids[0]} (test order:1): its transfer 1 stands in place 2; "),
        (lambda rows: [*rows, rows[0]], f"journal {ids[0]} (test order:1): it stands behind journal {ids[5]}"),
        (swap, f"journal {ids[0]} (test order:1): it stands behind journal {ids[1]}"),
        (lambda rows: rows.insert(1, rows.pop(2)), f"journal {ids[1]} (test order:1): its transfer 2 stands in"),
    ):
        code, said = verify(rewritten(file, rows=change))
        assert code == 1
        assert named in said
        assert said.endswith("named above.\n")


def test_changed_definitions_are_named(ids: list[int], file: Path) -> None:
    def renamed(rows: list[dict]) -> None:
        for row in rows:
            for side in ("debit_code", "credit_code"):
                row[side] = row[side].replace("deposit:1", "deposit:2")

    def setting(place: int, value: object) -> Change:
        return lambda rows: rows[1].__setitem__(place, value)

    assert (
        "its account 2 is deposit:2 by definition, not deposit:1"
        in verify(rewritten(file, accounts=setting(2, "deposit:2")))[1]
    )
    changed = "seal 1: what it covers was changed"
    code, said = verify(rewritten(file, rows=renamed, accounts=setting(2, "deposit:2")))
    assert (code, said.splitlines()[0]) == (1, changed)
    for place, value in ((3, "user:9"), (4, "asset"), (7, None), (8, True), (9, 5)):
        assert verify(rewritten(file, accounts=setting(place, value)))[1].splitlines()[0] == changed
    assert (
        f"journal {ids[1]} (test order:1): deposit:1 is at 50 after it, below its floor 51"
        in verify(rewritten(file, accounts=setting(7, 51)))[1]
    )
    assert "deposit:1 is kept in USD" in verify(rewritten(file, accounts=setting(5, "USD")))[1]
    code, said = verify(rewritten(file, accounts=lambda rows: rows.pop(1) and None))
    assert code == 1
    assert f"journal {ids[0]} (test order:1): its account 2 has no definition" in said


def test_changed_seals_and_descriptions_are_named(file: Path) -> None:
    for place in range(12):

        def change(rows: list, place: int = place) -> None:
            value = rows[1][place]
            rows[1][place] = value + 1 if type(value) is int else "00" * 32

        code, said = verify(rewritten(file, seals=change))
        assert code == 1
        assert "seal 2" in said or "seal 3" in said, place
    code, said = verify(rewritten(file, seals=lambda rows: rows[1:]))
    assert "seal 2 is the first in the file, and not the first of the book" in said
    code, said = verify(rewritten(file, seals=lambda rows: rows[1].__setitem__(9, "00" * 32)))
    assert "seal 2 does not continue the seal before it" in said
    told = set(json.loads(pq.read_schema(file).metadata[b"rialto.export"]))
    for name in told - {"format", "made_at", "since", "until", "from_xid"}:
        code, said = verify(rewritten(file, description=lambda said, name=name: said.update({name: 77})))
        assert (code, f"the description says {name} 77, and the file has " in said) == (1, True)


def test_a_part_of_the_book_says_what_it_cannot_check(ids: list[int], file: Path, tmp_path: Path) -> None:
    recorded = {row["journal_id"]: row["recorded_at"] for row in pq.read_table(file).to_pylist()}
    part = tmp_path / "part.parquet"
    since, until = recorded[ids[1]].isoformat(), recorded[ids[5]].isoformat()
    call_command("ledger", "export", str(part), "--since", since, "--until", until)
    rows = pq.read_table(part).to_pylist()
    assert [row["journal_id"] for row in rows if row["position"] == 1] == ids[1:5]
    code, said = verify(part)
    assert (code, said.splitlines()[-1]) == (0, "The file holds.")
    assert f"Recorded from {since} to {until}. Not checked in a part of the book: floors." in said
    assert "Not checked, being only partly in this file: seals 1.\n" in said
    assert "Newer than" not in said

    call_command("ledger", "export", str(tmp_path / "late.parquet"), "--since", recorded[ids[2]].isoformat())
    code, said = verify(tmp_path / "late.parquet")
    assert (code, "Not checked, being" in said, "1 seals" in said) == (0, False, True)

    assert (
        "seal 2: what it covers was changed"
        in verify(rewritten(part, rows=lambda rows: rows[2].update(key_hash=rows[1]["key_hash"])))[1]
    )
    assert (
        "seal 2: of its accounts and journals the file should have 4 and has 3"
        in verify(rewritten(part, rows=lambda rows: rows[:-1]))[1]
    )
    assert (
        "it was recorded outside the bounds of the file"
        in verify(rewritten(part, rows=lambda rows: rows[-1].update(recorded_at=recorded[ids[5]])))[1]
    )


def test_an_export_of_nothing_holds(ids: list[int], tmp_path: Path) -> None:
    path = tmp_path / "nothing.parquet"
    call_command("ledger", "export", str(path), "--until", "2020-01-01")
    assert pq.read_table(path).num_rows == 0
    code, said = verify(path)
    assert (code, said.startswith("0 journals, 0 transfers, 0 seals, made ")) == (0, True)


def test_many_small_parts_make_the_same_file(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(book, "JOURNALS_AT_ONCE", 2)
    monkeypatch.setattr(book, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(export, "ROW_GROUP", 3)
    parts = tmp_path / "parts.parquet"
    export.export(path=parts, at=AT)
    assert pq.ParquetFile(parts).num_row_groups == 3
    assert pq.read_table(parts).to_pylist() == pq.read_table(file).to_pylist()
    assert verify(parts)[0] == 0


def test_postings_meanwhile_are_not_in_the_file(
    ids: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def post_meanwhile(transfers: int) -> None:
        if transfers > 2:
            return

        def post() -> None:
            pay_in("deposit:1", 1000 + transfers)
            operations.seal()
            connection.close()

        thread = threading.Thread(target=post)
        thread.start()
        thread.join()

    monkeypatch.setattr(book, "JOURNALS_AT_ONCE", 1)
    monkeypatch.setattr(export, "ROW_GROUP", 1)
    path = tmp_path / "meanwhile.parquet"
    written = export.export(path=path, at=AT, progress=post_meanwhile)
    assert (written.journals, written.newest_seal) == (6, 2)
    assert verify(path)[0] == 0


def test_what_is_not_an_export_is_said_in_one_sentence(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), other)
    assert verify(other) == (2, f"{other} cannot be checked: it is Parquet, and not an export of the ledger.\n")
    path = rewritten(file, description=lambda said: said.update(format=2))
    assert verify(path) == (2, f"{path} cannot be checked: it is of format 2, and this script reads format 1.\n")
    table = pq.read_table(file)
    metadata = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    for changed, options, why in (
        (table.drop_columns(["amount"]), {}, "its columns are not those of an export"),
        (table, {"compression": "snappy", "compression_level": None}, "it is not compressed with gzip as an export is"),
        (table, {"use_dictionary": True}, "its pages are not plain data pages as an export's are"),
        (table, {"data_page_version": "2.0"}, "its pages are not plain data pages as an export's are"),
    ):
        written(other, changed, metadata, **options)
        assert verify(other) == (2, f"{other} cannot be checked: {why}.\n")
    for text in (b"", b"PAR1", b"journal,amount\n1,2\n", whole[:-1], whole[: len(whole) // 2], whole[8:]):
        other.write_bytes(text)
        code, said = verify(other)
        assert (code, said.count("\n")) == (2, 1)
    assert verify(tmp_path) == (2, f"{tmp_path} cannot be read: Is a directory.\n")
    assert verify(tmp_path / "none") == (2, f"{tmp_path / 'none'} cannot be read: No such file or directory.\n")


def test_whoever_reads_no_further_gets_no_traceback(file: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    command = [sys.executable, "-I", "-S", export.SCRIPT, file]
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (2, "")


def test_a_damaged_byte_anywhere_is_found_or_changes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def check(data: bytes) -> tuple[bool | None, str]:
        path.write_bytes(data)
        try:
            holds = verify_export.check(verify_export.argparse.Namespace(file=str(path), seals=None, head=None))
        except verify_export.Unreadable:
            return None, ""
        # When the file was made is only told: nothing vouches for it.
        return holds, re.sub(", made .*", "", capsys.readouterr().out, count=1)

    path = file.with_name("damaged.parquet")
    whole = file.read_bytes()
    sound = check(whole)
    for place in range(0, len(whole), 7):
        for damage in (0x01, 0xFF):
            holds, said = check(whole[:place] + bytes([whole[place] ^ damage]) + whole[place + 1 :])
            assert not holds or (holds, said) == sound, place
    for end in range(0, len(whole), 97):
        assert check(whole[:end])[0] is None


def test_wrong_arguments_are_said_in_one_sentence_and_leave_nothing(ids: list[int], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    there = folder / "there.parquet"
    there.write_text("mine")
    for arguments, said in (
        ([folder / "no" / "x"], f"{folder / 'no' / 'x'} cannot be written: its folder is not there."),
        ([there], f"{there} is there already: name a new file, or move that one away."),
        ([folder], f"{folder} is there already: name a new file, or move that one away."),
        ([there / "x"], f"{there / 'x'} cannot be written: Not a directory."),
        (
            [folder / "x", "--since", "2026-02-01", "--until", "2026-01-01"],
            "The export would end before it begins: give an --until later than --since.",
        ),
    ):
        with pytest.raises(CommandError) as refused:
            call_command("ledger", "export", *map(str, arguments))
        assert str(refused.value) == said
    assert [path.name for path in folder.iterdir()] == ["there.parquet"]
    assert there.read_text() == "mine"


def test_a_disk_that_is_full_leaves_nothing(ids: list[int], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, usual[1]))
    try:
        with pytest.raises(CommandError, match=r"x cannot be written: File too large\.$"):
            call_command("ledger", "export", str(folder / "x"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert list(folder.iterdir()) == []


def test_a_run_that_is_ended_leaves_nothing(ids: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.setattr(export, "ROW_GROUP", 1)
    monkeypatch.setattr(export, "_packed", lambda rows: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        call_command("ledger", "export", str(folder / "x"))
    assert list(folder.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_journal_that_is_not_whole_is_not_exported(fresh_database: Database, ids: list[int], tmp_path: Path) -> None:
    for broken, change in (
        (ids[5], "DELETE FROM ledger_transfer WHERE journal_id = %s"),
        (ids[3], "UPDATE ledger_transfer SET currency = 'EUR' WHERE journal_id = %s AND position = 2"),
        (ids[2], "UPDATE ledger_transfer SET debit_id = 0 WHERE journal_id = %s"),
        (ids[1], "DELETE FROM ledger_transfer WHERE journal_id = %s AND position = 1"),
        (ids[0], "DELETE FROM ledger_key WHERE journal_id = %s"),
    ):
        with closing(fresh_database.connect(role="superuser")) as superuser, superuser, superuser.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(change, [broken])
            assert cursor.rowcount > 0
        with pytest.raises(CommandError, match=f"^Journal {broken} has lost its key"):
            call_command("ledger", "export", str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()
