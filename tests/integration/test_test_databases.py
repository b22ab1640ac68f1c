"""The tests' own databases do what the fixtures promise."""

import subprocess
import sys

import psycopg2
import pytest
from django.db import connection

from mall.customer.models import User


@pytest.mark.parametrize("attempt", [1, 2])
def test_db_is_rolled_back_after_each_test(db, attempt):
    assert User.objects.count() == 0
    User.objects.create_user(email="ana@example.com", password="x")
    assert User.objects.count() == 1


def test_db_runs_in_the_limited_role(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("rialto_app",)


def test_the_limited_role_cannot_make_or_empty_tables(db):
    with connection.cursor() as cursor:
        for statement in ("CREATE TABLE mine (id int)", "TRUNCATE django_session", "SET ROLE rialto_owner"):
            cursor.execute("SAVEPOINT before")
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.cursor.execute(statement)
            cursor.execute("ROLLBACK TO SAVEPOINT before")


@pytest.mark.parametrize("attempt", [1, 2])
def test_fresh_database_keeps_what_is_committed_and_starts_empty(fresh_database, attempt):
    assert User.objects.count() == 0
    User.objects.create_user(email="ana@example.com", password="x")
    other = fresh_database.connect(role="superuser")
    with other, other.cursor() as cursor:
        cursor.execute("SELECT email FROM customer_user")
        assert cursor.fetchall() == [("ana@example.com",)]
    other.close()


def test_a_command_started_by_a_test_sees_its_fresh_database(fresh_database):
    User.objects.create_user(email="ana@example.com", password="x")
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c",
         "from mall.customer.models import User; print(User.objects.get().email)"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip().splitlines()[-1:], done.stderr) == (["ana@example.com"], "")
