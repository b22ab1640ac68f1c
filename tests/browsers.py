"""A real browser for the journeys: Debian's Chromium or Playwright's own, whichever is there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

OUTPUT = Path(__file__).resolve().parent / "output"
HINT = "no Chromium here: `make test` installs one where it can, or `apt-get install chromium`"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass(frozen=True, slots=True)
class Browser:
    """Where the browser is, and in whose words."""

    path: str
    description: str


def found() -> Browser:
    """Return the browser of this machine; its path is empty when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return Browser(path=path, description=f"{path} (the system's)")
    for path in sorted(_playwright_folder().glob("chromium*-*/chrome-*/*")):
        if path.name in {"chrome", "headless_shell", "chrome-headless-shell"} and os.access(path, os.X_OK):
            return Browser(path=str(path), description=f"{path} (Playwright's)")
    return Browser(path="", description=HINT)


def _playwright_folder() -> Path:
    return Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Run one browser for all journeys of this process."""
    browser = found()
    if not browser.path:
        if os.environ.get("RIALTO_CI"):
            pytest.fail(browser.description)
        pytest.skip(browser.description)
    from django.db import connections
    from playwright.sync_api import sync_playwright

    # Beside the browser's loop this thread gets connections of its own; a forked child gets the ones from before,
    # which must not still be open to another database.
    connections.close_all()
    # The browser's loop runs in this thread, beside which Django would refuse its own queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser.path, args=FLAGS)
        yield running
        running.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass(slots=True)
class Watched:
    """What went wrong in the pages of one test."""

    problems: list[str] = field(default_factory=list)


@pytest.fixture
def page_at(chromium: object, live_site: str) -> Iterator[Callable[..., object]]:
    """Return `page_at(width, height=900)`: a new page of a new visitor, addresses relative to the live site.

    The test fails when a page logs an error, raises one, or asks another host for anything.
    """
    watched = Watched()
    contexts = []

    def open_page(width: int, height: int = 900, **options: object) -> object:
        context = chromium.new_context(
            base_url=live_site, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: _note_console(watched, message))
        page.on("pageerror", lambda error: watched.problems.append(f"error in {page.url}: {error}"))
        page.on("request", lambda request: _note_request(watched, request, live_site))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert watched.problems == []


@pytest.fixture
def keep_picture(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Return `keep_picture(page, name)`: keeps a screenshot under tests/output and returns its path."""

    def keep(page: object, name: str) -> Path:
        OUTPUT.mkdir(exist_ok=True)
        path = OUTPUT / f"{name}-{page.viewport_size['width']}.png"
        page.screenshot(path=str(path), full_page=True)
        return path

    return keep


def _note_console(watched: Watched, message: object) -> None:
    if message.type == "error":
        watched.problems.append(f"console of {message.location.get('url', '')}: {message.text}")


def _note_request(watched: Watched, request: object, site: str) -> None:
    parts = urlsplit(request.url)
    if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc != urlsplit(site).netloc:
        watched.problems.append(f"another host was asked: {request.url}")


def main() -> None:
    """Say which browser the journeys will use; where there is none, try to have Playwright's own."""
    if not found().path:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False, stdout=sys.stderr)
    print(f"Browser journeys use: {found().description}")


if __name__ == "__main__":
    main()
