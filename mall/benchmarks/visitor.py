"""A process that visits a running shop as a browser would, and tells how long each answer took.

`python -m mall.benchmarks.visitor` reads one JSON object a line from its input (:class:`Visit`) and answers each with
one. It needs nothing of Django.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import lxml.html

SECONDS_TO_ANSWER = 60


class NotServed(Exception):
    """The shop answered with something that a visitor cannot go on from."""


@dataclass
class Browser:
    """One shopper's connection and cookies; ``spent`` are the milliseconds of each request, by the name of its page."""

    host: str
    spent: dict[str, list[float]] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def forget(self) -> None:
        """Be somebody else."""
        self.cookies.clear()

    def get(self, path: str, *, name: str = "") -> str:
        """Return a page, following where it leads."""
        return self._request("GET", path, name=name)

    def post(self, path: str, values: list[tuple[str, str]], *, name: str = "") -> str:
        """Send a form and return the page it leads to."""
        return self._request("POST", path, body=urlencode(values), name=name)

    def _request(self, method: str, path: str, *, body: str | None = None, name: str) -> str:
        for _hop in range(5):
            headers = {"Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items())}
            if body is not None:
                headers |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://{self.host}/"}
            began = time.perf_counter()
            status, location, text = self._exchange(method, path, body, headers)
            if name:
                self.spent.setdefault(name, []).append((time.perf_counter() - began) * 1_000)
            if status in (301, 302, 303):
                method, body, path = "GET", None, urljoin(path, location)
                name = name and f"{name}, and where it leads"
                continue
            if status != 200:
                raise NotServed(f"{method} {path} was answered {status}: {_words(text)}")
            return text
        raise NotServed(f"{path} leads in circles.")

    def _exchange(self, method: str, path: str, body: str | None, headers: dict) -> tuple[int, str, str]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.host, timeout=SECONDS_TO_ANSWER)
        try:
            self.connection.request(method, path, body=body, headers=headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        except (http.client.RemoteDisconnected, ConnectionError):
            # The server ends idle connections; a browser opens another.
            self.connection.close()
            self.connection.request(method, path, body=body, headers=headers)
            answer = self.connection.getresponse()
            text = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or ():
            for key, morsel in SimpleCookie(value).items():
                self.cookies[key] = morsel.value
        location = urlsplit(answer.headers.get("Location") or "")
        return answer.status, location.path + (f"?{location.query}" if location.query else ""), text


@dataclass
class Visit:
    """What to do, for how long, by how many at once; ``pages`` are (name, addresses to choose from)."""

    host: str
    act: str
    seconds: float
    shoppers: int
    pages: list[tuple[str, list[str]]] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    seed: int = 0


def look_around(browser: Browser, visit: Visit, draw: random.Random) -> int:
    """Look at one page of each kind; return how many answers that were."""
    for name, addresses in visit.pages:
        browser.get(draw.choice(addresses), name=name)
    return len(visit.pages)


def buy_as_guest(browser: Browser, visit: Visit, draw: random.Random) -> int:
    """Buy one piece of one product as somebody new, paying by card; return how many answers that took."""
    browser.forget()
    began = time.perf_counter()
    before = sum(map(len, browser.spent.values()))
    put_into_basket(browser, draw.choice(visit.products))
    page = lxml.html.fromstring(browser.get("/checkout/", name="checkout"))
    values = _typed(_form(page, action="/checkout/"), draw)
    done = browser.post("/checkout/", values, name="order and pay")
    if "/checkout/done/" not in done and "order-number" not in done:
        raise NotServed(f"The order was not placed: {_words(done)}")
    browser.spent.setdefault("whole purchase", []).append((time.perf_counter() - began) * 1_000)
    return sum(map(len, browser.spent.values())) - before - 1


def put_into_basket(browser: Browser, address: str) -> None:
    """Put one piece of a product into the basket, from its page."""
    page = lxml.html.fromstring(browser.get(address, name="product"))
    browser.post("/basket/add/", _values(_form(page, action="/basket/add/")), name="put into basket")


def fill_basket(browser: Browser, visit: Visit, draw: random.Random) -> int:
    """Have a basket of eight lines, and look at it again and again; return how many looks that were."""
    if not browser.cookies:
        for address in draw.sample(visit.products, 8):
            put_into_basket(browser, address)
        browser.spent.clear()
    browser.get("/basket/", name="basket of 8 lines")
    return 1


ACTS: dict[str, Callable[[Browser, Visit, random.Random], int]] = {
    "look": look_around,
    "buy": buy_as_guest,
    "basket": fill_basket,
}


def go(visit: Visit) -> dict[str, object]:
    """Visit, and return answers and purchases a second and the milliseconds of every request."""
    browsers = [Browser(host=visit.host) for _ in range(visit.shoppers)]
    answers, problems = [0] * visit.shoppers, []
    begin = threading.Barrier(visit.shoppers)
    ended = [0.0] * visit.shoppers

    def live(number: int) -> None:
        draw = random.Random(visit.seed + number)  # noqa: S311 - for the same visits every time, not for secrets
        try:
            ACTS[visit.act](browsers[number], visit, draw)
            browsers[number].spent.clear()
            begin.wait(SECONDS_TO_ANSWER)
            until = time.perf_counter() + visit.seconds
            while time.perf_counter() < until:
                answers[number] += ACTS[visit.act](browsers[number], visit, draw)
            ended[number] = time.perf_counter() - until + visit.seconds
        except Exception as problem:
            problems.append(f"{type(problem).__name__}: {problem}")
            begin.abort()

    threads = [threading.Thread(target=live, args=[number]) for number in range(visit.shoppers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        return {"problem": problems[0]}
    spent: dict[str, list[float]] = {}
    for browser in browsers:
        for name, times in browser.spent.items():
            spent.setdefault(name, []).extend(times)
    return {"seconds": max(ended), "answers": sum(answers), "spent": spent}


def _form(page: lxml.html.HtmlElement, *, action: str) -> lxml.html.FormElement:
    for form in page.forms:
        if urlsplit(form.action or "").path == action:
            return form
    raise NotServed(f"There is no form for {action} on the page: {_words(lxml.html.tostring(page).decode())}")


def _values(form: lxml.html.FormElement) -> list[tuple[str, str]]:
    """Return what a browser would send of a form left as it is."""
    return [(name, value or "") for name, value in form.form_values()]


def _typed(form: lxml.html.FormElement, draw: random.Random) -> list[tuple[str, str]]:
    """Return the checkout's values, filled in by a guest with a card."""
    number = draw.randrange(10**9)
    typed = {
        "email": f"guest{number}@example.com",
        "name": "Ada Guest",
        "line1": f"Long Street {number}",
        "postcode": "10115",
        "city": "Berlin",
        "tender": next(_cards(form)),
    }
    return [(name, value) for name, value in _values(form) if name not in typed] + list(typed.items())


def _cards(form: lxml.html.FormElement) -> Iterator[str]:
    for option in form.xpath('.//input[@name="tender"]'):
        if "pm_card_visa" in option.get("value", ""):
            yield option.get("value")
    raise NotServed("The checkout offers no card that pays.")


def _words(text: str) -> str:
    """Return the beginning of what a page says."""
    try:
        return " ".join(lxml.html.fromstring(text).xpath("string(//main)").split())[:300]
    except (ValueError, lxml.etree.ParserError):
        return text[:300]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(go(Visit(**json.loads(line)))), flush=True)
