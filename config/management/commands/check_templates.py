"""`manage.py check_templates`: every template of ours compiles, and nothing in it is another host's."""

import re
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateSyntaxError, engines

OTHER_HOST = re.compile(
    r"""(?:<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*?\b(?:src|srcset|data)"""
    r"""|<link\b[^>]*?\bhref|@import\s+(?:url\()?|url\()\s*=?\s*["']?\s*(?:https?:)?//""",
    re.IGNORECASE,
)
INLINE_SCRIPT = re.compile(
    r"""<script(?![^>]*\bsrc=)(?![^>]*application/(?:ld\+)?json)[^>]*>\s*\S|<[^>]*\son[a-z]+\s*=\s*["']""",
    re.IGNORECASE,
)


class Command(BaseCommand):
    help = "Compile every template of ours, load every tag library, and refuse other hosts and inline scripts."
    requires_system_checks = []

    def handle(self, **options: object) -> None:
        problems = [*_libraries(), *(line for path in templates() for line in check(path=path)), *_styles()]
        if problems:
            raise CommandError("\n".join(problems))
        self.stdout.write(f"{len(templates())} templates compile, and ask no other host for anything.")


def templates() -> list[Path]:
    """Return the files of our own templates."""
    roots = [*settings.TEMPLATES[0]["DIRS"]]
    roots += [settings.BASE_DIR / app for app in ("config", "mall", "payments", "financing")]
    files = {path for root in roots for path in Path(root).rglob("*") if path.suffix in {".html", ".txt", ".svg"}}
    return sorted(path for path in files if "templates" in path.parts and path.is_file())


def check(*, path: Path) -> list[str]:
    """Return what is wrong in one template, a line each."""
    name = path.relative_to(settings.BASE_DIR)
    source = path.read_text()
    problems = []
    try:
        engines["django"].from_string(source)
    except TemplateSyntaxError as problem:
        problems.append(f"{name}: {problem}")
    for pattern, words in ((OTHER_HOST, "loads from another host"), (INLINE_SCRIPT, "has a script inside the page")):
        for found in pattern.finditer(source):
            line = source.count("\n", 0, found.start()) + 1
            problems.append(f"{name}, line {line}: {words}: {found.group(0)[:80]!r}; put it in a file under static/.")
    return problems


def _libraries() -> list[str]:
    from django.template.backends.django import get_installed_libraries
    from django.template.library import InvalidTemplateLibrary, import_library

    problems = []
    for name, module in get_installed_libraries().items():
        try:
            import_library(module)
        except InvalidTemplateLibrary as problem:
            problems.append(f"tag library {name}: {problem}")
    return problems


def _styles() -> list[str]:
    problems = []
    for path in sorted((settings.BASE_DIR / "static").rglob("*.css")):
        for found in OTHER_HOST.finditer(path.read_text()):
            problems.append(f"{path.relative_to(settings.BASE_DIR)}: loads from another host: {found.group(0)[:80]!r}.")
    return problems
