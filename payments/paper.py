"""Documents on paper, in any script: what Helvetica cannot write is set in an embedded font that can.

Text goes onto paper as paragraphs (:func:`said`) or lines (:func:`draw`), never straight to a canvas, so that no name,
address or remark makes a document fail. A character neither font has is an empty box.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

# The light theme's colors of static/css/tokens.css.
INK, SOFT, LINE, ACCENT = HexColor("#14182b"), HexColor("#474d66"), HexColor("#dfe2ec"), HexColor("#2b3bcb")
PLAIN, BOLD = "Helvetica", "Helvetica-Bold"
# Latin with every accent, Greek, Cyrillic, Chinese, Japanese and Korean; a font in a wheel.
OTHER = "WenQuanYiMicroHei"
_PACKAGE, _FILE = "paperang_p2_fonts_cjk", "fonts/wqy-microhei.ttc"
_FIRST_IDEOGRAPH = 0x2E80

TEXT = ParagraphStyle("text", fontName=PLAIN, fontSize=8.5, leading=11.5, textColor=INK)


def said(text: object, style: ParagraphStyle = TEXT, *, bold: bool = False) -> Paragraph:
    """Return text as a paragraph; line breaks stay, and nothing in it is taken for markup."""
    plain = str(text)
    markup = "<br/>".join(_markup(line) for line in plain.split("\n"))
    if any(ord(character) >= _FIRST_IDEOGRAPH for character in plain):
        # Lines of ideographs break anywhere.
        style = ParagraphStyle(f"{style.name}-ideographs", parent=style, wordWrap="CJK")
    return Paragraph(f"<b>{markup}</b>" if bold else markup, style)


def draw(canvas: Canvas, x: float, y: float, text: object, *, size: float, bold: bool = False) -> None:
    """Write one line of text from `x` to the right."""
    for font, run in _runs(str(text), bold=bold):
        canvas.setFont(font, size)
        canvas.drawString(x, y, run)
        x += pdfmetrics.stringWidth(run, font, size)


def draw_right(canvas: Canvas, x: float, y: float, text: object, *, size: float, bold: bool = False) -> None:
    """Write one line of text that ends at `x`."""
    width = sum(pdfmetrics.stringWidth(run, font, size) for font, run in _runs(str(text), bold=bold))
    draw(canvas, x - width, y, text, size=size, bold=bold)


def _markup(text: str) -> str:
    return "".join(
        escape(run) if font == PLAIN else f'<font name="{font}">{escape(run)}</font>' for font, run in _runs(text)
    )


def _runs(text: str, *, bold: bool = False) -> list[tuple[str, str]]:
    """Return the pieces of a text, each with the font that has its characters."""
    printable = "".join(character for character in text if character == " " or character.isprintable())
    face = BOLD if bold else PLAIN
    return [
        (face if in_latin else _other(), "".join(run)) for in_latin, run in groupby(printable, key=_is_in_helvetica)
    ]


def _is_in_helvetica(character: str) -> bool:
    try:
        character.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True


@cache
def _other() -> str:
    """Register the font that has the rest, once a process; only the characters used go into a document."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {_PACKAGE} with the documents' font is missing: install requirements.txt.")
    pdfmetrics.registerFont(TTFont(OTHER, str(Path(spec.origin).parent / _FILE), subfontIndex=0))
    pdfmetrics.registerFontFamily(OTHER, normal=OTHER, bold=OTHER, italic=OTHER, boldItalic=OTHER)
    return OTHER
