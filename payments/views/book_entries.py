"""One entry of the ledger for operations: a journal, what a reference posted, the seals, and a way to find any."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from payments.queries import entries
from payments.views import access, book_tables, exporting
from payments.views.book import address, exports, show
from payments.views.book_forms import FindForm

TRANSFERS_A_PAGE = 200
JOURNALS_SHOWN = 100


@access.operations_only
@require_GET
def journal(request: HttpRequest, journal_id: int) -> HttpResponseBase:
    """Show a journal with its transfers, what it is about, what it undoes and the seal that covers it."""
    page = entries.journal(journal_id=journal_id)
    if page is None:
        sentence = _("The book has no journal %(number)s: look for its reference instead.") % {"number": journal_id}
        return show(request, "payments/book/found.html", {"q": "", "sentence": sentence}, status=404)
    found = page.journal
    if (form := request.GET.get("format", "")) in exporting.FORMATS:
        return exporting.respond(table=book_tables.journal(found=found), form=form)
    pages = -(-len(found.transfers) // TRANSFERS_A_PAGE)
    asked = request.GET.get("page", "")
    number = min(max(int(asked), 1), pages) if asked.isdecimal() and len(asked) < 6 else 1
    start = (number - 1) * TRANSFERS_A_PAGE
    context = {
        "journal": found,
        "total": page.total,
        "things": page.things,
        "reference_url": address("book-reference", q=found.reference),
        "metadata": [(name, _value(value)) for name, value in sorted(found.metadata.items())],
        "rows": [
            {
                "position": position,
                "transfer": transfer,
                "debit": address("book-account", code=transfer.debit),
                "credit": address("book-account", code=transfer.credit),
            }
            for position, transfer in enumerate(found.transfers[start : start + TRANSFERS_A_PAGE], start + 1)
        ],
        "number": number,
        "pages": pages,
        "exports": exports(request),
    }
    return show(request, "payments/book/journal.html", context)


@access.operations_only
@require_GET
def reference(request: HttpRequest) -> HttpResponseBase:
    """Show the journals of one order, consignment, loan, settlement…"""
    name = request.GET.get("q", "")[:1_000].replace("\x00", "")
    found = entries.journals_of(reference=name, limit=JOURNALS_SHOWN + 1) if name else []
    if not found:
        return show(request, "payments/book/found.html", {"q": name, "sentence": _nothing(name)}, status=404)
    rows = [
        {
            "journal": each,
            "url": reverse("book-journal", args=[each.journal_id]),
            "total": sum(transfer.amount for transfer in each.transfers),
        }
        for each in found[:JOURNALS_SHOWN]
    ]
    context = {
        "reference": name,
        "things": entries.things(names=[name]),
        "rows": rows,
        "shown": len(rows),
        "more": len(found) > JOURNALS_SHOWN,
    }
    return show(request, "payments/book/reference.html", context)


@access.operations_only
@require_GET
def seals(request: HttpRequest) -> HttpResponseBase:
    """Show how far the book is sealed, and its last verification check by check."""
    return show(request, "payments/book/seals.html", {"state": entries.state()})


@access.operations_only
@require_GET
def find(request: HttpRequest) -> HttpResponseBase:
    """Go to what a text names: an account, a journal, a reference, an idempotency key; else list what is like it."""
    form = FindForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    if not text:
        sentence = _("Enter the code of an account, a journal's number, a reference or an idempotency key.")
        return show(request, "payments/book/found.html", {"q": "", "sentence": sentence})
    found = entries.find(text=text)
    pages = []
    if found.account:
        pages.append((_("Account %(code)s") % {"code": found.account}, address("book-account", code=found.account)))
    for number in found.journals:
        pages.append((_("Journal %(number)s") % {"number": number}, reverse("book-journal", args=[number])))
    if found.reference:
        words = _("Journals of reference %(name)s") % {"name": found.reference}
        pages.append((words, address("book-reference", q=found.reference)))
    pages += [(code, address("book-account", code=code)) for code in found.accounts[: entries.FOUND_AT_MOST]]
    if len(pages) == 1:
        return redirect(pages[0][1])
    more = address("book-accounts", q=text) if len(found.accounts) > entries.FOUND_AT_MOST else ""
    context = {"q": text, "pages": pages, "more": more, "sentence": "" if pages else _nothing(text)}
    return show(request, "payments/book/found.html", context)


def _nothing(text: str) -> str:
    words = _(
        "Nothing in the book is called “%(text)s”: no account, journal, reference or key. "
        "Check the spelling, or enter a part of an account's code."
    )
    return words % {"text": text[:200]}


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
