"""The living page of components shows all there are."""

import re
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db
# The page itself, and what stands in the head of every page.
NOT_SHOWN = {"page", "_styles"}


def test_the_page_shows_every_partial_light_and_dark(client, settings):
    settings.DEBUG = True
    text = client.get("/_components/").content.decode()
    folder = Path(settings.BASE_DIR) / "templates" / "components"
    there = {path.stem for path in folder.glob("*.html")} - NOT_SHOWN
    assert set(re.findall(r'data-component="(\w+)"', text)) == there
    sections = text.split("data-component=")[1:]
    for section in sections:
        body = section.split("<section")[0]
        assert body.count('data-scheme="light"') == body.count('data-scheme="dark"') > 0


def test_its_styles_carry_every_token_of_both_schemes(client, settings):
    settings.DEBUG = True
    styles = client.get("/_components/schemes.css").content.decode()
    assert styles.count("--accent:") == styles.count("--thing-navy-deep:") == 2
    assert re.findall(r"--paper: ([^;]+);", styles) == ["#f5f6fa", "#0e1120"]


def test_neither_is_there_outside_development(client):
    assert not settings.DEBUG
    assert client.get("/_components/").status_code == 404
    assert client.get("/_components/schemes.css").status_code == 404
