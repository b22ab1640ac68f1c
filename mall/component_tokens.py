"""The design's tokens as they are written: read from `static/css/tokens.css`, by scheme."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from django.conf import settings

LIGHT, DARK = SCHEMES = ("light", "dark")
_TOKEN = re.compile(r"(--[a-z0-9-]+):\s*([^;]+);")
_ROOT = re.compile(r":root\s*\{([^}]*)\}")


@cache
def tokens(*, scheme: str) -> dict[str, str]:
    """Return every token of a scheme with its value; what the dark one does not change is the light one's."""
    source = (Path(settings.BASE_DIR) / "static" / "css" / "tokens.css").read_text(encoding="utf-8")
    always, _, dark = source.partition("@media (prefers-color-scheme: dark)")
    found = dict(_TOKEN.findall(_ROOT.search(always)[1]))
    if scheme == DARK:
        found |= dict(_TOKEN.findall(_ROOT.search(dark)[1]))
    return found


def styles() -> str:
    """Return a style sheet by which a part of a page takes one scheme, whatever the reader's is."""
    return "\n".join(
        f'[data-scheme="{scheme}"] {{\n  color-scheme: {scheme};\n'
        + "".join(f"  {name}: {value};\n" for name, value in tokens(scheme=scheme).items())
        + "  color: var(--ink);\n  background: var(--paper);\n}\n"
        for scheme in SCHEMES
    )
