"""The browser the journeys run in is there, and watches what it is meant to watch."""

import pytest


@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_of_the_site_opens_in_a_real_browser(page_at, keep_picture, width):
    page = page_at(width)
    page.goto("/healthz")
    assert '"ledger": "up"' in page.content()
    assert keep_picture(page, "healthz").stat().st_size > 1_000
