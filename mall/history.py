"""Tables that only grow: the triggers by which the database refuses to change what was written."""

from __future__ import annotations

import pgtrigger


def append_only(*, what: str) -> list[pgtrigger.Trigger]:
    """Return the triggers of a model whose rows nobody changes, removes or truncates; `what` the history is of."""
    return [
        pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        pgtrigger.Trigger(
            name="no_truncate",
            when=pgtrigger.Before,
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            func=f"RAISE EXCEPTION 'The history of {what} is append-only';",
        ),
    ]
