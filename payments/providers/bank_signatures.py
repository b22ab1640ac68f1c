"""Signatures between us and another bank: HMAC-SHA-256 over the time and what is said, refused when too old."""

from __future__ import annotations

import hmac

TOLERANCE_SECONDS = 300
# Of the stand-in alone, which never runs in production.
STAND_IN_SECRET = "the other bank of this test installation"  # noqa: S105


def sign(*, secret: str, text: str, at: int) -> str:
    """Return the signature of ``text`` said at ``at`` (seconds since 1970)."""
    return f"t={at},v1={_digest(secret, text, at)}"


def is_genuine(*, secret: str, text: str, signature: str, now: float) -> bool:
    """Tell whether the other bank said ``text``, and not long before ``now`` (seconds since 1970)."""
    said = dict(piece.partition("=")[::2] for piece in signature.split(","))
    try:
        at = int(said.get("t", ""))
    except ValueError:
        return False
    fresh = abs(now - at) <= TOLERANCE_SECONDS
    given = said.get("v1", "").encode(errors="replace")
    return hmac.compare_digest(given, _digest(secret, text, at).encode()) and fresh


def return_text(*, reference: str, status: str) -> str:
    """Return what is signed when a payer is sent back to us."""
    return f"return:{reference}:{status}"


def _digest(secret: str, text: str, at: int) -> str:
    return hmac.digest(secret.encode(), f"{at}.{text}".encode(), "sha256").hex()
