"""What the pages of operations and merchants about a dispute share: the form of the evidence, words, the history."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from payments.operations.evidence import LONGEST_TEXT, Paper
from payments.queries.disputes import DisputePage

STATES = {
    "noticed": (_("Noticed"), ""),
    "inquiry": (_("The bank asks"), "warn"),
    "inquiry_under_review": (_("Answer being read"), "accent"),
    "inquiry_closed": (_("Question closed"), "good"),
    "needs_response": (_("Waits for an answer"), "warn"),
    "under_review": (_("Being decided"), "accent"),
    "won": (_("Won"), "good"),
    "lost": (_("Lost"), "bad"),
}
EVENTS = {
    **{state: label for state, (label, _kind) in STATES.items()},
    "contest": _("The merchant contests it"),
    "accept": _("The merchant accepts it"),
    "submit_asked": _("Evidence sent to the card's bank"),
    "accept_asked": _("Accepted at the card's bank"),
    "note": _("Note"),
}
MOVEMENTS = {
    "taken": _("Taken by the card's bank"),
    "covered": _("Held in addition"),
    "reinstated": _("Given back by the card's bank"),
    "recovered": _("Came back after the loss"),
    "lost": _("Lost"),
}
REASONS = {
    "fraudulent": _("The holder did not pay this himself"),
    "product_not_received": _("It did not arrive"),
    "product_unacceptable": _("It is not as described"),
    "duplicate": _("Paid twice"),
    "credit_not_processed": _("A refund did not come"),
    "subscription_canceled": _("It had been canceled"),
    "unrecognized": _("The holder does not recognize it"),
    "general": _("No reason given"),
}
_LONG = ("refund_refusal_explanation", "uncategorized_text", "product_description")
TEXTS = {
    "uncategorized_text": _("Why the charge was right"),
    "product_description": _("What was sold"),
    "customer_name": _("Buyer's name"),
    "customer_email_address": _("Buyer's email"),
    "shipping_carrier": _("Carrier"),
    "shipping_tracking_number": _("Tracking number"),
    "shipping_date": _("Sent on"),
    "shipping_address": _("Sent to"),
    "refund_refusal_explanation": _("Why nothing was paid back"),
}
PAPERS = {
    "receipt": _("Receipt or invoice"),
    "shipping_documentation": _("Proof of delivery"),
    "customer_communication": _("Messages with the buyer"),
    "uncategorized_file": _("Another paper"),
}


class EvidenceForm(forms.Form):
    """The texts and papers of the evidence, begun with what is known of the order."""

    def __init__(self, *arguments: object, page: DisputePage, **named: object) -> None:
        known = dict(page.story.texts) if page.story else {}
        super().__init__(*arguments, initial=known | page.texts, **named)
        for name, label in TEXTS.items():
            widget = forms.Textarea(attrs={"rows": 4}) if name in _LONG else forms.TextInput()
            self.fields[name] = forms.CharField(label=label, required=False, max_length=LONGEST_TEXT, widget=widget)
        for name, label in PAPERS.items():
            widget = forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"})
            self.fields[name] = forms.FileField(label=label, required=False, widget=widget)

    def texts(self) -> dict[str, str]:
        """Return the texts by the provider's names."""
        return {name: self.cleaned_data[name].strip() for name in TEXTS}

    def papers(self) -> list[Paper]:
        """Return the papers that were uploaded."""
        given: dict[str, UploadedFile] = {name: self.cleaned_data[name] for name in PAPERS if self.cleaned_data[name]}
        return [Paper(kind=name, name=file.name, content=file.read()) for name, file in given.items()]


class WordForm(forms.Form):
    """A word to the other side."""

    text = forms.CharField(label=_("Your message"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 3}))


def listed(rows: list) -> list[tuple[object, object, str, object]]:
    """Return rows with their states and reasons in words."""
    return [(row, *STATES[row.state], reason(row.reason)) for row in rows]


def reason(code: str) -> object:
    """Return a reason in words."""
    return REASONS.get(code, code.replace("_", " "))


def shown(page: DisputePage, *, people: dict[str, str]) -> dict[str, object]:
    """Return what both pages show of a dispute."""
    label, kind = STATES[page.row.state]
    return {
        "page": page,
        "row": page.row,
        "state": label,
        "state_kind": kind,
        "reason": reason(page.row.reason),
        "papers": [(PAPERS.get(paper.kind, paper.kind), paper) for paper in page.papers],
        "movements": [(MOVEMENTS[move.kind], move) for move in page.movements],
        "steps": [
            {
                "label": EVENTS.get(event.kind, event.kind),
                "state": "bad" if event.kind == "lost" else "done",
                "at": event.at,
                "note": " · ".join(filter(None, (people.get(event.by, ""), event.text))),
            }
            for event in page.events
        ],
    }
