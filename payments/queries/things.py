"""Which pages of operations show what the book names: payments, consignments, settlements with their payouts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from payments.models import Part, Payment, Settlement


def pages(*, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (what it is, address) for each name that is one of payments'."""
    ids = [int(found[1]) for name in names if (found := re.fullmatch(r"payment:([0-9]{1,18})", name))]
    found = []
    payments = Payment.objects.filter(Q(reference__in=names) | Q(pk__in=ids)).order_by("pk")[:20]
    for reference in payments.values_list("reference", flat=True):
        found.append((_("Order %(number)s and its payment") % {"number": reference}, _find(reference)))
    parts = Part.objects.filter(reference__in=names).select_related("payment").order_by("pk")
    for part in parts:
        words = {"part": part.reference, "number": part.payment.reference}
        found.append((_("Consignment %(part)s of order %(number)s") % words, _find(part.payment.reference)))
    return [*found, *_settlements(names)]


def _settlements(names: Sequence[str]) -> list[tuple[str, str]]:
    wanted = Q()
    for name in names:
        merchant, _at, day = name.partition("@")
        if re.fullmatch(r"\d{4}-\d\d-\d\d", day, flags=re.ASCII):
            try:
                wanted |= Q(merchant=merchant, day=date.fromisoformat(day))
            except ValueError:
                continue
    if not wanted:
        return []
    return [
        (
            _("Settlement of %(merchant)s on %(day)s")
            % {"merchant": row.merchant, "day": formats.date_format(row.day, "j M Y")},
            reverse("ops-settlement", args=[row.pk]),
        )
        for row in Settlement.objects.filter(wanted).order_by("pk")
    ]


def _find(reference: str) -> str:
    return f"{reverse('ops-find')}?{urlencode({'q': reference})}"
