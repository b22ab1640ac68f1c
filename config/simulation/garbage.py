"""How rarely Python looks for garbage while a history is lived."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# A batch makes some hundred thousand objects and drops them again, nearly all without a cycle.
_THRESHOLDS = (200_000, 20, 100)


@contextmanager
def few_collections() -> Iterator[None]:
    """Leave what is there now out of every search for garbage, and search rarely, for as long as this lasts.

    A history is hundreds of thousands of objects that all stay: searching them again and again was a sixth of the work.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
