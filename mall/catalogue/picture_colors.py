"""The color a product's picture is painted in, from the words its store describes it with."""

from __future__ import annotations

import re

# Family of pigments (tokens `--thing-<family>-…`) -> words for it. Where a title has several, the last one counts:
# “Brass desk lamp, Sage” is sage; materials only count where no color is named.
_COLORS = """
black: black graphite charcoal anthracite onyx ebony preto negro
white: white cloud snow porcelain branco blanco
ivory: ivory cream oatmeal oat natural linen ecru pearl
sand: sand beige kraft khaki pastel tan camel bege
silver: silver grey gray chrome cinza gris plata
slate: slate stone ash smoke
blue: blue sea azure cobalt sky azul turquoise teal
navy: navy night ink indigo midnight marine
green: green forest emerald verde mint
sage: sage moss olive eucalyptus
red: red scarlet cherry vermelho rojo
coral: coral peach salmon rose pink rosa blush
wine: burgundy oxblood wine plum bordeaux
yellow: yellow mustard gold lemon amarelo amarillo rainbow dourado
orange: orange apricot laranja naranja
terracotta: terracotta rust brick
brown: brown chestnut smoked chocolate cognac tobacco marrom
purple: purple violet lilac lavender roxo
"""
_MATERIALS = """
brown: leather walnut walnut-body walnut-cup walnut-handled corten chestnut coffee cocoa
sand: oak beech ash-handled rattan bamboo larch cork wooden teak pine birch jute
silver: stainless steel aluminium aluminum titanium galvanized chrome
yellow: brass honey acacia
terracotta: copper terracotta clay
ivory: cotton wool merino organic-cotton muslin down percale latex
slate: felt granite concrete stoneware cast-iron iron
"""
# Grounds (`--picture-<n>`) on which a family shows well and looks calm.
_ANY = (1, 2, 3, 4, 5, 6, 7, 8)
_GROUNDS = {
    "black": (1, 2, 3, 6, 7, 8),
    "white": (1, 2, 3, 4, 5, 6, 7, 8),
    "ivory": (1, 2, 4, 5, 6, 8),
    "sand": (1, 2, 4, 5, 6, 8),
    "silver": (1, 2, 3, 5, 7, 8),
    "slate": (1, 2, 3, 6, 7, 4),
    "blue": (2, 3, 4, 6, 7, 8),
    "navy": (1, 2, 3, 4, 7, 8),
    "green": (1, 2, 3, 4, 7, 8),
    "sage": (1, 3, 4, 5, 7, 8),
    "red": (1, 2, 3, 6, 7, 8),
    "coral": (1, 2, 3, 5, 6, 8),
    "wine": (1, 2, 3, 4, 7, 8),
    "yellow": (1, 2, 4, 5, 7, 8),
    "orange": (1, 2, 3, 5, 6, 8),
    "terracotta": (1, 2, 3, 5, 6, 8),
    "brown": (1, 2, 3, 4, 6, 8),
    "purple": (1, 2, 3, 4, 6, 8),
}
FAMILIES = tuple(_GROUNDS)
_SPLIT = re.compile(r"[^a-z\-]+")


def _table(text: str) -> dict[str, str]:
    rows = (line.partition(":") for line in text.strip().splitlines())
    return {word: family for family, _, words in rows for word in words.split()}


_COLOR_OF, _MATERIAL_OF = _table(_COLORS), _table(_MATERIALS)


def family_of(*, title: str) -> str:
    """Return the family of pigments a thing is painted in; empty when its title names neither color nor material.

    What follows a comma describes the thing already named, so a color there counts before one in front of it.
    """
    head, _, tail = title.lower().partition(",")
    for words in (_SPLIT.split(tail), _SPLIT.split(head)[::-1]):
        for word in words:
            if word in _COLOR_OF:
                return _COLOR_OF[word]
    for word in _SPLIT.split(head):
        family = _MATERIAL_OF.get(word) or next(
            (_MATERIAL_OF[part] for part in word.split("-") if part in _MATERIAL_OF), ""
        )
        if family:
            return family
    return ""


def grounds_of(*, family: str) -> tuple[int, ...]:
    """Return the grounds that a thing of this family may stand before."""
    return _GROUNDS.get(family, _ANY)
