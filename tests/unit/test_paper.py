"""Documents can be written in any script, and say the same bytes twice."""

import io

import pytest
from reportlab.platypus import SimpleDocTemplate

from payments import paper

HOSTILE = [
    "漢字和简体中文",
    "Łukasz Żółć",
    "Ελληνικά",
    "Привет",
    "a < b & <b>c</b>",
    "أهلا 🎁\x00\x07",
    "</para><font>",
    "",
]


def made(text: str) -> bytes:
    target = io.BytesIO()
    SimpleDocTemplate(target, invariant=1).build(
        [paper.said(text), paper.said(text, bold=True)],
        onFirstPage=lambda canvas, _document: paper.draw_right(canvas, 500, 20, text, size=8, bold=True),
    )
    return target.getvalue()


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_makes_a_document_fail(text: str) -> None:
    assert made(text).startswith(b"%PDF")
    assert made(text) == made(text)


def test_what_helvetica_has_not_is_set_in_the_embedded_font_and_only_that() -> None:
    assert paper._runs("Ada 漢字, Łódź") == [
        ("Helvetica", "Ada "),
        (paper.OTHER, "漢字"),
        ("Helvetica", ", "),
        (paper.OTHER, "Ł"),
        ("Helvetica", "ód"),
        (paper.OTHER, "ź"),
    ]
    assert b"WenQuanYi" in made("漢字")
    assert b"WenQuanYi" not in made("Ada & Söhne, 12 €")
