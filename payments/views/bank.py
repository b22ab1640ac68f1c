"""The way to another bank and back, and where that bank's notices arrive."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from payments import clock, operations, queries
from payments.providers import bank_signatures, other_bank

MOST_BYTES = 20_000


@never_cache
@require_GET
def go(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what the payer is about to agree to, and lead to his bank."""
    question = queries.bank_question(reference=reference)
    if question is None:
        raise Http404
    context = {"question": question, "bank_url": other_bank.page_url(reference=reference)}
    return render(request, "payments/bank_question.html", context)


@never_cache
@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Take the payer back to his order; what the address says is only believed of who may have written it."""
    reference, status = request.GET.get("payment", "")[:200], request.GET.get("status", "")[:20]
    genuine = bank_signatures.is_genuine(
        secret=other_bank.secret(),
        text=bank_signatures.return_text(reference=reference, status=status),
        signature=request.GET.get("signature", "")[:200],
        now=clock.now().timestamp(),
    )
    question = queries.bank_payment(reference=reference)
    if not genuine or not other_bank.secret() or question is None:
        return render(request, "payments/bank_stranger.html", status=403)
    operations.payer_came_back(reference=reference, at=clock.now())
    return redirect(question.return_url or "/")


@csrf_exempt
@require_POST
def notices(request: HttpRequest) -> HttpResponse:
    """Take a notice of the other bank: signed, not old, kept once."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    text = request.body.decode(errors="replace")
    signature = request.headers.get("Signature", "")[:200]
    secret = other_bank.secret()
    if not secret or not bank_signatures.is_genuine(
        secret=secret, text=text, signature=signature, now=clock.now().timestamp()
    ):
        return HttpResponse(status=403)
    try:
        said = json.loads(text)
        event, reference, status = (str(said[name]) for name in ("event", "payment", "status"))
    except (ValueError, KeyError, TypeError):
        return HttpResponse(status=400)
    operations.take_bank_notice(
        event=event[:100], reference=reference[:200], body={"status": status[:20]}, at=clock.now()
    )
    return HttpResponse(status=204)
