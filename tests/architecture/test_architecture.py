"""What the import linter cannot see."""

import ast
import re
import subprocess
import sys

import pytest
from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from config import env
from config.celery import QUEUES, app
from config.management.commands import check_templates

ORDER = ("payments", "mall", "financing", "config")
OURS = [path for app in ORDER for path in sorted((env.CHECKOUT / app).rglob("*.py"))]


def rank(model):
    """Return how far above payments a model stands: Oscar's own apps stand with the mall, Django's below all."""
    package = model._meta.app_config.name.split(".")[0]
    if package == "oscar":
        return ORDER.index("mall")
    return ORDER.index(package) if package in ORDER else -1


def test_foreign_keys_follow_the_arrow():
    against = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if rank(model) >= 0
        for field in model._meta.get_fields()
        if field.is_relation and not field.auto_created and field.related_model
        if rank(field.related_model) > rank(model)
    ]
    assert against == []


def test_the_rule_for_foreign_keys_can_fail():
    mall = apps.get_model("customer", "User")
    payments = apps.get_app_config("payments")
    assert rank(mall) > ORDER.index(payments.name)


def test_models_have_no_default_ordering_of_ours():
    ordered = [
        model._meta.label
        for model in apps.get_models()
        if model.__module__.startswith(ORDER) and "oscar" not in model.__mro__[1].__module__ and model._meta.ordering
    ]
    assert ordered == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common"])
def test_no_module_is_named_for_nothing(word):
    assert [path for path in OURS if word in {path.stem, path.parent.name}] == []


def test_only_the_mall_looks_models_up_by_name():
    found = [
        f"{path.relative_to(env.CHECKOUT)}:{node.lineno}"
        for path in OURS
        if path.relative_to(env.CHECKOUT).parts[0] in {"payments", "financing"} and "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in {"get_model", "get_class"}
    ]
    assert found == []


def test_no_signal_handler_and_no_save_of_ours_hides_a_flow():
    found = [
        f"{path.relative_to(env.CHECKOUT)}:{node.lineno} {node.name}"
        for path in OURS
        if path.name in {"models.py", "signals.py", "receivers.py"} or "models" in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and (node.name == "save" or any("receiver" in ast.dump(decorator) for decorator in node.decorator_list))
    ]
    assert found == []


def test_every_template_compiles_and_asks_no_other_host():
    problems = [line for path in check_templates.templates() for line in check_templates.check(path=path)]
    assert problems == []
    assert check_templates._styles() == []


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ('<script src="https://cdn.example/x.js"></script>', "another host"),
        ('<script src="//cdn.example/x.js"></script>', "another host"),
        ('<link rel="stylesheet" href="http://cdn.example/x.css">', "another host"),
        ('<img class="a" src="https://cdn.example/x.png">', "another host"),
        ("<style>@import url(https://fonts.example/x.css)</style>", "another host"),
        ("<script>alert(1)</script>", "script inside the page"),
        ('<button onclick="go()">', "script inside the page"),
        ("{% nothing_of_the_kind %}", "Invalid block tag"),
        ("{% load nothing_of_the_kind %}", "is not a registered tag library"),
    ],
)
def test_a_template_that_breaks_a_rule_is_found(tmp_path, settings, source, word):
    settings.BASE_DIR = tmp_path
    page = tmp_path / "page.html"
    page.write_text(source)
    assert word in " ".join(check_templates.check(path=page))


@pytest.mark.parametrize(
    "source",
    ['<a href="https://example.com/">out</a>', '<script src="/static/x.js" defer></script>', "<img src='/a.png'>"],
)
def test_a_template_that_keeps_the_rules_passes(tmp_path, settings, source):
    settings.BASE_DIR = tmp_path
    page = tmp_path / "page.html"
    page.write_text(source)
    assert check_templates.check(path=page) == []


def test_scripts_and_styles_of_ours_ask_no_other_host():
    asked = re.compile(r"""(?:fetch\(|import\s*\(?|src\s*=|href\s*=|url\()\s*["'`]?(?:https?:)?//""")
    found = [
        f"{path.relative_to(env.CHECKOUT)}: {match.group()}"
        for kind in ("*.js", "*.css")
        for path in sorted((env.CHECKOUT / "static").rglob(kind))
        for match in asked.finditer(path.read_text())
    ]
    assert found == []


def test_every_wired_path_leads_somewhere():
    paths = [
        *settings.RIALTO_METHODS,
        *settings.RIALTO_CHECKS,
        *settings.RIALTO_SETTLEMENT_HOOKS,
        *settings.RIALTO_FACT_SOURCES,
        *settings.RIALTO_BOOK_THINGS,
        *(handler for handlers in settings.RIALTO_SUBSCRIBERS.values() for handler in handlers),
        settings.RIALTO_CARD_STAND_IN,
    ]
    assert all(callable(import_string(path)) for path in paths)


def test_every_scheduled_task_exists_and_goes_to_a_queue_that_a_worker_reads():
    app.loader.import_default_modules()
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert app.amqp.router.route({}, entry["task"])["queue"].name in QUEUES


def test_a_task_called_in_any_process_goes_to_our_own_queue():
    ask = "import django; django.setup(); from celery import current_app as a; print(a.main, a.conf.broker_url)"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, cwd=env.CHECKOUT)
    assert done.stdout.split() == ["rialto", settings.CELERY_BROKER_URL]


def test_requirements_pin_every_package():
    loose = [
        line
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (env.CHECKOUT / name).read_text().splitlines()
        if line and not line.startswith(("#", "-r ")) and "==" not in line
    ]
    assert loose == []


def test_optbinning_finds_the_cvxpy_it_can_live_with():
    from importlib.metadata import version

    assert tuple(map(int, version("cvxpy").split(".")[:2])) < (1, 8)
