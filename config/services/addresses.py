"""Addresses of the embedded servers; they follow from the folder, so settings know them before a start."""

from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

from config.services.home import sockets_folder

DATABASE = "rialto"
ROLES = {"app": "rialto_app", "owner": "rialto_owner", "superuser": "postgres"}


def database_url(*, home: Path, role: str, name: str = DATABASE) -> str:
    """Return the address of a database on the embedded server, for a role: app, owner or superuser."""
    return f"postgresql://{ROLES[role]}@/{name}?{urlencode({'host': sockets_folder(home=home) / 'postgres'}, safe='/')}"


def redis_url(*, home: Path) -> str:
    """Return the address of the embedded Redis."""
    return f"unix://{sockets_folder(home=home) / 'redis' / 'redis.sock'}?db=0"


def redis_database(*, url: str, offset: int) -> str:
    """Return the address of another logical database of the same Redis: cache and queue do not share one."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        number = int(dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("db", "0"))
        return f"unix://{parts.path}?db={number + offset}"
    number = int(parts.path.strip("/") or "0")
    return urlunsplit(parts._replace(path=f"/{number + offset}"))


def broker_url(*, url: str) -> str:
    """Return a Redis address in the form that Celery reads."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    return f"redis+socket://{parts.path}?virtual_host={parts.query.removeprefix('db=')}"
