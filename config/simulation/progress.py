"""A line on the terminal that says how far a long command is and when it will be done."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 28


class Progress:
    """Show progress on ``stream``: a redrawn bar on a terminal, a line every few seconds elsewhere, or nothing."""

    def __init__(self, *, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._quiet = quiet
        self._redraw = not quiet and self._stream.isatty()
        self._label, self._total, self._done = "", 1, 0
        self._began = self._shown = time.monotonic()

    def start(self, label: str, total: int) -> None:
        """Begin a stage of ``total`` steps."""
        self._label, self._total, self._done = label, max(total, 1), 0
        self._began = time.monotonic()
        self._shown = 0.0
        self._show()

    def advance(self, steps: int = 1, note: str = "") -> None:
        """Count ``steps`` as done; ``note`` says where things are."""
        self._done = min(self._done + steps, self._total)
        self._show(note)

    def finish(self) -> None:
        """End the stage."""
        self._done = self._total
        self._shown = 0.0
        self._show(f"{time.monotonic() - self._began:.1f} s")
        if self._redraw:
            self._stream.write("\n")
            self._stream.flush()

    def _show(self, note: str = "") -> None:
        now = time.monotonic()
        if self._quiet or now - self._shown < (0.1 if self._redraw else 5.0):
            return
        self._shown = now
        filled = _WIDTH * self._done // self._total
        share = 100 * self._done // self._total
        left = self._left(now)
        text = f"{self._label:<26} [{'#' * filled}{'.' * (_WIDTH - filled)}] {share:3d} % {left} {note}".rstrip()
        self._stream.write(f"\r\x1b[K{text}" if self._redraw else f"{text}\n")
        self._stream.flush()

    def _left(self, now: float) -> str:
        if not self._done or self._done >= self._total:
            return ""
        seconds = (now - self._began) * (self._total - self._done) / self._done
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d} left"
