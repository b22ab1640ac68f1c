"""Which pages show what the bank's book names: a loan's accounts, and the order it pays for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from financing.lending.models import Loan


def pages(*, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (what it is, address) for each name that is a loan's, like ``loan:7``."""
    ids = [int(found[1]) for name in names if (found := re.fullmatch(r"loan:([0-9]{1,18})", name))]
    if not ids:
        return []
    found = []
    for loan in Loan.objects.filter(pk__in=ids).order_by("pk"):
        words = {"loan": loan.pk, "kind": loan.get_kind_display(), "borrower": loan.borrower}
        accounts = f"{reverse('book-accounts')}?{urlencode({'q': f'loan:{loan.pk}:'})}"
        found.append((_("Accounts of loan %(loan)s, %(kind)s to %(borrower)s") % words, accounts))
        if loan.payment_id:
            order = f"{reverse('ops-find')}?{urlencode({'q': loan.reference})}"
            found.append((_("Order %(number)s, which it pays for") % {"number": loan.reference}, order))
    return found
