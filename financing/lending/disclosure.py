"""What is shown before signing, as one text: the page prints it, the archive keeps it with its hash. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from financing.lending.models import ProductKind
from financing.lending.quotes import Quote
from payments.money import Money

WITHDRAWAL_DAYS = 14


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The text of an agreement, the figures it was made of, and the hash of both."""

    text: str
    text_version: str
    terms: dict[str, object]
    sha256: str


def disclose(*, quote: Quote, borrower: str, purpose: str) -> Disclosure:
    """Return what ``borrower`` is shown and signs for ``quote``; the same figures always give the same hash."""
    terms = _terms(quote, borrower, purpose)
    text = "\n\n".join(_paragraphs(quote, purpose))
    version = quote.product.text_version
    canonical = json.dumps([version, terms, text], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Disclosure(text, version, terms, hashlib.sha256(canonical.encode()).hexdigest())


def _terms(quote: Quote, borrower: str, purpose: str) -> dict[str, object]:
    product = quote.product
    return {
        "borrower": borrower,
        "purpose": purpose,
        "product": product.code,
        "product_version": product.version,
        "currency": quote.currency,
        "amount": quote.amount,
        "total": quote.total,
        "cost": quote.cost,
        "rate_bps": quote.rate_bps,
        "fee": quote.fee,
        "share_bps": quote.share_bps,
        "apr_percent": str(quote.apr_shown),
        "day_count": product.day_count,
        "late_fee": product.late_fee,
        "grace_days": product.grace_days,
        "payments": [[due.due_on.isoformat(), due.principal, due.interest, due.fee] for due in quote.dues],
    }


def _paragraphs(quote: Quote, purpose: str) -> list[str]:
    def amount(minor: int) -> str:
        return Money(minor, quote.currency).format()

    product = quote.product
    lent = _("You borrow %(amount)s for %(purpose)s.") % {"amount": amount(quote.amount), "purpose": purpose}
    if product.kind == ProductKind.ADVANCE:
        return [
            lent,
            _(
                "You pay back %(total)s: the advance and one fee of %(fee)s. There is no interest. The yearly rate"
                " of the cost is %(apr)s %% if your sales repay it in about %(days)s days."
            )
            % {
                "total": amount(quote.total),
                "fee": amount(quote.fee),
                "apr": quote.apr_shown,
                "days": quote.projected_days,
            },
            _(
                "We keep %(share)s %% of each settlement of your sales until it is repaid. Every %(days)s days at"
                " least %(minimum)s must have been repaid; what is missing is taken from your account."
            )
            % {
                "share": f"{quote.share_bps / 100:g}",
                "days": product.repay_every,
                "minimum": amount(quote.dues[0].amount),
            },
            _("All of it is due by %(day)s at the latest. You may pay early at any time.")
            % {"day": date_format(quote.dues[-1].due_on)},
        ]
    last_day = date_format(quote.starts_on + timedelta(days=WITHDRAWAL_DAYS))
    return [
        lent,
        _("You pay back %(total)s in %(count)s payments: %(regular)s each, the last %(last)s on %(day)s.")
        % {
            "total": amount(quote.total),
            "count": len(quote.dues),
            "regular": amount(quote.regular),
            "last": amount(quote.dues[-1].amount),
            "day": date_format(quote.dues[-1].due_on),
        },
        _("Credit costs you %(cost)s. The yearly rate of this cost is %(apr)s %%; interest is %(rate)s %% a year.")
        % {"cost": amount(quote.cost), "apr": quote.apr_shown, "rate": f"{quote.rate_bps / 100:g}"},
        _("Payments are taken from your account on their day. You may pay any part earlier, at no charge.")
        + " "
        + _("Interest runs only on goods already dispatched."),
        _(
            "If a payment is missing %(days)s days after its day, we charge %(fee)s once for it, and interest goes on"
            " as agreed. Missed payments make further credit dearer or impossible."
        )
        % {"days": product.grace_days, "fee": amount(product.late_fee)},
        _("You may withdraw from this agreement until %(day)s without giving a reason, by paying back what is out.")
        % {"day": last_day},
    ]
