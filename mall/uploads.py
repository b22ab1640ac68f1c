"""Pictures people upload: taken for what their content is, and drawn anew, so that nothing else comes along."""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 8 * 1024 * 1024
# A phone's camera makes 50 million; a small file that claims far more is made to fill the memory.
MAX_PIXELS = 60_000_000
FORMATS = ("JPEG", "PNG", "WEBP")


class UnableToTakePicture(Exception):
    """A picture was not taken; a sentence for who uploaded it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn anew as WebP, turned upright and without what its camera wrote into it; pixels."""

    content: bytes
    width: int
    height: int


def picture(*, name: str, content: bytes, longest: int = 2_000) -> Picture:
    """Return an uploaded picture, drawn anew with its longer side at most so many pixels.

    :raises UnableToTakePicture: it is empty, too large, or no JPEG, PNG or WebP picture.
    """
    if not content:
        raise UnableToTakePicture(_("%(name)s is empty: choose another file.") % {"name": name})
    if len(content) > MAX_BYTES:
        words = _("%(name)s is larger than %(most)s MB: make it smaller.")
        raise UnableToTakePicture(words % {"name": name, "most": MAX_BYTES // 1024**2})
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                words = _("%(name)s has more than %(most)s million pixels: make it smaller.")
                raise UnableToTakePicture(words % {"name": name, "most": MAX_PIXELS // 1_000_000})
            return drawn(image=ImageOps.exif_transpose(opened), longest=longest)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        words = _("%(name)s is no picture we can read: save it as JPEG, PNG or WebP.")
        raise UnableToTakePicture(words % {"name": name}) from problem


def drawn(*, image: Image.Image, longest: int) -> Picture:
    """Return a picture as WebP, smaller where its longer side is more than so many pixels."""
    see_through = "A" in image.getbands() or "transparency" in image.info
    plain = image.convert("RGBA" if see_through else "RGB")
    plain.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    plain.save(file, "WEBP", quality=82, method=4)
    return Picture(content=file.getvalue(), width=plain.width, height=plain.height)
