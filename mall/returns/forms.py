"""What buyers, merchants and the bank's people can say of a return."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mall import bank
from mall.merchants.forms import AmountField
from mall.picture_field import PicturesField
from mall.returns.photos import MOST
from mall.returns.queries import ReturnableLine
from mall.returns.reasons import ALL_CONDITIONS, BY_CODE, REASONS
from mall.returns.terms import MOST_DAYS
from mall.returns.windows import policy

_TEXT = {"max_length": 2_000, "required": False}
_ROWS = {"rows": 4}


class AskForm(forms.Form):
    """Which pieces go back, why, and what is to be seen."""

    key = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.ChoiceField(
        label=gettext_lazy("Why does it go back?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please choose why it goes back.")},
    )
    text = forms.CharField(label=gettext_lazy("Tell the store more"), widget=forms.Textarea(attrs=_ROWS), **_TEXT)
    photos = PicturesField(label=gettext_lazy("Pictures"), most=MOST)

    def __init__(self, *args: object, lines: Sequence[ReturnableLine], at: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._lines = [line for line in lines if line.left > 0 and line.window.is_open(at=at)]
        for line in self._lines:
            self.fields[_piece(line)] = forms.TypedChoiceField(
                label=_("How many of %(title)s?") % {"title": line.title},
                choices=[(number, str(number)) for number in range(min(line.left, 99) + 1)],
                coerce=int,
                initial=1 if len(self._lines) == 1 else 0,
            )
        payers = policy().delivery_paid_by
        told = {"buyer": _("you pay the way back"), "store": _("the store pays the way back")}
        self.fields["reason"].choices = [
            (reason.code, f"{reason.label} · {told[payers[reason.code]]}") for reason in REASONS
        ]

    def lines(self) -> list[tuple[ReturnableLine, forms.BoundField]]:
        """Return the lines that can go back, each with its field."""
        return [(line, self[_piece(line)]) for line in self._lines]

    def pieces(self) -> tuple[tuple[int, int], ...]:
        """Return how many pieces of each line go back."""
        return tuple((line.line_id, self.cleaned_data[_piece(line)]) for line in self._lines)

    def clean(self) -> dict[str, object]:
        """Say what is missing beside the field it is missing in."""
        data = super().clean()
        counts = [data.get(_piece(line), 0) for line in self._lines]
        if self._lines and not any(counts):
            self.add_error(_piece(self._lines[0]), _("Please choose at least one piece that goes back."))
        reason = BY_CODE.get(data.get("reason", ""))
        if reason and reason.fault and not data.get("text", "").strip():
            self.add_error("text", _("Please tell the store in a few words what is wrong."))
        return data

    @property
    def lost_files(self) -> bool:
        """Tell whether pictures have to be chosen again, as browsers do not keep them."""
        return bool(self.errors and self.files)


def _piece(line: ReturnableLine) -> str:
    return f"piece-{line.line_id}"


class AnswerForm(forms.Form):
    """What a store answers a buyer."""

    text = forms.CharField(label=gettext_lazy("What the buyer will read"), widget=forms.Textarea(attrs=_ROWS), **_TEXT)


class OfferForm(forms.Form):
    """The part a store offers a buyer who keeps the goods."""

    amount = AmountField(label=gettext_lazy("Amount"), min_value=Decimal("0.01"))
    text = forms.CharField(label=gettext_lazy("What the buyer will read"), widget=forms.Textarea(attrs=_ROWS), **_TEXT)

    def __init__(self, *args: object, currency: str, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        shown = bank.text(amount=most, currency=currency)
        self.fields["amount"].help_text = _("Below %(most)s, which is all of it.") % {"most": shown}

    def clean_amount(self) -> int:
        """Return minor units."""
        return bank.minor(amount=self.cleaned_data["amount"], currency=self._currency)


class DeclineForm(forms.Form):
    """Why a store does not take goods back, and what shows it."""

    text = forms.CharField(
        label=gettext_lazy("Why, as the buyer will read it"),
        widget=forms.Textarea(attrs=_ROWS),
        max_length=2_000,
        error_messages={"required": gettext_lazy("Please tell the buyer why you decline.")},
    )
    photos = PicturesField(label=gettext_lazy("Pictures"), most=MOST)


class SendForm(forms.Form):
    """With which carrier the goods go back."""

    carrier = forms.CharField(label=gettext_lazy("Carrier"), max_length=64, required=False)
    tracking = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=128,
        error_messages={
            "required": gettext_lazy("Please give the number by which the parcel can be followed: it is your proof.")
        },
    )


class ReceiveForm(forms.Form):
    """In what condition the goods came, and what goes back when it is not all."""

    condition = forms.ChoiceField(
        label=gettext_lazy("In what condition did it come?"),
        choices=[(condition.code, condition.label) for condition in ALL_CONDITIONS],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please say in what condition the goods came.")},
    )
    amount = AmountField(label=gettext_lazy("Give back"), required=False, min_value=Decimal(0))
    text = forms.CharField(
        label=gettext_lazy("Why less, as the buyer will read it"), widget=forms.Textarea(attrs=_ROWS), **_TEXT
    )
    photos = PicturesField(label=gettext_lazy("Pictures"), most=MOST)

    def __init__(self, *args: object, currency: str, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._currency, self._most = currency, most
        shown = bank.text(amount=most, currency=currency)
        self.fields["amount"].help_text = _("Leave it empty to give back all of it: %(most)s.") % {"most": shown}

    def clean_amount(self) -> int | None:
        """Return minor units, nothing for all of it."""
        typed = self.cleaned_data["amount"]
        if typed is None:
            return None
        amount = bank.minor(amount=typed, currency=self._currency)
        if amount > self._most:
            shown = bank.text(amount=self._most, currency=self._currency)
            raise forms.ValidationError(_("No more than %(most)s can go back.") % {"most": shown})
        return amount

    def clean(self) -> dict[str, object]:
        """Ask why where less goes back."""
        data = super().clean()
        amount = data.get("amount")
        if amount is not None and amount < self._most and not data.get("text", "").strip():
            self.add_error("text", _("Please tell the buyer why you give back less."))
        return data


class WordForm(forms.Form):
    """Words, and pictures, of either side."""

    text = forms.CharField(label=gettext_lazy("What should be known"), widget=forms.Textarea(attrs=_ROWS), **_TEXT)
    photos = PicturesField(label=gettext_lazy("Pictures"), most=MOST)


class CallForm(WordForm):
    """What the bank should know before it decides."""

    text = forms.CharField(
        label=gettext_lazy("What should the bank know?"),
        widget=forms.Textarea(attrs=_ROWS),
        max_length=2_000,
        error_messages={"required": gettext_lazy("Please tell the bank what it should know: it reads both sides.")},
    )


class DecisionForm(forms.Form):
    """What the bank decides, and why."""

    ALL, PART, NONE = "all", "part", "none"

    outcome = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Please choose a decision.")},
    )
    amount = AmountField(label=gettext_lazy("Amount, when it is a part"), required=False, min_value=Decimal("0.01"))
    reason = forms.CharField(
        label=gettext_lazy("Reason, as both sides will read it"),
        widget=forms.Textarea(attrs=_ROWS),
        max_length=500,
        error_messages={"required": gettext_lazy("Please give the reason: buyer and store both read it.")},
    )

    def __init__(self, *args: object, currency: str, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._currency, self._most = currency, most
        shown = bank.text(amount=most, currency=currency)
        self.fields["outcome"].choices = [
            (self.ALL, _("All of it goes back: %(most)s") % {"most": shown}),
            (self.PART, _("A part goes back")),
            (self.NONE, _("Nothing goes back")),
        ]

    def clean(self) -> dict[str, object]:
        """Ask for the amount of a part, below the whole."""
        data = super().clean()
        if data.get("outcome") == self.PART and "amount" in data:
            amount = data["amount"]
            minor = bank.minor(amount=amount, currency=self._currency) if amount is not None else 0
            if not 0 < minor < self._most:
                shown = bank.text(amount=self._most, currency=self._currency)
                self.add_error("amount", _("A part is above zero and below %(most)s.") % {"most": shown})
        return data

    def minor_units(self) -> int:
        """Return what goes back, in minor units."""
        outcome = self.cleaned_data["outcome"]
        if outcome == self.PART:
            return bank.minor(amount=self.cleaned_data["amount"], currency=self._currency)
        return self._most if outcome == self.ALL else 0


class ReasonForm(forms.Form):
    """Why a person of the bank objects."""

    text = forms.CharField(
        label=gettext_lazy("What speaks against it"),
        max_length=500,
        error_messages={"required": gettext_lazy("Please say what speaks against it.")},
    )


class TermsForm(forms.Form):
    """What a store gives its buyers beyond the law and the market."""

    days = forms.IntegerField(
        label=gettext_lazy("Days to return"),
        min_value=0,
        max_value=MOST_DAYS,
        help_text=gettext_lazy("After the goods arrived. Fewer days than the market's count as the market's."),
        error_messages={
            "required": gettext_lazy("How many days? Write 0 for the market's."),
            "invalid": gettext_lazy("Please write the days in digits."),
        },
    )
    pays_delivery = forms.BooleanField(label=gettext_lazy("We pay the way back whatever the reason"), required=False)
    address = forms.CharField(
        label=gettext_lazy("Where returns go"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs=_ROWS),
        help_text=gettext_lazy("One line of the address a line. Empty: the store's own address."),
    )
