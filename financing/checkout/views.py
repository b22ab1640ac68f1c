"""The signing page of a plan: everything that counts on one page, one signature, and on with the order."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from financing.checkout import signing
from financing.checkout.signing import NotYourPlan, Shown, SignPlan, UnableToSign
from financing.lending.models import Loan
from financing.signature import SignForm
from financing.underwriting.errors import NotReady
from payments import clock
from payments import operations as bank
from payments import queries as payments


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pay_later(request: HttpRequest, tender_id: int) -> HttpResponse:
    """Show the plan of a tender, take the signature, and go on with the payment."""
    me, now = f"user:{request.user.pk}", clock.now()
    try:
        shown = signing.show(tender_id=tender_id, signer=me, at=now)
    except NotYourPlan:
        raise Http404 from None
    except UnableToSign as problem:
        messages.warning(request, str(problem))
        return redirect(_back(request, tender_id))
    if isinstance(shown, Loan):
        return _go_on(request, tender_id, shown.payment_id)
    data = request.POST if request.method == "POST" else None
    form = SignForm(data, initial={"sha256": shown.disclosure.sha256})
    if request.method == "POST" and form.is_valid():
        done = _sign(request, tender_id, me, form)
        if done is not None:
            return done
        shown = signing.show(tender_id=tender_id, signer=me, at=now)
        form = SignForm(initial={"sha256": shown.disclosure.sha256, "signature": form.cleaned_data["signature"]})
    return render(
        request, "financing/pay_later.html", _context(request, shown, form), status=422 if form.errors else 200
    )


def _sign(request: HttpRequest, tender_id: int, me: str, form: SignForm) -> HttpResponse | None:
    """Sign; return where to go, or nothing when the terms have to be read again."""
    evidence = {"agent": request.headers.get("User-Agent", "")[:200]}
    try:
        [result] = signing.sign_plans(
            requests=[
                SignPlan(
                    tender_id=tender_id,
                    signer=me,
                    signature=form.cleaned_data["signature"],
                    sha256=form.cleaned_data["sha256"],
                    evidence=evidence,
                    at=clock.now(),
                )
            ]
        )
    except NotReady as problem:
        result = UnableToSign(str(problem))
    if isinstance(result, signing.TermsChanged):
        messages.warning(request, str(result))
        return None
    if isinstance(result, UnableToSign):
        messages.error(request, str(result))
        return redirect(_back(request, tender_id))
    return _go_on(request, tender_id, result.payment_id)


def _go_on(request: HttpRequest, tender_id: int, payment_id: int) -> HttpResponse:
    """Authorise the payment again, now that the plan is signed, and return to the order."""
    [outcome] = bank.authorise_payments(requests=[bank.Authorise(payment_id=payment_id, at=clock.now())])
    if isinstance(outcome, bank.PaymentOutcome):
        if outcome.action_url and outcome.action_url != request.path:
            return redirect(outcome.action_url)
        if outcome.refusal:
            messages.error(request, outcome.refusal)
    return redirect(_back(request, tender_id))


def _back(request: HttpRequest, tender_id: int) -> str:
    """Return where the order goes on: the payment's own return address, if it is one of ours."""
    found = payments.tenders(tender_ids=[tender_id]).get(tender_id)
    address = found.return_url if found else ""
    if address and url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}):
        return address
    try:
        return reverse("orders")
    except NoReverseMatch:
        return "/"


def _context(request: HttpRequest, shown: Shown, form: SignForm) -> dict[str, object]:
    return {
        "quote": shown.quote,
        "dues": shown.quote.dues,
        "product": shown.product,
        "reference": shown.tender.reference,
        "paragraphs": shown.disclosure.text.split("\n\n"),
        "sha256": shown.disclosure.sha256,
        "back": _back(request, shown.tender.tender_id),
        "form": form,
        "rate": f"{shown.quote.rate_bps / 100:g}",
        "title": _("Pay in %(count)s payments") % {"count": len(shown.quote.dues)},
    }
