"""Product pictures: the words decide the symbol, the number everything else."""

import re
from pathlib import Path

import pytest

from mall.catalogue import drawing, picture_colors, pictures

SPRITE = Path(__file__).resolve().parents[2] / "static" / "img" / "pictures.svg"


@pytest.mark.parametrize(
    ("title", "symbol"),
    [
        ("Oak bookshelf with drawers", "shelf"),
        ("Ilmari Enamelled Frying Pan, Night Blue, 24 cm", "pot"),
        ("Alpine Sleeping Bag, Slate", "tent"),
        ("Copper Moka Pots", "kettle"),
        ("Canvas tote bag for laptops", "bag"),
        ("Zyx", "box"),
    ],
)
def test_the_noun_of_a_title_decides(title, symbol):
    assert pictures.symbol_of(title=title) == symbol


def test_a_title_that_says_nothing_leaves_it_to_the_category():
    assert pictures.symbol_of(title="Number 7, large", category="watches_gifts") == "watch"


def test_every_symbol_is_drawn():
    drawn = set(re.findall(r'<symbol id="(\w+)"', SPRITE.read_text()))
    assert set(pictures._SYMBOL_OF.values()) | set(pictures._PAIRS.values()) | {"box"} <= drawn


def test_the_same_product_always_gets_the_same_picture_and_neighbors_differ():
    first = pictures.picture_of(product_id=7, title="Brass lamp")
    assert first == pictures.picture_of(product_id=7, title="Brass lamp")
    looks = {(picture.palette, picture.backdrop, picture.turned) for picture in map(look, range(200))}
    assert len(looks) > 40


def look(product_id):
    return pictures.picture_of(product_id=product_id, title="Brass lamp")


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("Salvia Waxed Raincoat, Mustard, L", "yellow"),
        ("Brass desk lamp, Sage", "sage"),
        ("Brass desk lamp", "yellow"),
        ("Night Blue kettle", "blue"),
        ("Zattere Leather Document Case, Ink Blue, A3", "navy"),
        ("Walnut-Handled knife", "brown"),
        ("Number 7", ""),
    ],
)
def test_a_thing_is_painted_in_the_color_its_title_names(title, family):
    assert picture_colors.family_of(title=title) == family


def test_every_view_of_every_scene_is_drawn_and_nothing_in_it_is_escaped():
    for title in ("Chelsea Boots, Chestnut", "Kettle, Ivory", "Desk Lamp", "Pot plant", "Mug"):
        drawn = [drawing.svg(product_id=3, title=title, view=view) for view in pictures.VIEWS]
        assert len(set(drawn)) == len(pictures.VIEWS)
        for text in drawn:
            assert "&lt;" not in text
            assert pictures.symbol_of(title=title) in text


def test_a_title_cannot_put_markup_into_its_picture():
    label = drawing.label_of(view=pictures.FRONT, title='"><script>alert(1)</script>')
    assert "<script>" not in drawing.svg(product_id=1, title='"><script>', label=label)
