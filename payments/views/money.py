"""One's own money: accounts, statements, and the question a card's bank asks."""

from datetime import UTC, date, datetime

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from payments import clock, operations, queries
from payments.views import access


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
    """Show a month of one of the person's own accounts, with the balance after each line."""
    today = clock.now().date()
    month = _month(request.GET.get("month", ""), today=today)
    account = queries.account(number=number)
    if account is None or account.holder != access.holder(request):
        raise Http404
    shown = queries.statement(number=number, month=month)
    opened = max(account.opened_at.date().replace(day=1), date(2000, 1, 1))
    return render(
        request,
        "payments/statement.html",
        {
            "statement": shown,
            "lines": shown.lines[::-1],
            "earlier": _shift(month, -1) if month > opened else None,
            "later": _shift(month, +1) if month < today.replace(day=1) else None,
            **_bank(),
        },
    )


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


def _month(text: str, *, today: date) -> date:
    try:
        wanted = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        return today.replace(day=1)
    return min(wanted, today.replace(day=1)) if wanted.year >= 2000 else today.replace(day=1)


def _shift(month: date, by: int) -> date:
    index = month.year * 12 + month.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)
