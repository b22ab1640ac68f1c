"""Information, money and goods of every consignment that something happened to: what disagrees is a case."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from payments.models import OperationsCase, ReconciliationRun
from payments.operations import cases
from payments.reconciliation import runs

SOURCE = "consignment"
KIND = f"reconcile_{SOURCE}"
# What an event still on its way will bring is no difference; an hour is long for an event.
SETTLES_WITHIN = timedelta(hours=1)


def reconcile_consignments(*, at: datetime) -> ReconciliationRun:
    """Compare the consignments that changed since the last run, and those with an open case.

    A consignment that agrees again has its case closed. However many there are in all, only these are looked at.
    """
    with transaction.atomic():
        runs.lock(source=SOURCE)
        run, _made = ReconciliationRun.objects.get_or_create(source=SOURCE, day=at.date())
        last = ReconciliationRun.objects.filter(source=SOURCE, collected_until__isnull=False)
        since = last.order_by("-collected_until").values_list("collected_until", flat=True).first()
        until = max(at - SETTLES_WITHIN, since) if since else at - SETTLES_WITHIN
        waiting = OperationsCase.objects.filter(kind=KIND).exclude(state="closed").values_list("key", flat=True)
        compare = import_string(settings.RIALTO_CONSIGNMENT_DIFFERENCES)
        looked_at, differ = compare(since=since, until=until, numbers=list(waiting))
        _close(numbers=set(waiting) - set(differ), at=at)
        cases.open_cases(requests=[_case(number, sentences, at) for number, sentences in sorted(differ.items())])
        run.matched += looked_at - len(differ)
        run.unmatched = OperationsCase.objects.filter(kind=KIND).exclude(state="closed").count()
        run.collected_until = until
        run.save(update_fields=["matched", "unmatched", "collected_until"])
    return run


def _close(*, numbers: set[str], at: datetime) -> None:
    reason = _("Order, money and goods agree again.")
    asked = [cases.CloseCase(kind=KIND, key=number, reason=reason, at=at) for number in sorted(numbers)]
    cases.close_settled_cases(requests=asked)


def _case(number: str, sentences: list[str], at: datetime) -> cases.OpenCase:
    return cases.OpenCase(
        kind=KIND,
        key=number,
        subject=_("Consignment %(number)s: order, money and goods disagree") % {"number": number},
        names=(number,),
        text="\n".join(sentences),
        at=at,
    )
