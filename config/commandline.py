"""What `manage.py` does around a command: servers up before it, down after it, errors in one sentence."""

import atexit
import errno
import os
import signal
import sys
import warnings

from config import env
from config.services import errors, holding
from config.services.home import refusal

# These read or write files alone, so nothing is started for them.
WITHOUT_SERVERS = {
    "", "help", "version", "--help", "-h", "--version", "check", "check_templates", "collectstatic", "compilemessages",
    "diffsettings", "findstatic", "makemessages", "makemigrations", "services", "startapp", "startproject", "states",
    "demo",
}  # fmt: skip
# These change tables, so they run as the tables' owner.
AS_OWNER = {"migrate", "flush", "createcachetable", "sqlflush", "pgtrigger"}
WITH_CARDS = {"runserver"}
UNDEFINED_TABLE = "42P01"
DISK_PROBLEMS = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code."""
    command = next((word for word in arguments[1:] if not word.startswith("-")), "")
    signal.signal(signal.SIGTERM, _end)
    if command in AS_OWNER:
        os.environ["RIALTO_AS_OWNER"] = "1"
    if command == "makemigrations":
        # It may compare with the database, and does without when none is up.
        warnings.filterwarnings("ignore", message="Got an error checking a consistent migration history")
    try:
        _load_settings()
        if not _needs_none(command, arguments):
            _hold(command)
        return _execute(arguments)
    except (env.WrongEnvironment, errors.ServiceError) as problem:
        return _refuse(str(problem))
    except KeyboardInterrupt:
        return _refuse("Stopped.", code=130)


def _load_settings() -> None:
    """Read every variable, so that a wrong one is said before anything is started."""
    from django.conf import settings

    _ = settings.SECRET_KEY


def _needs_none(command: str, arguments: list[str]) -> bool:
    return (command in WITHOUT_SERVERS and "--database" not in arguments) or "--help" in arguments


def _hold(command: str) -> None:
    names = []
    if env.database(name="DATABASE_URL") is None:
        names.append(holding.DATABASE)
    if env.redis() is None:
        names.append(holding.QUEUE)
    if command in WITH_CARDS and not env.text(name="STRIPE_API_KEY"):
        names.append(holding.CARDS)
    if names:
        atexit.register(holding.hold(home=env.home(), names=names).release)


def _execute(arguments: list[str]) -> int:
    from django.core.management import execute_from_command_line
    from django.db import InterfaceError, OperationalError, ProgrammingError
    from kombu.exceptions import OperationalError as QueueError
    from redis.exceptions import ConnectionError as RedisGone
    from redis.exceptions import TimeoutError as RedisSlow

    try:
        execute_from_command_line(arguments)
    except (OperationalError, InterfaceError) as problem:
        return _refuse(
            f"The database does not answer ({_first_line(problem)}): see that it runs, and check DATABASE_URL."
        )
    except ProgrammingError as problem:
        if getattr(problem.__cause__, "pgcode", None) != UNDEFINED_TABLE:
            raise
        return _refuse(f"The database is not up to date ({_first_line(problem)}): run `manage.py migrate` first.")
    except (RedisGone, RedisSlow, QueueError) as problem:
        return _refuse(f"Redis does not answer ({_first_line(problem)}): see that it runs, and check REDIS_URL.")
    except OSError as problem:
        if problem.errno not in DISK_PROBLEMS or problem.filename is None:
            raise
        return _refuse(refusal(path=problem.filename, problem=problem))
    return 0


def _first_line(problem: BaseException) -> str:
    return str(problem).strip().split("\n")[0] or type(problem).__name__


def _refuse(sentence: str, code: int = 1) -> int:
    print(sentence, file=sys.stderr)
    return code


def _end(number: int, frame: object) -> None:
    sys.exit(128 + number)
