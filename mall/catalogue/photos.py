"""Merchants' photographs of products, served in the widths that pages ask for; each is made once, when first asked for.

A photograph is `pictures/<digest of its content>.webp`, so what lies under a name never changes.
"""

from __future__ import annotations

import re

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from mall import uploads

FOLDER = "pictures"
# A thumbnail, a card on a phone, a card on a fine screen, a product on a phone, the whole window
WIDTHS = (160, 320, 640, 1280)
_NAME = re.compile(rf"^{FOLDER}/([0-9a-f]{{64}})\.webp$")


def digest_of(name: str) -> str:
    """Return the digest by which a photograph is asked for; empty for a file that is none of ours."""
    known = _NAME.match(name)
    return known[1] if known else ""


def source(*, digest: str, width: int) -> str:
    """Return the address of a photograph in one width."""
    return reverse("photo", args=[digest, width])


def sources(*, digest: str) -> str:
    """Return the addresses of all its widths, as `srcset` has them."""
    return ", ".join(f"{source(digest=digest, width=width)} {width}w" for width in WIDTHS)


def sized(*, digest: str, width: int) -> File | None:
    """Return a photograph no wider and no higher than that, made where it is not there; nothing where none is."""
    if width not in WIDTHS or not _NAME.match(f"{FOLDER}/{digest}.webp"):
        return None
    name = f"{FOLDER}/{width}/{digest}.webp"
    if not default_storage.exists(name):
        original = f"{FOLDER}/{digest}.webp"
        if not default_storage.exists(original):
            return None
        with default_storage.open(original) as file, Image.open(file, formats=("WEBP",)) as opened:
            made = uploads.drawn(image=opened, longest=width)
        kept = default_storage.save(name, ContentFile(made.content))
        if kept != name:
            # Somebody else made it at the same time; both are the same.
            default_storage.delete(kept)
    return default_storage.open(name)
