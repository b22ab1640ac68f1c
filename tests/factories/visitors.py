"""People at a browser: what they click, and what is looked at on every page they come to."""

from __future__ import annotations

import itertools
import re

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client

from config.simulation import people
from tests.factories import journey

NAMELESS = """() => {
  const words = (text) => (text || "").trim();
  const named = (element) =>
    words(element.getAttribute("aria-label"))
    || words((element.getAttribute("aria-labelledby") || "").split(/\\s+/)
        .map((id) => document.getElementById(id)?.textContent).join(" "))
    || [...(element.labels || [])].map((label) => words(label.textContent)).join("")
    || words(element.title)
    || (element.matches("button, a, summary")
        && (words(element.textContent) || words(element.querySelector("img[alt], svg[aria-label]")?.alt)));
  return [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a[href], summary")]
    .filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 120));
}"""
WIDER = "Math.max(0, document.scrollingElement.scrollWidth - window.innerWidth)"


def visitor(page_at, user, width: int, *, mfa: bool = False):
    """Return a page of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    if mfa:
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {}})
        session = client.session
        session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
        session.save()
    page = page_at(width)
    page.goto("/healthz")
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": page.url}])
    return page


class Person:
    """Somebody at a browser of their own, whose every page is looked at."""

    def __init__(self, page: object, keep_picture: object, numbers: itertools.count) -> None:
        self.page, self._keep, self._numbers = page, keep_picture, numbers

    def sees(self, name: str, *, heading: str | re.Pattern[str] = "") -> None:
        """Check the page at hand (``heading`` names it) and keep its picture as the journey's next."""
        page = self.page
        if heading:
            page.get_by_role("heading", name=heading).first.wait_for()
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready.then(() => true)")
        self._keep(page, f"journey-{next(self._numbers):02}-{name}")
        assert page.evaluate(WIDER) == 0, f"{page.url} scrolls sideways"
        assert page.evaluate(NAMELESS) == [], f"controls without a name on {page.url}"

    def opens(self, link: str) -> None:
        """Go to one of the pages in the person's own menu."""
        self.page.locator("header summary").first.click()
        self.page.locator(".menu").get_by_role("link", name=link).click()

    def turns_to(self, page: str) -> None:
        """Go to another page of the place of work."""
        self.page.locator(".subnav").get_by_role("link", name=page).click()

    def presses(self, button: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=button).first.click()

    def follows(self, link: str | re.Pattern[str]) -> None:
        self.page.locator("main").get_by_role("link", name=link).first.click()

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text can be seen on the page."""
        self.page.locator("main").get_by_text(text).first.wait_for()

    def signs_in(self, email: str) -> None:
        """Sign in through the pages, with the second factor where the person has one."""
        page = self.page
        page.goto("/")
        page.locator("header").get_by_role("link", name="Sign in").click()
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", people.PASSWORD)
        self.sees("sign-in", heading="Sign in")
        page.locator("main button[type=submit]").first.click()
        page.wait_for_url(re.compile(r"/account/2fa/|/$"))
        if "/2fa/" in page.url:
            self.sees("second-factor", heading="Enter your code")
            page.fill("input[name=code]", journey.second_factor(email=email))
            page.locator("main button[type=submit]").first.click()
            page.wait_for_url(re.compile(r"/$"))
