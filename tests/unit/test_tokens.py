"""Colors that meet on a page can be told apart: WCAG 2.2's contrast of every pair of tokens used together."""

import re
from pathlib import Path

import pytest

from mall import component_tokens
from mall.catalogue import picture_colors

STYLES = Path(__file__).resolve().parents[2] / "static" / "css"
TEXT, SHAPE = 4.5, 3.0

# Words on grounds
TEXT_PAIRS = [
    *((ink, ground) for ink in ("ink", "ink-soft", "ink-faint") for ground in ("paper", "surface", "surface-sunken")),
    *((ink, "accent-soft") for ink in ("ink", "ink-soft", "accent-strong", "accent")),
    *(("accent", ground) for ground in ("paper", "surface")),
    *(("accent-strong", ground) for ground in ("paper", "surface", "surface-sunken")),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *((tone, ground) for tone in ("good", "warn", "bad") for ground in ("paper", "surface", f"{tone}-soft")),
    *(("ink", f"{tone}-soft") for tone in ("good", "warn", "bad")),
    *(("ink-soft", f"{tone}-soft") for tone in ("good", "warn", "bad")),
]
# Edges of controls, focus rings, stars and marks on grounds
SHAPE_PAIRS = [
    *((edge, ground) for edge in ("line-strong", "accent", "focus", "star") for ground in ("paper", "surface")),
    *((tone, ground) for tone in ("good", "warn", "bad") for ground in ("paper", "surface")),
    ("focus", "accent-soft"),
    ("line-strong", "surface-sunken"),
]


def luminance(color: str) -> float:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def too_weak(pairs: list[tuple[str, str]], least: float, scheme: str) -> list[str]:
    tokens = component_tokens.tokens(scheme=scheme)
    found = {pair: contrast(tokens[f"--{pair[0]}"], tokens[f"--{pair[1]}"]) for pair in pairs}
    return [f"{one} on {other}: {ratio:.2f}" for (one, other), ratio in found.items() if ratio < least]


def test_the_formula_is_the_standards():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", component_tokens.SCHEMES)
def test_words_can_be_read_on_every_ground_they_stand_on(scheme):
    assert too_weak(TEXT_PAIRS, TEXT, scheme) == []


@pytest.mark.parametrize("scheme", component_tokens.SCHEMES)
def test_edges_and_focus_can_be_seen_on_every_ground(scheme):
    assert too_weak(SHAPE_PAIRS, SHAPE, scheme) == []


def test_styles_name_only_tokens_that_are_there_and_no_color_of_their_own():
    tokens = set(component_tokens.tokens(scheme="light"))
    for path in [*sorted((STYLES / "components").glob("*.css")), STYLES / "base.css"]:
        source = path.read_text()
        local = set(re.findall(r"(--[a-z0-9-]+):", source))
        assert set(re.findall(r"var\((--[a-z0-9-]+)", source)) - tokens - local - {"--grid-min"} == set(), path.name
        assert re.findall(r"#[0-9a-f]{3,8}\b|rgb\(", source) == [], path.name


def test_every_family_of_pigments_has_its_tokens_and_its_class():
    source = (STYLES / "components" / "picture.css").read_text()
    for family in picture_colors.FAMILIES:
        for part in ("deep", "mid", "light"):
            assert f"--thing-{family}-{part}" in component_tokens.tokens(scheme="light")
        assert f".thing-{family} {{" in source
