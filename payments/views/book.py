"""The ledger for operations: chart of accounts, statements, trial balance, balance sheet, profit and loss."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from payments import clock
from payments.ledger.queries import ReportLine
from payments.queries import book, entries
from payments.views import access, book_tables, book_words, exporting
from payments.views.book_forms import (
    RECORDED,
    AccountsForm,
    ClockForm,
    InstantForm,
    PeriodForm,
    StatementForm,
    day_after,
    place_text,
)

ACCOUNTS_A_PAGE = 50
LINES_A_PAGE = 50


@access.operations_only
@require_GET
def chart(request: HttpRequest) -> HttpResponseBase:
    """Show the chart of accounts, family by family, with balances."""
    form = InstantForm(request.GET)
    if not form.is_valid():
        return refused(request, "payments/book/chart.html", form)
    groups = book.chart_of_accounts(at=form.instant, as_recorded=form.as_recorded)
    if export := _export(request):
        lines = (line for group in groups for line in group.families)
        return exporting.respond(table=book_tables.families(name=_name("accounts", form), lines=lines), form=export)
    shown = [
        {
            "title": book_words.CLASSES[group.account_class],
            "name": group.account_class,
            "totals": group.totals,
            "rows": [
                {
                    "line": line,
                    "words": book_words.FAMILIES.get(line.family, ""),
                    "url": _made_of(line.family, form),
                }
                for line in group.families
            ],
        }
        for group in groups
    ]
    return show(request, "payments/book/chart.html", {"groups": shown, **_instant(form, request)})


@access.operations_only
@require_GET
def accounts(request: HttpRequest) -> HttpResponseBase:
    """Show the accounts of a family, or those with something in their code, by code."""
    form = AccountsForm(request.GET)
    if not form.is_valid():
        return refused(request, "payments/book/accounts.html", form)
    family, containing = form.cleaned_data["family"], form.cleaned_data["q"]
    wanted = {"family": family, "containing": containing, "at": form.instant, "as_recorded": form.as_recorded}
    if export := _export(request):
        name, lines = _name(f"accounts-{family or containing}", form), book.accounts_for_export(**wanted)
        return exporting.respond(table=book_tables.accounts(name=name, lines=lines), form=export)
    found = book.accounts(**wanted, after=form.cleaned_data["after"], limit=ACCOUNTS_A_PAGE)
    context = {
        "family": family,
        "words": book_words.FAMILIES.get(family, ""),
        "whole": found.family,
        "rows": [{"line": line, "url": _statement(line.code, form)} for line in found.accounts],
        "more": address("book-accounts", **{**form.kept(), "after": found.after}) if found.after else "",
        "begun": bool(form.cleaned_data["after"]),
        "first": address("book-accounts", **{**form.kept(), "after": ""}),
        **_instant(form, request),
    }
    return show(request, "payments/book/accounts.html", context)


@access.operations_only
@require_GET
def account(request: HttpRequest) -> HttpResponseBase:
    """Show an account's lines, newest first, with what it held around them."""
    form = StatementForm(request.GET)
    if not form.is_valid():
        return refused(request, "payments/book/account.html", form, code=request.GET.get("code", ""))
    wanted = form.wanted
    if export := _export(request):
        return _export_statement(request, form, export)
    page = book.statement(wanted=wanted, before=form.cleaned_data["before"], limit=LINES_A_PAGE)
    if page is None:
        return _no_account(request, wanted.code)
    kept = {**form.kept(), "before": ""}
    clock_kept = {"since": kept["since"], "until": kept["until"], "clock": kept.get("clock", "")}
    rows = [
        {
            "line": line,
            "journal": reverse("book-journal", args=[line.journal_id]),
            "reference": address("book-reference", q=line.reference) if line.reference else "",
            "counter": address("book-account", code=line.counter_account, **clock_kept),
        }
        for line in page.lines
    ]
    context = {
        "code": wanted.code,
        "page": page,
        "partial": wanted.partial,
        "sense": book_words.CLASSES_OF_ONE[page.account.account_class],
        "words": book_words.FAMILIES.get(page.family, ""),
        "family_url": _made_of(page.family, form, at=kept["until"]) if "*" in page.family else "",
        "things": entries.things_of_account(code=wanted.code),
        "rows": rows,
        "newest": address("book-account", **kept) if form.cleaned_data["before"] else "",
        "earlier": address("book-account", **{**kept, "since": "", "until": _day_before(form)}) if form.begins else "",
        "older": address("book-account", **{**kept, "before": place_text(page.older)}) if page.older else "",
        "all": address("book-account", **{**kept, "event": "", "reference": "", "counter": ""}),
        "form": form,
        "exports": exports(request),
        "recorded": form.as_recorded,
    }
    return show(request, "payments/book/account.html", context)


@access.operations_only
@require_GET
def trial_balance(request: HttpRequest) -> HttpResponseBase:
    """Show the debits and credits of every family, and that they come to the same; the file has each account."""
    form = InstantForm(request.GET)
    if not form.is_valid():
        return refused(request, "payments/book/trial_balance.html", form)
    if export := _export(request):
        lines = book.every_account(at=form.instant, as_recorded=form.as_recorded)
        table = book_tables.accounts(name=_name("trial-balance", form), lines=lines)
        return exporting.respond(table=table, form=export)
    found = book.trial_balance(at=form.instant, as_recorded=form.as_recorded)
    rows = [
        {
            "line": line,
            "class": book_words.CLASSES[line.account_class],
            "over": line.debits - line.credits,
            "under": line.credits - line.debits,
            "url": _made_of(line.family, form),
        }
        for line in found.families
    ]
    context = {"rows": rows, "agreements": found.agreements, **_instant(form, request)}
    return show(request, "payments/book/trial_balance.html", context)


@access.operations_only
@require_GET
def balance_sheet(request: HttpRequest) -> HttpResponseBase:
    """Show what the bank has, what it owes and what it is worth."""
    form = InstantForm(request.GET)
    if not form.is_valid():
        return refused(request, "payments/book/balance_sheet.html", form)
    report = book.balance_sheet(at=form.instant, as_recorded=form.as_recorded)
    if export := _export(request):
        table = book_tables.report(name=_name("balance-sheet", form), found=report)
        return exporting.respond(table=table, form=export)
    made_of = {"since": book.BEGINNING.date().isoformat(), "until": form.kept()["at"] or clock.now().date().isoformat()}
    result = address("book-profit-and-loss", **made_of, clock=form.kept().get("clock", ""))
    context = {
        "groups": _report_rows(report, lambda line: result if line.code == "result" else _made_of(line.code, form)),
        "agreements": report.agreements,
        **_instant(form, request),
    }
    return show(request, "payments/book/balance_sheet.html", context)


@access.operations_only
@require_GET
def profit_and_loss(request: HttpRequest) -> HttpResponseBase:
    """Show what was earned and spent in a period; from the first of this month when none is named."""
    today = clock.now().date()
    first = {"since": today.replace(day=1).isoformat(), "until": today.isoformat()}
    form = PeriodForm(request.GET, first=first if not {"since", "until"} & set(request.GET) else {})
    if not form.is_valid():
        return refused(request, "payments/book/profit_and_loss.html", form)
    begins, ends = form.begins or book.BEGINNING, form.ends or day_after(today)
    report = book.profit_and_loss(since=begins, until=ends, as_recorded=form.as_recorded)
    if export := _export(request):
        table = book_tables.report(name=_name("profit-and-loss", form), found=report)
        return exporting.respond(table=table, form=export)
    kept = {**form.kept(), "until": form.kept()["until"] or today.isoformat()}
    context = {
        "groups": _report_rows(report, lambda line: address("book-account", code=line.code, **kept)),
        "agreements": report.agreements,
        "results": report.results,
        "sheets": [
            (words, address("book-balance-sheet", at=(instant - book.INSTANT).date().isoformat(), clock=_clock(form)))
            for words, instant in ((_("Balance sheet before it"), begins), (_("Balance sheet at its end"), ends))
            if instant > book.BEGINNING
        ],
        "begins": begins,
        "last": ends - book.INSTANT,
        "form": form,
        "recorded": form.as_recorded,
        "exports": exports(request),
    }
    return show(request, "payments/book/profit_and_loss.html", context)


def address(name: str, **parameters: str) -> str:
    """Return the address of a page with those parameters that say something."""
    said = {key: value for key, value in parameters.items() if value}
    return reverse(name) + (f"?{urlencode(said)}" if said else "")


def show(request: HttpRequest, template: str, context: dict[str, object], *, status: int = 200) -> HttpResponseBase:
    """Render one of the ledger's pages."""
    return render(request, template, {**context, "here": request.resolver_match.url_name}, status=status)


def refused(request: HttpRequest, template: str, form: ClockForm, **context: object) -> HttpResponseBase:
    """Render the page with what is wrong in its form, and nothing of the book."""
    return show(request, template, {**context, "form": form, "refused": True}, status=422)


def exports(request: HttpRequest) -> list[tuple[str, str]]:
    """Return (format, address) of the files that hold what the page was asked for."""
    asked = request.GET.copy()
    for name in ("before", "after", "format"):
        asked.pop(name, None)
    found = []
    for form in exporting.FORMATS:
        asked["format"] = form
        found.append((form.upper(), f"?{asked.urlencode()}"))
    return found


def _export(request: HttpRequest) -> str:
    form = request.GET.get("format", "")
    return form if form in exporting.FORMATS else ""


def _export_statement(request: HttpRequest, form: StatementForm, export: str) -> HttpResponseBase:
    found = book.account(code=form.wanted.code)
    if found is None:
        return _no_account(request, form.wanted.code)
    table = book_tables.statement(
        name=_name(f"statement-{found.code}", form),
        currency=found.currency,
        lines=book.statement_for_export(wanted=form.wanted),
    )
    return exporting.respond(table=table, form=export)


def _day_before(form: PeriodForm) -> str:
    return (form.begins - book.INSTANT).date().isoformat()


def _report_rows(report: book.Report, made_of: Callable[[ReportLine], str]) -> list[dict[str, object]]:
    return [
        {
            "name": group.account_class,
            "title": book_words.CLASSES[group.account_class],
            "totals": group.totals,
            "rows": [{"line": line, "words": _words(line), "url": made_of(line)} for line in group.lines],
        }
        for group in report.groups
    ]


def _words(line: ReportLine) -> str:
    return book_words.FAMILIES.get(line.code.removesuffix(f":{line.currency}"), "")


def _no_account(request: HttpRequest, code: str) -> HttpResponseBase:
    sentence = _("The book has no account “%(code)s”: look for a part of its code.") % {"code": code[:200]}
    return show(request, "payments/book/found.html", {"q": code[:200], "sentence": sentence}, status=404)


def _made_of(family: str, form: ClockForm, *, at: str | None = None) -> str:
    """Return where the accounts of a family are shown, or the statement of a house account, at the same instant."""
    if "*" not in family:
        return _statement(family, form)
    kept = form.kept()
    return address("book-accounts", family=family, at=kept.get("at", "") if at is None else at, clock=_clock(form))


def _statement(code: str, form: ClockForm) -> str:
    return address("book-account", code=code, until=form.kept().get("at", ""), clock=_clock(form))


def _clock(form: ClockForm) -> str:
    return RECORDED if form.as_recorded else ""


def _instant(form: InstantForm, request: HttpRequest) -> dict[str, object]:
    return {"form": form, "at": form.instant, "recorded": form.as_recorded, "exports": exports(request)}


def _name(what: str, form: ClockForm) -> str:
    days = [str(form.cleaned_data[name]) for name in ("at", "since", "until") if form.cleaned_data.get(name)]
    return "-".join([what, *days, *(["as-recorded"] if form.as_recorded else [])])
