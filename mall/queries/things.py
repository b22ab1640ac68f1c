"""Which pages of the mall show what the bank's book names: merchants' stores."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from mall.merchants.models import Merchant


def pages(*, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (what it is, address) for each name that is a merchant's, like `merchant:3`."""
    ids = [int(found[1]) for name in names if (found := re.fullmatch(r"merchant:([0-9]{1,18})", name))]
    if not ids:
        return []
    rows = Merchant.objects.filter(pk__in=ids).order_by("pk").values_list("name", "slug")
    return [(_("Store %(name)s") % {"name": name}, reverse("store", args=[slug])) for name, slug in rows]
