"""Carriers as data: their names, and where each shows the way of a parcel."""

from __future__ import annotations

import re
from urllib.parse import quote

from mall import bank

_TRACKING = re.compile(r"[A-Za-z0-9][A-Za-z0-9 \-]{3,59}")


def names() -> list[str]:
    """Return the names of the carriers that are known."""
    return [carrier["name"] for carrier in bank.policy().CARRIERS]


def tracking_link(*, carrier: str, tracking: str) -> str:
    """Return the address at a known carrier where a parcel can be followed; empty where there is none to trust."""
    wanted = carrier.strip().casefold()
    pattern = next((one["tracking"] for one in bank.policy().CARRIERS if one["name"].casefold() == wanted), "")
    if not pattern.startswith("https://") or not _TRACKING.fullmatch(tracking.strip()):
        return ""
    return pattern.replace("{number}", quote(tracking.strip().replace(" ", ""), safe=""))
