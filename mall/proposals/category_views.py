"""The page on which the bank's staff keep the tree of categories."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from oscar.core.loading import get_model

from mall import bank
from mall.catalogue import categories as tree
from mall.proposals.ops_views import operations_page

Category = get_model("catalogue", "Category")


@operations_page
@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    """Show the tree with how many products lie in each; one category at a time can be changed."""
    rows = list(Category.objects.annotate(products=Count("product")).order_by("path"))
    chosen = request.GET.get("category", "")
    found = next((row for row in rows if str(row.pk) == chosen), None)
    context = {
        "rows": [(row.pk, row.name, row.depth, row.products, row.is_public, row.ancestors_are_public) for row in rows],
        "chosen": (found.pk, found.name, found.is_public) if found else None,
        "everywhere": [(row.pk, "– " * (row.depth - 1) + row.name) for row in rows],
        "places": [
            (row.pk, "– " * (row.depth - 1) + row.name)
            for row in rows
            if found is None or not row.path.startswith(found.path)
        ],
    }
    return render(request, "mall/ops/categories.html", context)


@require_POST
@operations_page
def act(request: HttpRequest, action: str) -> HttpResponse:
    """Add, rename, move, merge, hide or show a category."""
    given = {"by": request.user, "at": bank.now()}
    name = request.POST.get("name", "").replace("\x00", "")
    category, other = _whole(request, "category"), _whole(request, "other")
    acts = {
        "add": lambda: tree.add(name=name, below=other or None, **given),
        "rename": lambda: tree.rename(category_id=category, name=name, **given),
        "move": lambda: tree.move(category_id=category, below=other or None, **given),
        "merge": lambda: tree.merge(category_id=category, into=other, **given),
        "hide": lambda: tree.show(category_id=category, is_shown=False, **given),
        "show": lambda: tree.show(category_id=category, is_shown=True, **given),
    }
    if action not in acts:
        raise Http404
    try:
        acts[action]()
    except tree.UnableToKeepCategories as problem:
        messages.error(request, str(problem))
    else:
        done = {
            "add": _("Added."),
            "rename": _("Renamed; its address stays."),
            "move": _("Moved."),
            "merge": _("Joined: its products lie in the other one now."),
            "hide": _("Hidden; its products stay on sale."),
            "show": _("Shown."),
        }
        messages.success(request, done[action])
    return redirect("ops-categories")


def _whole(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
