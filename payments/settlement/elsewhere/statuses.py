"""What the other bank answered to a file of ours: each payment accepted or rejected, all in one transaction."""

from __future__ import annotations

from datetime import datetime

from payments.models import Batch, OutgoingPayment
from payments.models.changes import Changes
from payments.settlement import iso20022
from payments.settlement.elsewhere import giving_back
from payments.states import OUTGOING, may, move

# A settled payment is accepted here: only its booking on our account takes it out of transit.
ACCEPTED = frozenset({"ACCP", "ACSP", "ACSC", "ACCC", "ACTC", "ACWC", "ACWP", "ACPT"})
WAITING = frozenset({"", "PDNG", "RCVD", "PART", "ACFC"})
_SENT = ("sent", "accepted", "partly_accepted", "rejected", "settled")


def apply(*, report: iso20022.StatusReport, at: datetime) -> tuple[int, str]:
    """Apply a status report in the caller's transaction; return how many payments it speaks of, or why it is refused.

    What is said again, or too late, changes nothing.
    """
    batch = Batch.objects.select_for_update().filter(reference=report.original_message_id).first()
    if batch is None or batch.state not in _SENT:
        return 0, f"The report is about the file {report.original_message_id}, which is none that was sent from here."
    payments = {
        row.end_to_end_id: row for row in OutgoingPayment.objects.filter(batch=batch).order_by("pk").select_for_update()
    }
    said = {one.end_to_end_id: one for one in report.payments}
    problem = _problem(report=report, payments=payments, said=said)
    if problem:
        return 0, problem
    changes = Changes()
    rejected: dict[str, list[OutgoingPayment]] = {}
    for name, row in payments.items():
        one = said.get(name)
        status = (one.status if one else "") or report.status
        if status in ACCEPTED and row.state == "sent":
            row.state = move(machine=OUTGOING, state=row.state, event="accept")
            changes.add(row, "state")
        elif status == "RJCT" and may(machine=OUTGOING, state=row.state, event="reject"):
            source = one if one and (one.reason or one.text) else report
            reason = " ".join(part for part in (source.reason, source.text) if part)
            rejected.setdefault(reason or "rejected by the other bank", []).append(row)
    for reason, rows in rejected.items():
        giving_back.give_back(payments=rows, batch=batch, event="reject", reason=reason, changes=changes, at=at)
    changes.write()
    giving_back.advance(batch=batch, changes=changes)
    changes.write()
    return len(said) or len(payments), ""


def _problem(
    *,
    report: iso20022.StatusReport,
    payments: dict[str, OutgoingPayment],
    said: dict[str, iso20022.PaymentStatus],
) -> str:
    for name, one in said.items():
        row = payments.get(name)
        if row is None:
            return f"The report speaks of the payment {name}, which is not in {report.original_message_id}."
        if one.amount is not None and (one.amount, one.currency) != (row.amount, row.currency):
            return f"The report gives {name} as {one.amount} {one.currency}, and it is {row.amount} {row.currency}."
    for status in {report.status, *(one.status for one in said.values())}:
        if status not in ACCEPTED | WAITING | {"RJCT"}:
            return f"The report gives a status {status!r}, which is not known here."
    return ""
