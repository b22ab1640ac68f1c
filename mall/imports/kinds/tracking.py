"""Tracking numbers: one line a parcel, known by its order's number or its own; the parcel counts as sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from mall import actors
from mall.fulfilment import operations as fulfilment
from mall.fulfilment import states
from mall.fulfilment.models import Consignment
from mall.fulfilment.requests import Dispatch, UnableToMoveConsignment
from mall.imports.from_file import FromFile
from mall.imports.models import TRACKING, Import, ImportLine
from mall.imports.offers import plain_line
from mall.imports.shape import Checked, Field, Outcome, Problem
from mall.imports.text_files import RawLine
from mall.merchants import roles

_LONGEST = {"carrier": 64, "tracking": 128}


class Tracking(FromFile):
    """Parcels handed to their carriers."""

    code = TRACKING
    permission = roles.ORDERS
    can_be_undone = False
    at_once = 100

    def fields(self) -> Sequence[Field]:
        """Return the columns of the format."""
        return (
            Field(code="number", label=_("Order number"), key=True, required=True, example="100042",
                  help=_("The order's number, or the parcel's; each once in the file."),
                  synonyms=("Order", "Order number", "Order id", "Order no", "Consignment", "Parcel", "Bestellnummer",
                            "Auftragsnummer", "Commande", "Pedido", "Ordine", "Reference", "Name")),
            Field(code="carrier", label=_("Carrier"), required=True, example="DHL",
                  help=_("Who brings it."),
                  synonyms=("Carrier", "Shipping carrier", "Shipping company", "Versanddienst", "Versanddienstleister",
                            "Transporteur", "Transportista", "Corriere", "Courier")),
            Field(code="tracking", label=_("Tracking number"), required=True, example="00340434161094021234",
                  help=_("By which the buyer follows it."),
                  synonyms=("Tracking number", "Tracking", "Tracking id", "Tracking code", "Sendungsnummer",
                            "Paketnummer", "Numéro de suivi", "Número de seguimiento", "Shipment number")),
        )  # fmt: skip

    def check(self, *, imported: Import, lines: Sequence[tuple[RawLine, dict[str, str]]]) -> list[Checked]:
        """Return which parcels would be sent; nothing is written."""
        checked = [self._read(raw=raw, texts=texts) for raw, texts in lines]
        parcels = _parcels(merchant_id=imported.merchant_id, numbers=[line.key for line in checked if line.key])
        for line in checked:
            if line.key:
                _compare(line=line, parcel=parcels.get(line.key))
        return checked

    def _read(self, *, raw: RawLine, texts: Mapping[str, str]) -> Checked:
        line = Checked(number=raw.number, cells=raw.cells)
        if raw.fault[0]:
            line.problems.append(Problem("", *raw.fault))
            return line
        values = {name: plain_line(text) for name, text in texts.items()}
        for field in self.fields():
            text = values.get(field.code, "")
            if not text:
                remedy = _("Fill in “%(column)s”.") % {"column": field.label}
                line.problems.append(Problem(field.label, _("It is empty."), remedy))
            elif len(text) > _LONGEST.get(field.code, 128):
                what = _("It is longer than %(most)d characters.") % {"most": _LONGEST.get(field.code, 128)}
                line.problems.append(Problem(field.label, what, _("Check whether it is the right one.")))
        line.key = values.pop("number", "").removeprefix("#")[:128]
        line.values = {name: text for name, text in values.items() if text}
        return line

    def apply(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Send the parcels; their money is taken and their buyers are told."""
        by = actors.Actor(actors.MERCHANT, user_id=imported.confirmed_by_id, merchant_id=imported.merchant_id)
        results = fulfilment.dispatch_consignments(
            requests=[
                Dispatch(
                    consignment_number=str(line.values["parcel"]),
                    carrier=str(line.values["carrier"]),
                    tracking=str(line.values["tracking"]),
                    by=by,
                    at=at,
                )
                for line in lines
            ]
        )
        return [
            Outcome({}, {}, [Problem("", str(result), _("Look at the order."))], done=False)
            if isinstance(result, UnableToMoveConsignment)
            else Outcome(line.before, line.after)
            for line, result in zip(lines, results, strict=True)
        ]

    def undo(self, *, imported: Import, lines: Sequence[ImportLine], at: datetime) -> list[Outcome]:
        """Refuse: what was handed to a carrier is on its way.

        :raises NotImplementedError: always; `can_be_undone` says so before.
        """
        raise NotImplementedError("A parcel that was sent cannot be called back.")


def _parcels(*, merchant_id: int, numbers: Sequence[str]) -> dict[str, Consignment]:
    rows = Consignment.objects.filter(merchant_id=merchant_id).filter(
        Q(number__in=numbers) | Q(order__number__in=numbers)
    )
    found: dict[str, Consignment] = {}
    for row in rows.select_related("order"):
        found[row.number] = found[row.order.number] = row
    return found


def _compare(*, line: Checked, parcel: Consignment | None) -> None:
    label = _("Order number")
    if parcel is None or parcel.status == states.AWAITING_PAYMENT:
        what = _("You have no paid order “%(number)s”.") % {"number": line.key}
        line.problems.append(Problem(label, what, _("Check the number; an order that is not paid is not sent.")))
        return
    # One parcel may be named by its order and by itself.
    line.key = parcel.number
    line.values["parcel"] = parcel.number
    if parcel.status in states.sources(event="dispatch"):
        line.before = {"status": parcel.status}
        line.after = {"status": states.DISPATCHED} | {
            name: line.values[name] for name in ("carrier", "tracking") if name in line.values
        }
    elif parcel.dispatched_at is not None and parcel.tracking != line.values.get("tracking"):
        what = _("The parcel was sent on %(day)s as %(tracking)s.") % {
            "day": f"{parcel.dispatched_at:%d.%m.%Y}",
            "tracking": f"{parcel.carrier} {parcel.tracking}".strip() or "–",
        }
        line.problems.append(Problem(label, what, _("Delete the line, or check the order's number.")))
    elif parcel.dispatched_at is None:
        what = _("The parcel is %(status)s: it is not sent any more.") % {"status": parcel.get_status_display().lower()}
        line.problems.append(Problem(label, what, _("Delete the line.")))
