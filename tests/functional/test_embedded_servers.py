"""The embedded servers start, stop and survive everything their folders may be found in."""

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import psycopg2
import pytest
from redis import Redis

from config import services
from config.services import home as folders
from config.services import postgres, processes
from tests import homes


@pytest.fixture(scope="module")
def made_home():
    """A home whose database is made once for this module; its servers are down between tests."""
    with homes.made() as home:
        with holding(home, ["postgres"]):
            pass
        yield home


@pytest.fixture
def home(made_home):
    yield made_home
    services.stop(home=made_home)


@contextmanager
def holding(home, names):
    share = services.hold(home=home, names=names)
    try:
        yield share
    finally:
        share.release()


def ask(home, question="SELECT 1", role="app"):
    with (
        closing(psycopg2.connect(services.database_url(home=home, role=role))) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(question)
        return cursor.fetchone()[0]


def server(home):
    return services.states(home=home)["postgres"]


def leftovers(home):
    """Return the processes that still mention or work in a home."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "cwd", "status"]):
        words = " ".join(process.info["cmdline"] or []) + " " + (process.info["cwd"] or "")
        if str(home) in words and process.info["status"] != psutil.STATUS_ZOMBIE and process.pid != os.getpid():
            found.append(words)
    return found


def lock_file(home):
    return home / "postgres" / "postmaster.pid"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_start_makes_a_database_with_a_limited_role_and_the_last_user_stops_it(server_home):
    with holding(server_home, ["postgres", "redis"]):
        assert ask(server_home, "SELECT current_user") == "rialto_app"
        assert ask(server_home, "SELECT current_user", role="owner") == "rialto_owner"
        assert (
            ask(
                server_home,
                "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'rialto_app'",
            )
            is False
        )
        assert ask(server_home, "SHOW server_version").startswith("18.")
    assert leftovers(server_home) == []


def test_folders_sockets_and_logs_are_closed_to_others(home):
    with holding(home, ["postgres", "redis"]):
        sockets = folders.sockets_folder(home=home)
        for private in ((home / "postgres").resolve(), home / "redis", sockets / "postgres", sockets / "redis"):
            assert mode(private) == 0o700, private
        assert mode(home) in ({0o711} if os.geteuid() == 0 else {0o700})
        for file in home.glob("*.log"):
            assert mode(file) == 0o600, file
        assert ask(home, "SHOW listen_addresses") == ""


@pytest.mark.parametrize("name", ["with a space", "mit Ümläut & 'quote", "l" * 120])
def test_odd_and_long_paths_work(server_home, name):
    home = server_home / name
    with holding(home, ["postgres", "redis", "cards"]):
        assert ask(home) == 1
        with Redis.from_url(services.redis_url(home=home)) as client:
            assert client.ping()
    assert leftovers(home) == []


def test_a_second_holder_keeps_the_servers_up_after_the_first_has_left(home):
    first = services.hold(home=home, names=["postgres"])
    second = services.hold(home=home, names=["postgres"])
    pid = server(home).pid
    first.release()
    assert server(home).pid == pid
    second.release()
    assert server(home) is None


def test_two_starts_at_once_give_one_server(home):
    script = (
        "import sys, pathlib; from config import services; home = pathlib.Path(sys.argv[1]);"
        "share = services.hold(home=home, names=['postgres', 'redis']);"
        "print(services.states(home=home)['postgres'].pid, flush=True);"
        "sys.stdin.read(); share.release()"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    pids = {start.stdout.readline().strip() for start in starts}
    for start in starts:
        start.communicate("")
    assert len(pids) == 1
    assert [start.returncode for start in starts] == [0, 0, 0, 0]
    assert server(home) is None


def test_two_homes_run_side_by_side(home, server_home):
    with holding(home, ["postgres"]), holding(server_home, ["postgres"]):
        assert server(home).pid != server(server_home).pid
        assert ask(home) == ask(server_home) == 1


def test_a_holder_ended_by_sigterm_or_sigkill_leaves_a_server_that_the_next_one_stops(home):
    script = (
        "import sys, time, pathlib; from config import services;"
        "services.hold(home=pathlib.Path(sys.argv[1]), names=['postgres']); print('up', flush=True); time.sleep(60)"
    )
    for end in (signal.SIGTERM, signal.SIGKILL):
        holder = subprocess.Popen([sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True)
        assert holder.stdout.readline() == "up\n"
        holder.send_signal(end)
        holder.communicate()
        pid = server(home).pid
        with holding(home, ["postgres"]):
            assert server(home).pid == pid
        assert server(home) is None


def test_a_killed_server_is_started_again_with_what_was_committed(home):
    with holding(home, ["postgres"]):
        with closing(psycopg2.connect(services.database_url(home=home, role="owner"))) as connection, connection:
            connection.cursor().execute("CREATE TABLE kept AS SELECT 7 AS n")
        os.kill(server(home).pid, signal.SIGKILL)
        with holding(home, ["postgres"]):
            assert ask(home, "SELECT n FROM kept", role="owner") == 7
            with closing(psycopg2.connect(services.database_url(home=home, role="owner"))) as connection, connection:
                connection.cursor().execute("DROP TABLE kept")


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(lambda home: "", id="empty"),
        pytest.param(lambda home: "12", id="truncated"),
        pytest.param(
            lambda home: f"{os.getpid()}\n{home}/postgres\n1700000000\n5432\n/nowhere\n\n 0 0\nready   \n",
            id="number-used-again",
        ),
        pytest.param(
            lambda home: f"999999\n{home}/postgres\n1700000000\n5432\n/nowhere\n\n 0 0\nready   \n", id="process-gone"
        ),
        pytest.param(lambda home: "\0\0 not a lock file", id="garbage"),
    ],
)
def test_a_stale_lock_file_is_no_server(home, left):
    lock_file(home).write_text(left(home))
    with holding(home, ["postgres"]):
        assert ask(home) == 1
        assert server(home).pid not in {os.getpid(), 999999}
    assert psutil.pid_exists(os.getpid())


def test_a_stale_socket_is_no_server(home):
    sockets = folders.sockets_folder(home=home) / "postgres"
    (sockets / ".s.PGSQL.5432").touch()
    (sockets / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")
    with holding(home, ["postgres"]):
        assert ask(home) == 1


def test_a_server_that_hangs_is_replaced(home):
    services.keep(home=home, names=["postgres"])
    hung = server(home)
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        with holding(home, ["postgres"]):
            assert ask(home) == 1
            assert server(home).pid != hung.pid
    finally:
        processes.end(process=hung, first=signal.SIGKILL, seconds=5)


def test_a_lost_or_broken_note_of_the_processes_changes_nothing(home):
    with holding(home, ["postgres"]):
        for note in ("", "[1, 2", '{"postgres": 5}'):
            (home / "state.json").write_text(note)
            assert ask(home) == 1
            assert server(home) is not None
    assert server(home) is None


def test_somebody_elses_process_with_a_noted_number_is_left_alone(home):
    other = subprocess.Popen(["sleep", "60"])
    try:
        noted = processes.Process(pid=other.pid, started=psutil.Process(other.pid).create_time() - 500, port=1)
        processes.write_state(home=home, processes={"cards": noted})
        services.stop(home=home)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_start_broken_off_while_the_folder_was_made_is_made_anew(server_home):
    folders.prepare(home=server_home)
    (server_home / "postgres.new").mkdir()
    (server_home / "postgres.new" / "PG_VERSION").write_text("18\n")
    with holding(server_home, ["postgres"]):
        assert ask(server_home) == 1


def test_another_versions_folder_is_refused_in_one_sentence(server_home):
    folders.prepare(home=server_home)
    (server_home / "postgres").mkdir()
    (server_home / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(services.ServiceError, match=r"was made by PostgreSQL 16 and this is 18: set RIALTO_HOME"):
        services.hold(home=server_home, names=["postgres"])
    assert leftovers(server_home) == []


def test_a_broken_data_folder_is_refused_in_one_sentence_that_names_the_log(server_home):
    folders.prepare(home=server_home)
    (server_home / "postgres").mkdir()
    (server_home / "postgres" / "PG_VERSION").write_text("18\n")
    with pytest.raises(services.ServiceError, match=r"did not start \(.+\): see .*postgres\.log\.") as refused:
        services.hold(home=server_home, names=["postgres"])
    assert "\n" not in str(refused.value)


def test_a_home_that_is_a_file_is_refused_in_one_sentence(server_home):
    server_home.mkdir()
    (server_home / "file").touch()
    for home in (server_home / "file", server_home / "file" / "inside"):
        with pytest.raises(services.ServiceError, match=r"set RIALTO_HOME to another folder\.$"):
            services.hold(home=home, names=["postgres"])


def test_a_full_disk_is_told_in_one_sentence():
    problem = OSError(28, "No space left on device")
    assert folders.refusal(path=Path("/x"), problem=problem) == (
        "/x cannot be used (No space left on device): free some space on the disk, "
        "or set RIALTO_HOME to another folder."
    )


def test_redis_keeps_what_it_was_told_over_a_kill(home):
    with holding(home, ["redis"]):
        with Redis.from_url(services.redis_url(home=home)) as client:
            client.set("kept", 7)
            time.sleep(1.1)
        os.kill(services.states(home=home)["redis"].pid, signal.SIGKILL)
        with holding(home, ["redis"]), Redis.from_url(services.redis_url(home=home)) as client:
            assert client.get("kept") == b"7"
            assert (
                client.config_get("appendonly") == {"appendonly": "yes"}
                or client.config_get("appendonly")[b"appendonly"] == b"yes"
            )


def test_a_machine_without_any_redis_is_told_how_to_get_one(home, monkeypatch):
    monkeypatch.setattr("config.services.redis.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(services.ServiceError, match=r"install one \(Debian: .*or set REDIS_URL\.$"):
        services.hold(home=home, names=["redis"])


def test_the_card_stand_in_listens_on_loopback_alone_and_keeps_its_data(home):
    import stripe

    with holding(home, ["cards"]):
        process = services.states(home=home)["cards"]
        listening = {
            row.laddr.ip for row in psutil.Process(process.pid).net_connections(kind="tcp") if row.status == "LISTEN"
        }
        assert listening == {"127.0.0.1"}
        client = stripe.StripeClient("sk_test_x", base_addresses={"api": f"http://127.0.0.1:{process.port}"})
        customer = client.v1.customers.create({"email": "ana@example.com"})
    with holding(home, ["cards"]):
        process = services.states(home=home)["cards"]
        client = stripe.StripeClient("sk_test_x", base_addresses={"api": f"http://127.0.0.1:{process.port}"})
        assert client.v1.customers.retrieve(customer.id).email == "ana@example.com"
    assert services.states(home=home)["cards"] is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_as_root_the_server_runs_as_its_own_user_and_opens_no_folder_for_it(server_home):
    closed = server_home / "closed"
    server_home.mkdir()
    closed.mkdir(mode=0o700)
    with holding(closed / "home", ["postgres"]):
        assert psutil.Process(server(closed / "home").pid).username() == "rialto-db"
        assert ask(closed / "home") == 1
        assert mode(closed) == 0o700
    services.stop(home=closed / "home")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_as_root_programs_out_of_the_servers_reach_are_copied(server_home, monkeypatch):
    reaches = postgres.root._passable
    monkeypatch.setattr(
        postgres.root,
        "_passable",
        lambda *, path, user: "site-packages" not in str(path) and reaches(path=path, user=user),
    )
    with holding(server_home, ["postgres"]):
        program = Path(psutil.Process(server(server_home).pid).exe())
        assert "site-packages" not in str(program)
        assert ask(server_home) == 1
