"""An import in a process of its own, killed at a named point: `python -m ... POINT IMPORT`."""

import os
import sys
from unittest import mock

import django

from tests.factories.mall_crash import die, on_call, then_die


def main() -> None:
    """Work on an import in batches of two lines, and die on the way."""
    point, import_id = sys.argv[1], int(sys.argv[2])
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()

    from mall.imports import working
    from mall.imports.kinds import catalogue
    from payments import rows
    from tests.factories.mall import AT

    points = {
        "in the second batch of the dry run": (rows, "insert", on_call(rows.insert, 2)),
        "between two batches": (working, "_apply_some", on_call(working._apply_some, 3)),
        "before a batch is committed": (working, "_write", then_die(working._write)),
        "in the second batch, before it is committed": (working, "_write", on_call(working._write, 2)),
        "when all is applied": (working, "_end", die),
    }
    owner, name, replacement = points[point]
    with (
        mock.patch.object(owner, name, replacement),
        mock.patch.object(catalogue.Catalogue, "at_once", 2),
        mock.patch.object(working, "CHECKED_AT_ONCE", 2),
    ):
        working.work(import_id=import_id, at=AT)
    sys.exit("The process outlived its death.")


if __name__ == "__main__":
    main()
