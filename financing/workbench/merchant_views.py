"""A merchant's financing: the offer, asking, signing, and how running advances are repaid."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from financing import queries
from financing.lending import products
from financing.lending.models import Product, ProductKind
from financing.lending.queries import offers_left
from financing.lending.quotes import Quote, UnableToQuote, quote
from financing.servicing import advances
from financing.servicing.advances import AskAdvance, SignAdvance, UnableToAdvance
from financing.signature import SignForm
from financing.underwriting import queries as cases
from financing.underwriting.errors import NotReady, UnableToApply
from financing.underwriting.models import Application, Offer
from financing.workbench import charts
from financing.workbench.access import frame, owner_page, reference
from financing.workbench.forms import AskForm
from mall.queries import trade
from mall.queries.merchants import Workplace
from payments import clock
from payments.money import Money

CODE = "advance"
MONTHS = 6


@owner_page
@require_safe
def financing(request: HttpRequest, place: Workplace) -> HttpResponse:
    """Show the offer, what waits for a signature or an officer, and the advances."""
    now = clock.now()
    merchant = _merchant(place)
    offer, product = _offer(place, now)
    context = frame(request, place) | {
        "offer": offer,
        "why_not": [] if offer else cases.why_no_offer(subject_id=merchant),
        "waiting": cases.waiting(subject_id=merchant, at=now)[:5],
        "declined": cases.declined_lately(subject_id=merchant, at=now),
        "loans": [(view, _projected(view, place, now)) for view in queries.loans_of(borrower=merchant, on=now.date())],
        "example": _quote(product, offer, offer.limit, place, now) if offer and product else None,
    }
    return render(request, "financing/merchant.html", context)


@owner_page
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, place: Workplace) -> HttpResponse:
    """First click: choose the amount and see its terms; second: sign them, and be paid or wait for an officer."""
    now = clock.now()
    offer, product = _offer(place, now)
    if offer is None or product is None:
        # Who signed twice finds there what became of the first time.
        if request.method != "POST":
            messages.info(request, _("There is no offer at present."))
        return redirect("merchant-financing")
    given = request.POST if request.method == "POST" else request.GET
    if "amount" not in given:
        initial = {"amount": Money(offer.limit, place.currency).to_decimal(), "key": secrets.token_hex(8)}
        return _choose(request, place, AskForm(initial=initial, **_bounds(offer)), offer)
    form = AskForm(given, **_bounds(offer))
    if not form.is_valid():
        return _choose(request, place, form, offer, status=422)
    quoted = _quote(product, offer, form.cleaned_data["amount"], place, now)
    text = advances.disclose_advance(quote=quoted, merchant=_merchant(place))
    sign = SignForm(request.POST if request.method == "POST" else None, initial={"sha256": text.sha256})
    if request.method == "POST" and sign.is_valid():
        return _apply_and_sign(request, place, offer, form.cleaned_data, sign.cleaned_data)
    context = frame(request, place) | {
        "quote": quoted,
        "text": text,
        "form": sign,
        "ask": form.cleaned_data,
        "amount_typed": Decimal(form.data["amount"]),
        "chart": _sales_chart(place, now),
        "referred": False,
    }
    return render(request, "financing/merchant_sign.html", context, status=422 if sign.errors else 200)


@owner_page
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, place: Workplace, pk: int) -> HttpResponse:
    """Show an approved advance's final terms, and take the signature."""
    now = clock.now()
    application = cases.application(application_id=pk)
    if application is None or application.subject_id != _merchant(place):
        raise Http404
    product = products.active_by_code(codes=[(application.product, application.currency)]).get(
        (application.product, application.currency)
    )
    if application.state != Application.State.APPROVED or product is None:
        return redirect("merchant-financing")
    quoted, text = advances.quote_approved(application=application, product=product, at=now)
    form = SignForm(request.POST if request.method == "POST" else None, initial={"sha256": text.sha256})
    if request.method == "POST" and form.is_valid():
        return _sign(request, application, form.cleaned_data)
    context = frame(request, place) | {"quote": quoted, "text": text, "form": form, "referred": True}
    return render(request, "financing/merchant_sign.html", context, status=422 if form.errors else 200)


def _apply_and_sign(
    request: HttpRequest, place: Workplace, offer: Offer, asked: dict[str, object], signed: dict[str, object]
) -> HttpResponse:
    try:
        [application] = advances.ask_for_advances(
            requests=[
                AskAdvance(
                    key=f"{_merchant(place)}:{asked['key']}",
                    merchant=_merchant(place),
                    currency=place.currency,
                    amount=asked["amount"],
                    offer_id=offer.pk,
                    applied_by=reference(request),
                    at=clock.now(),
                )
            ]
        )
    except NotReady as problem:
        messages.error(request, str(problem))
        return redirect("merchant-financing")
    if isinstance(application, UnableToApply):
        messages.warning(request, str(application))
    elif application.state in (Application.State.APPROVED, Application.State.TAKEN):
        return _sign(request, application, signed)
    elif application.state == Application.State.DECLINED:
        reasons = "; ".join(reason["text"] for reason in application.reasons)
        messages.warning(request, _("We cannot lend this now: %(reasons)s.") % {"reasons": reasons})
    else:
        messages.success(request, _("An officer looks at it now. You sign when it is approved."))
    return redirect("merchant-financing")


def _sign(request: HttpRequest, application: Application, signed: dict[str, object]) -> HttpResponse:
    [loan] = advances.sign_advances(
        requests=[
            SignAdvance(
                application_id=application.pk,
                signer=reference(request),
                signature=signed["signature"],
                sha256=signed["sha256"],
                at=clock.now(),
            )
        ]
    )
    if isinstance(loan, UnableToAdvance):
        messages.warning(request, str(loan))
        if isinstance(loan, advances.TermsChanged):
            return redirect("merchant-financing-sign", application.pk)
    else:
        paid = Money(loan.principal, loan.currency).format()
        messages.success(request, _("Signed. %(amount)s is in your account.") % {"amount": paid})
    return redirect("merchant-financing")


def _choose(request: HttpRequest, place: Workplace, form: AskForm, offer: Offer, status: int = 200) -> HttpResponse:
    context = frame(request, place) | {"form": form, "offer": offer}
    return render(request, "financing/merchant_ask.html", context, status=status)


def _merchant(place: Workplace) -> str:
    return f"merchant:{place.merchant_id}"


def _offer(place: Workplace, now: datetime) -> tuple[Offer | None, Product | None]:
    offers = offers_left(subject_id=_merchant(place), at=now, currency=place.currency)
    offer = next((one for one in offers if one.product_kind == ProductKind.ADVANCE), None)
    product = None
    if offer is not None:
        codes = [(offer.product, offer.currency)]
        product = products.active_by_code(codes=codes).get(codes[0])
    return offer, product


def _bounds(offer: Offer) -> dict[str, object]:
    return {"currency": offer.currency, "least": offer.minimum, "most": offer.limit}


def _quote(product: Product, offer: Offer, amount: int, place: Workplace, now: datetime) -> Quote | None:
    try:
        return quote(product=product, amount=amount, starts_on=now.date(), fee_bps=offer.fee_bps)
    except UnableToQuote:
        return None


def _projected(view: queries.LoanView, place: Workplace, now: datetime) -> datetime | None:
    """Return when a running advance is repaid if sales go on as in the last months."""
    if view.state != "active" or not view.share_bps or not view.payoff:
        return None
    history = trade.months(reference=_merchant(place), at=now, count=MONTHS)
    daily = sum(month.amount - month.refunded for month in history) / (MONTHS * 30)
    share = daily * view.share_bps / 10_000
    return now + timedelta(days=min(3_650, view.payoff / share)) if share > 0 else None


def _sales_chart(place: Workplace, now: datetime) -> str:
    history = trade.months(reference=_merchant(place), at=now)
    if not any(month.orders for month in history):
        return ""
    unit = Money(1, place.currency).to_decimal()
    return charts.bars(
        labels=[f"{month.month:%m/%y}" for month in history],
        values=[float(month.amount * unit) for month in history],
        title=_("Your sales by month"),
        unit=place.currency,
    )
