"""`manage.py` starts what a command needs, stops it afterwards, and says what is wrong in one sentence."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from config import env

CHECKOUT = env.CHECKOUT
ASK_DATABASE = (
    "shell", "--no-imports", "-c", "from django.db import connection; connection.ensure_connection(); print('asked')",
)  # fmt: skip
# What production is told of the bank itself, in the order it asks for it.
BANK = {
    "RIALTO_BANK_ADDRESS": "Bank Street 2, 11111 Somewhere",
    "RIALTO_BANK_TAX_ID": "XX 111 111 111",
    "RIALTO_NOSTRO_IBAN": "DE66999999990000000002",
    "RIALTO_NOSTRO_BIC": "OTHRDE99XXX",
}
WAIT = ("shell", "--no-imports", "-c", "import time; print('up', flush=True); time.sleep(60)")


def surroundings(home, **changes):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"RIALTO_HOME": str(home), "RIALTO_ENV": "test"} | changes


def manage(*words, home, **changes):
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=CHECKOUT, env=surroundings(home, **changes), capture_output=True,
        text=True, check=False, timeout=120,
    )  # fmt: skip


def refused(done):
    """Return the one sentence a refused command ended with."""
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr.strip()


def running_on(home):
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "cmdline", "cwd"])
        if str(home) in " ".join(process.info["cmdline"] or []) + (process.info["cwd"] or "")
    ]


def test_a_command_starts_the_servers_it_needs_and_stops_them(server_home):
    done = manage(*ASK_DATABASE, home=server_home)
    assert (done.stdout, done.stderr, done.returncode) == ("asked\n", "", 0)
    assert (server_home / "postgres").exists()
    assert running_on(server_home) == []


@pytest.mark.parametrize("words", ["check", "makemigrations --check --dry-run", "check_templates", "help"])
def test_a_command_that_needs_no_server_starts_none(server_home, words):
    done = manage(*words.split(), home=server_home)
    assert (done.stderr.strip(), done.returncode) in {("", 0), ("System check identified no issues (0 silenced).", 0)}
    assert not (server_home).exists()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_a_command_that_is_ended_stops_the_servers_it_started(server_home, ending):
    command = subprocess.Popen(
        [sys.executable, "manage.py", *WAIT],
        cwd=CHECKOUT, env=surroundings(server_home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert command.stdout.readline() == "up\n"
    command.send_signal(ending)
    _, said = command.communicate(timeout=30)
    assert command.returncode == 128 + ending
    assert "Traceback" not in said
    assert running_on(server_home) == []


def test_services_can_be_started_and_stopped_by_hand(server_home):
    home = server_home
    assert "postgres  up" in manage("services", "start", home=home).stdout
    try:
        assert manage(*ASK_DATABASE, home=home).stdout == "asked\n"
        assert "redis     up" in manage("services", "status", home=home).stdout
    finally:
        assert "postgres  not up" in manage("services", "stop", home=home).stdout
    assert running_on(server_home) == []


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("DATABASE_URL", "mysql://u@h/d", "DATABASE_URL begins with mysql://, and only PostgreSQL is supported: "),
        ("DATABASE_URL", "postgresql://u@h:99999/d", "DATABASE_URL is not an address (Port out of range 0-65535): "),
        ("DATABASE_URL", "postgresql://u@h", "DATABASE_URL names no database: it looks like "),
        ("DATABASE_URL", "rialto", "DATABASE_URL begins with no scheme://, and only PostgreSQL is supported: "),
        ("REDIS_URL", "http://h", "REDIS_URL='http://h' is not a Redis address: it looks like "),
        ("REDIS_URL", "redis://h/one", "REDIS_URL='redis://h/one' is not a Redis address: it looks like "),
        ("PORT", "eighty", "PORT='eighty' is not a whole number from 1 to 65535: correct it or leave it out."),
        ("PORT", "70000", "PORT='70000' is not a whole number from 1 to 65535: correct it or leave it out."),
        ("RIALTO_ENV", "prod", "RIALTO_ENV='prod' is unknown: use one of development, test, production."),
        ("DEBUG", "perhaps", "DEBUG='perhaps' is neither yes nor no: set it to 1 or 0, or leave it out."),
        ("RIALTO_ENV", "production", "SECRET_KEY is missing, shorter than 50 characters or the demo's own: "),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_named_with_its_remedy(server_home, variable, value, sentence):
    said = refused(manage("migrate", home=server_home, **{variable: value}))
    assert said.startswith(sentence)
    assert not (server_home).exists()


def test_production_needs_its_host_names_and_its_own_servers(server_home):
    mine = {"RIALTO_ENV": "production", "SECRET_KEY": "k" * 60}
    said = refused(manage("check", home=server_home, **mine))
    assert said.startswith("ALLOWED_HOSTS is missing: in production set it")
    said = refused(manage("check", home=server_home, ALLOWED_HOSTS="shop.example", **mine))
    assert said.startswith("DATABASE_URL is missing: in production set it")
    mine |= {"ALLOWED_HOSTS": "shop.example", "DATABASE_URL": "postgresql://u@h/d", "REDIS_URL": "redis://h/0"}
    for name, value in BANK.items():
        said = refused(manage("check", home=server_home, **mine))
        assert said.startswith(f"{name} is missing or made up: in production set it")
        mine[name] = value
    assert manage("check", "--deploy", "--fail-level", "ERROR", home=server_home, **mine).returncode == 0


def test_an_unreachable_database_is_told(server_home):
    said = refused(manage(*ASK_DATABASE, home=server_home, DATABASE_URL="postgresql://u@127.0.0.1:1/d"))
    assert said.startswith("The database does not answer (connection to server at")
    assert said.endswith("see that it runs, and check DATABASE_URL.")


def test_an_unreachable_redis_is_told(server_home):
    ask = ("shell", "--no-imports", "-c", "from django.core.cache import cache; cache.get('x')")
    said = refused(manage(*ask, home=server_home, REDIS_URL="redis://127.0.0.1:1/0", DATABASE_URL="postgresql://u@h/d"))
    assert said.startswith("Redis does not answer (Error 111 connecting to 127.0.0.1:1")
    assert said.endswith("see that it runs, and check REDIS_URL.")


def test_a_database_without_tables_is_told(server_home):
    ask = ("shell", "--no-imports", "-c", "from mall.customer.models import User; User.objects.count()")
    said = refused(manage(*ask, home=server_home))
    assert said.startswith('The database is not up to date (relation "customer_user" does not exist')
    assert said.endswith("run `manage.py migrate` first.")


def test_an_older_python_is_told():
    pretend = "import runpy, sys; sys.version_info = (3, 9, 1); runpy.run_path('manage.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", pretend], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert refused(done) == (
        "Rialto needs Python 3.11 or newer, and this is Python 3.9: install a newer one and run `make setup` again."
    )


def test_make_refuses_an_older_python(tmp_path):
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1 && exit 0\nexit 1\n')
    old.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text((CHECKOUT / name).read_text())
    done = subprocess.run(["make", f"PYTHON={old}", "setup"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith(f"Rialto needs Python 3.11 or newer, and '{old}' is Python 3.9.1: install one")
    assert not (tmp_path / ".venv").exists()


def test_every_cookie_that_says_who_somebody_is_travels_encrypted_in_production():
    surroundings = os.environ | {
        "RIALTO_ENV": "production",
        "SECRET_KEY": "long-random-text-" * 4,
        "DATABASE_URL": "postgresql://bank@db.example/rialto",
        "REDIS_URL": "redis://queue.example",
        "ALLOWED_HOSTS": "market.example",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **BANK,
    }
    shown = (
        "from django.conf import settings as s;"
        "print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.OSCAR_BASKET_COOKIE_SECURE)"
    )
    done = subprocess.run([sys.executable, "-c", shown], env=surroundings, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
