"""Uploaded pictures: what is one is drawn anew, what is none is refused in a sentence."""

import io

import pytest
from PIL import Image

from mall import uploads
from mall.uploads import UnableToTakePicture, picture


def encoded(size: tuple[int, int] = (60, 40), kind: str = "JPEG", mode: str = "RGB", **more: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "red").save(file, kind, **more)
    return file.getvalue()


def test_a_picture_is_turned_upright_and_loses_what_its_camera_wrote() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "taken at home"
    taken = picture(name="a.jpg", content=encoded(exif=exif))
    with Image.open(io.BytesIO(taken.content)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("WEBP", (40, 60), {})
    assert (taken.width, taken.height) == (40, 60)
    assert b"taken at home" not in taken.content


def test_a_large_picture_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    assert picture(name="a.png", content=encoded((3_000, 1_500), "PNG"), longest=1_000).width == 1_000
    assert picture(name="a.webp", content=encoded((30, 20), "WEBP"), longest=1_000).width == 30


def test_what_can_be_seen_through_stays_so() -> None:
    taken = picture(name="a.png", content=encoded(kind="PNG", mode="RGBA"))
    with Image.open(io.BytesIO(taken.content)) as image:
        assert image.mode in ("RGBA", "RGB")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "a.jpg is empty: choose another file."),
        (b"x" * (uploads.MAX_BYTES + 1), "a.jpg is larger than 8 MB: make it smaller."),
        (b"%PDF-1.7 a paper", "a.jpg is no picture we can read: save it as JPEG, PNG or WebP."),
        (b"MZ\x90\x00 a program", "a.jpg is no picture we can read: save it as JPEG, PNG or WebP."),
        (encoded()[:200], "a.jpg is no picture we can read: save it as JPEG, PNG or WebP."),
        (encoded(kind="GIF"), "a.jpg is no picture we can read: save it as JPEG, PNG or WebP."),
        (encoded((8_000, 8_000), "PNG", "1"), "a.jpg has more than 60 million pixels: make it smaller."),
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(UnableToTakePicture) as refused:
        picture(name="a.jpg", content=content)
    assert str(refused.value) == words
