"""Environment variables, read and checked in one place, each problem as one sentence."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

CHECKOUT = Path(__file__).resolve().parent.parent
DATABASE_EXAMPLE = "postgresql://user:password@host:5432/database"
REDIS_EXAMPLE = "redis://host:6379/0"
# No bank has the bank code 99999999, or this BIC.
MADE_UP = {
    "RIALTO_BANK_ADDRESS": "Made-up Street 1, 00000 Nowhere",
    "RIALTO_BANK_TAX_ID": "XX 000 000 000",
    "RIALTO_NOSTRO_IBAN": "DE93999999990000000001",
    "RIALTO_NOSTRO_BIC": "MADEDE99XXX",
}
ENVIRONMENTS = ("development", "test", "production")


class WrongEnvironment(Exception):
    """An environment variable has a value this program cannot run with."""


def text(*, name: str, default: str = "") -> str:
    """Return the variable, or the default when it is not set or empty."""
    return os.environ.get(name, "").strip() or default


def flag(*, name: str, default: bool) -> bool:
    """Return a yes/no variable.

    :raises WrongEnvironment: when it is neither.
    """
    value = text(name=name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise WrongEnvironment(f"{name}={value!r} is neither yes nor no: set it to 1 or 0, or leave it out.")


def whole_number(*, name: str, default: int, low: int, high: int) -> int:
    """Return an integer variable within its range.

    :raises WrongEnvironment: when it is not a number, or out of range.
    """
    value = text(name=name)
    if not value:
        return default
    if not value.isdecimal() or not low <= int(value) <= high:
        raise WrongEnvironment(
            f"{name}={value!r} is not a whole number from {low} to {high}: correct it or leave it out."
        )
    return int(value)


def port() -> int:
    """Return the web server's port (`PORT`, default 8000)."""
    return whole_number(name="PORT", default=8000, low=1, high=65535)


def environment() -> str:
    """Return which kind of installation this is (`RIALTO_ENV`).

    :raises WrongEnvironment: when it is not one of the known ones.
    """
    value = text(name="RIALTO_ENV", default="development")
    if value not in ENVIRONMENTS:
        raise WrongEnvironment(f"RIALTO_ENV={value!r} is unknown: use one of {', '.join(ENVIRONMENTS)}.")
    return value


def home() -> Path:
    """Return the folder that holds the embedded servers' data (`RIALTO_HOME`, default `.rialto/`)."""
    return Path(os.path.abspath(os.path.expanduser(text(name="RIALTO_HOME") or str(CHECKOUT / ".rialto"))))


def secret_key(*, demo: str) -> str:
    """Return `SECRET_KEY`; outside production the demo's own key will do.

    :raises WrongEnvironment: in production, when it is missing, short, or the demo's.
    """
    value = text(name="SECRET_KEY", default=demo)
    if environment() == "production" and (value == demo or len(value) < 50):
        raise WrongEnvironment(
            "SECRET_KEY is missing, shorter than 50 characters or the demo's own: "
            "in production set it to a long random secret of your own."
        )
    return value


def hosts() -> list[str]:
    """Return the host names this site answers to (`ALLOWED_HOSTS`, separated by commas).

    :raises WrongEnvironment: in production, when there is none.
    """
    names = [name.strip() for name in text(name="ALLOWED_HOSTS").split(",") if name.strip()]
    if names:
        return names
    if environment() == "production":
        raise WrongEnvironment(
            "ALLOWED_HOSTS is missing: in production set it to the site's host names, separated by commas."
        )
    return ["localhost", "127.0.0.1", "[::1]", "testserver"]


def database(*, name: str) -> dict[str, object] | None:
    """Return Django's database entry for a PostgreSQL address, or None when the variable is not set.

    :raises WrongEnvironment: when it is not such an address.
    """
    value = text(name=name)
    return database_from(address=value, name=name) if value else None


def of_the_bank(*, name: str) -> str:
    """Return what only the bank that runs this can know; outside production a made-up value will do."""
    return text(name=name, default=MADE_UP[name])


def require_own_bank() -> None:
    """See that production knows which bank it is.

    :raises WrongEnvironment: when something of it is missing or made up.
    """
    for name, made_up in MADE_UP.items():
        if environment() == "production" and of_the_bank(name=name) == made_up:
            raise WrongEnvironment(f"{name} is missing or made up: in production set it as docs/operations.md says.")


def require_own_servers() -> None:
    """See that production has servers of its own.

    :raises WrongEnvironment: when it would run on the embedded ones.
    """
    for name, example in (("DATABASE_URL", DATABASE_EXAMPLE), ("REDIS_URL", REDIS_EXAMPLE)):
        if environment() == "production" and not text(name=name):
            raise WrongEnvironment(f"{name} is missing: in production set it to your own server, as in {example}.")


def database_from(*, address: str, name: str) -> dict[str, object]:
    """Return Django's database entry for one address.

    :raises WrongEnvironment: when it is not the address of a PostgreSQL database.
    """
    try:
        parts = urlsplit(address)
        port_number = parts.port
    except ValueError as problem:
        raise WrongEnvironment(f"{name} is not an address ({problem}): it looks like {DATABASE_EXAMPLE}.") from None
    if parts.scheme not in {"postgres", "postgresql"}:
        raise WrongEnvironment(
            f"{name} begins with {parts.scheme or 'no scheme'}://, and only PostgreSQL is supported: "
            f"it looks like {DATABASE_EXAMPLE}."
        )
    database_name = unquote(parts.path.lstrip("/"))
    if not database_name:
        raise WrongEnvironment(f"{name} names no database: it looks like {DATABASE_EXAMPLE}.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(port_number or ""),
        "OPTIONS": options,
    }


def redis() -> str | None:
    """Return `REDIS_URL`, or None when it is not set.

    :raises WrongEnvironment: when it is not the address of a Redis server.
    """
    value = text(name="REDIS_URL")
    parts = urlsplit(value)
    number = parts.path.strip("/") or "0"
    if value and (
        parts.scheme not in {"redis", "rediss", "unix"} or (parts.scheme != "unix" and not number.isdecimal())
    ):
        raise WrongEnvironment(f"REDIS_URL={value!r} is not a Redis address: it looks like {REDIS_EXAMPLE}.")
    return value or None
