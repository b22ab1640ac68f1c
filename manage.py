#!/usr/bin/env python3
"""Command line of Rialto: `manage.py COMMAND`, on its own embedded servers unless told otherwise."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is the check itself
    sys.exit(
        "Rialto needs Python 3.11 or newer, and this is Python %d.%d: install a newer one and run `make setup` again."
        % sys.version_info[:2]
    )


def main() -> None:
    """Run the command line; a package that is missing is said in one sentence."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from config.commandline import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").split(".")[0] in {"config", "mall", "payments", "financing"}:
            raise
        sys.exit("The package %s is not installed here: run `make setup`, then use .venv/bin/python." % missing.name)
    sys.exit(run(sys.argv))


if __name__ == "__main__":
    main()
