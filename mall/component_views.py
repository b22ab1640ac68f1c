"""The living page of every component, while DEBUG is on."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from mall import bank, component_states, component_tokens

ICONS = (
    "search",
    "basket",
    "account",
    "money",
    "check",
    "truck",
    "box",
    "store",
    "shield",
    "clock",
    "calendar",
    "chart",
    "document",
    "undo",
    "people",
    "plus",
    "filter",
    "lock",
    "back",
    "menu",
    "next",
    "bridge",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A component in one state: its name, and how it looks in each scheme."""

    state: str
    looks: tuple[tuple[str, SafeString], ...]


@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """Show every component in all its states, light beside dark; nothing outside development."""
    if not settings.DEBUG:
        raise Http404
    at = bank.now()
    by_scheme = {scheme: component_states.states(at=at, scheme=scheme) for scheme in component_tokens.SCHEMES}
    shown = {
        name: [
            Shown(
                state,
                tuple(
                    (scheme, _rendered(request, name=name, context=states[name][number][1]))
                    for scheme, states in by_scheme.items()
                ),
            )
            for number, (state, _context) in enumerate(first)
        ]
        for name, first in by_scheme[component_tokens.LIGHT].items()
    }
    context = {
        "components": shown,
        "schemes": component_tokens.SCHEMES,
        "icons": ICONS,
        "pictures": list(enumerate(component_states.PICTURES, start=1)),
        "views": component_states.PICTURE_VIEWS,
    }
    return render(request, "components/page.html", context)


@require_safe
def schemes(request: HttpRequest) -> HttpResponse:
    """Serve the styles by which the page shows both schemes."""
    if not settings.DEBUG:
        raise Http404
    return HttpResponse(component_tokens.styles(), content_type="text/css")


def _rendered(request: HttpRequest, *, name: str, context: dict[str, object]) -> SafeString:
    return render_to_string(f"components/{name}.html", context, request)
