"""The ledger's benchmark runs on the configured server, in a database of its own, and says every figure."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env

# Stands for a ledger of somebody else's: the two functions that the measurement calls.
PEER = """
CREATE TABLE peer_balance (id text PRIMARY KEY, amount bigint NOT NULL);
CREATE FUNCTION pgledger_create_account(name text, currency text) RETURNS SETOF peer_balance LANGUAGE sql AS $$
    INSERT INTO peer_balance VALUES (name, 0) RETURNING * $$;
CREATE FUNCTION pgledger_create_transfer(source text, target text, amount bigint) RETURNS SETOF peer_balance
LANGUAGE sql AS $$ UPDATE peer_balance SET amount = peer_balance.amount + pgledger_create_transfer.amount
    WHERE id = target RETURNING * $$;
"""


def bench(home: Path, *arguments: str, subject: str = "ledger") -> subprocess.CompletedProcess[str]:
    surroundings = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        [sys.executable, "manage.py", "bench", subject, *arguments],
        cwd=env.CHECKOUT,
        env=surroundings | {"RIALTO_HOME": str(home), "DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_a_short_measurement_says_every_figure_and_leaves_nothing(server_home: Path, tmp_path: Path) -> None:
    peer = tmp_path / "peer.sql"
    peer.write_text(PEER)
    done = bench(server_home, "--json", "--seconds", "0.5", "--transfers", "6000", "--peer", str(peer))
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["bench"] == "ledger"
    assert said["met"] is (done.returncode == 0)
    figures = {figure["name"]: figure for figure in said["figures"]}
    assert all(figure["value"] > 0 for figure in figures.values())
    assert figures["post, 8 clients"]["yardstick"] == "TPC-B, 8 clients"
    assert {"post_many", "balance now, p99", "peer: peer, 8 clients", "disk a transfer, in 4-transfer journals"} <= set(
        figures
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seconds", "0"], "--seconds must be above 0 and --transfers at least 1,000."),
        (["--peer", "/nowhere.sql"], "--peer /nowhere.sql is not there"),
    ],
)
def test_what_cannot_be_measured_is_said_in_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from django.core.management import CommandError, call_command

    with pytest.raises(CommandError, match=sentence.replace(".", r"\.")):
        call_command("bench", "ledger", *arguments)
