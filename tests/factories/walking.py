"""Walks through the site from link to link, one page of every kind, as a person of some role."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve

# Files, pages of others, and what ends the walk
_LEFT_OUT = re.compile(r"[.](pdf|csv|xlsx|xml|json|parquet|ics)$|^/(dashboard|admin|static|media)/|/logout/")


def kind_of(address: str) -> str:
    """Return the name of the page at an address; its path where no page is."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return urlsplit(address).path


def walk(*, page: object, starts: Sequence[str], within: str = "/", seen: Collection[str] = ()) -> Iterator[str]:
    """Open one page of every kind that can be reached from ``starts``, which are all opened; yield each one's kind.

    Only addresses that begin with ``within`` are gone to, and kinds that were ``seen`` before are not.
    """
    ahead, gone_to, seen = deque(starts), set(), set(seen)
    while ahead:
        address = ahead.popleft()
        kind = kind_of(address)
        wanted = kind not in seen or address in starts
        if not wanted or address in gone_to or _LEFT_OUT.search(urlsplit(address).path):
            continue
        gone_to.add(address)
        seen.add(kind)
        response = page.goto(address)
        assert response.status < 500, f"{address} answers {response.status}"
        if "text/html" not in response.headers.get("content-type", ""):
            continue
        yield kind
        links = page.evaluate("[...document.querySelectorAll('a[href^=\"/\"]')].map((a) => a.getAttribute('href'))")
        ahead.extend(link for link in links if link.startswith(within) and link not in ahead)
