"""One's own money: accounts, statements, and the question a card's bank asks."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments import clock, operations, queries
from payments.views import access, statement_files

LONGEST = timedelta(days=366)


@login_required
@require_GET
def money(request: HttpRequest) -> HttpResponse:
    """Show the person's accounts, how to pay in, and the newest movements of the first."""
    accounts = queries.accounts_of(holder=access.holder(request))
    lines = queries.recent(number=accounts[0].number) if accounts else []
    return render(request, "payments/money.html", {"accounts": accounts, "lines": lines, **_bank()})


@login_required
@require_GET
def statement(request: HttpRequest, number: str) -> HttpResponse:
    """Show a month, or the days asked for, of one of the person's own accounts, with the balance after each line."""
    shown = _statement(request, number)
    today = clock.now().date()
    opened = max(shown.account.opened_at.date().replace(day=1), date(2000, 1, 1))
    period = {"since": shown.since.isoformat(), "until": shown.until.isoformat()}
    return render(
        request,
        "payments/statement.html",
        {
            "statement": shown,
            "lines": shown.lines[::-1],
            "is_month": "since" not in request.GET,
            "earlier": _shift(shown.month, -1) if shown.month > opened else None,
            "later": _shift(shown.month, +1) if shown.month < today.replace(day=1) else None,
            "exports": [
                (name, f"{reverse('money-statement-file', args=[number, code])}?{urlencode(period)}")
                for code, name in (("pdf", "PDF"), ("csv", "CSV"), ("xml", "camt.053"))
            ],
            **_bank(),
        },
    )


@login_required
@require_GET
def statement_file(request: HttpRequest, number: str, form: str) -> HttpResponse:
    """Hand out a statement as PDF, CSV or camt.053."""
    shown = _statement(request, number)
    owner = request.user.get_full_name() or request.user.email
    made = statement_files.FORMS[form](statement=shown, owner=owner, at=clock.now())
    name = f"statement-{number}-{shown.since.isoformat()}-{shown.until.isoformat()}.{form}"
    return HttpResponse(
        made.content,
        content_type=made.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def _statement(request: HttpRequest, number: str) -> queries.AccountStatement:
    today = clock.now().date()
    account = queries.account(number=number)
    if account is None or account.holder != access.holder(request):
        raise Http404
    since, until = _day(request.GET.get("since", "")), _day(request.GET.get("until", ""))
    if since and until and since <= until:
        # A year at most, so that one page or file stays one.
        return queries.statement_of_days(number=number, since=max(since, until - LONGEST), until=min(until, today))
    return queries.statement(number=number, month=_month(request.GET.get("month", ""), today=today))


@require_http_methods(["GET", "POST"])
def card_question(request: HttpRequest, reference: str) -> HttpResponse:
    """Stand in for the page of the card's bank: the payer agrees or not, and goes back to where he came from."""
    question = queries.card_question(reference=reference)
    if question is None or not operations.cards_are_played():
        raise Http404
    if request.method == "GET":
        return render(request, "payments/card_question.html", {"question": question})
    agreed = request.POST.get("answer") == "agree"
    operations.answer_for_card(reference=reference, agreed=agreed, at=clock.now())
    return redirect(question.return_url or "/")


def _bank() -> dict[str, str]:
    return {
        "bank": settings.RIALTO_POLICY.BANK_NAME,
        "reference_help": _("Any reference will do: the number is enough."),
    }


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year >= 2000 else None


def _month(text: str, *, today: date) -> date:
    try:
        wanted = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return today.replace(day=1)
    return min(wanted, today.replace(day=1)) if wanted.year >= 2000 else today.replace(day=1)


def _shift(month: date, by: int) -> date:
    index = month.year * 12 + month.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)
