"""Health, unexpected errors, and the headers of every page."""

import io
import logging
import re

import pytest
from django.db import OperationalError
from django.test import Client, override_settings
from django.urls import path

from config import views
from config.middleware import CONTENT_SECURITY_POLICY


def break_down(request):
    raise RuntimeError("a detail nobody outside should read")


urlpatterns = [path("broken", break_down), path("healthz", views.healthz)]
handler500 = "config.views.server_error"


def test_healthz_answers_200_with_the_state_of_each_part(client, db):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"database": "up", "queue": "up", "ledger": "up"})
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(("part", "error"), [("database", OperationalError), ("queue", ConnectionError)])
def test_healthz_answers_503_when_a_part_is_down(client, db, monkeypatch, part, error):
    def down():
        raise error("gone")

    monkeypatch.setitem(views.CHECKS, part, down)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()[part]) == (503, "down")


def test_healthz_answers_503_when_redis_is_gone(client, db):
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["queue"]) == (503, "down")


@override_settings(ROOT_URLCONF=__name__)
def test_an_unexpected_error_shows_an_id_that_the_log_knows_and_no_trace(db, monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(logging.getLogger("config").handlers[0], "stream", log)
    answer = Client(raise_request_exception=False).get("/broken")
    page = answer.content.decode()
    error_id = re.search(r"\b[0-9a-f]{12}\b", page).group()
    logged = log.getvalue()
    assert answer.status_code == 500
    assert "nobody outside" not in page
    assert "Traceback" not in page
    assert f"error_id={error_id}" in logged
    assert "a detail nobody outside should read" in logged
    assert logged.count("Traceback") == 1


def test_a_page_that_loses_redis_shows_an_id_and_no_trace(db, settings):
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}}
    browser = Client(raise_request_exception=False)
    browser.cookies[settings.SESSION_COOKIE_NAME] = "a-session-of-somebody"
    answer = browser.get("/account/login/")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert re.search(r"\b[0-9a-f]{12}\b", page)
    assert "Traceback" not in page
    assert "127.0.0.1:1" not in page


def test_every_page_forbids_other_hosts_and_inline_scripts(client, db):
    answer = client.get("/healthz")
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'self'" in CONTENT_SECURITY_POLICY
    assert "script" not in CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_form_with_a_null_character_is_answered_as_a_request_that_makes_no_sense(client, db):
    for form in ({"login": "ada\0@mail.example"}, {"login\0": "ada@mail.example"}):
        answer = client.post("/account/login/", form)
        assert answer.status_code == 400
        assert "We could not read that request" in answer.content.decode()
