"""What the ledger's pages are asked for: an instant or a period, one of two clocks, lines of an account."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments.queries import book

HAPPENED, RECORDED = "happened", "recorded"
CLOCKS = ((HAPPENED, gettext_lazy("As happened")), (RECORDED, gettext_lazy("As recorded")))
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9998, 12, 31)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 1_000


class Day(forms.DateField):
    """A day, written as 2026-03-31 whatever the reader's language."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    input_formats = ["%Y-%m-%d"]
    default_error_messages = {"invalid": gettext_lazy("This is no day: write it like 2026-03-31.")}

    def clean(self, value: object) -> date | None:
        day = super().clean(value)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError(_("The book knows days from 1970 to 9998: choose one of those."))
        return day


class ClockForm(forms.Form):
    """Which of the two clocks."""

    clock = forms.ChoiceField(label=gettext_lazy("Clock"), choices=CLOCKS)

    def __init__(self, data: QueryDict, *, first: dict[str, str] | None = None) -> None:
        asked = data.copy()
        for name, value in {"clock": HAPPENED, **(first or {})}.items():
            if name not in asked:
                asked[name] = value
        super().__init__(asked, auto_id="book-%s", use_required_attribute=False)

    @property
    def as_recorded(self) -> bool:
        """Return whether the clock is the book's own."""
        return self.cleaned_data.get("clock") == RECORDED

    def kept(self) -> dict[str, str]:
        """Return what an address needs to ask for the same."""
        kept = {name: self.data.get(name, "") for name in self.fields if name in self.cleaned_data}
        if kept.get("clock") == HAPPENED:
            del kept["clock"]
        return kept


class InstantForm(ClockForm):
    """The end of a day, or now."""

    at = Day(label=gettext_lazy("At the end of"), required=False)
    field_order = ("at", "clock")

    @property
    def instant(self) -> datetime | None:
        """Return the last instant of the day, or nothing for now."""
        day = self.cleaned_data.get("at")
        return day_after(day) - book.INSTANT if day else None


class AccountsForm(InstantForm):
    """Accounts of a family, or with something in their code."""

    q = forms.CharField(label=gettext_lazy("Part of the code"), required=False, max_length=LONGEST)
    family = forms.CharField(required=False, max_length=LONGEST, widget=forms.HiddenInput)
    after = forms.CharField(required=False, max_length=LONGEST, strip=False, widget=forms.HiddenInput)
    field_order = ("family", "q", "at", "clock")


class PeriodForm(ClockForm):
    """Days from the first to the last, both included."""

    since = Day(label=gettext_lazy("From"), required=False)
    until = Day(label=gettext_lazy("To, included"), required=False)
    field_order = ("since", "until", "clock")

    def clean(self) -> dict[str, object]:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            raise ValidationError(_("The period ends before it begins: exchange its two days."))
        return self.cleaned_data

    @property
    def begins(self) -> datetime | None:
        """Return the first instant of the period."""
        day = self.cleaned_data.get("since")
        return datetime.combine(day, time(), tzinfo=UTC) if day else None

    @property
    def ends(self) -> datetime | None:
        """Return the first instant after the period."""
        day = self.cleaned_data.get("until")
        return day_after(day) if day else None


class StatementForm(PeriodForm):
    """Lines of an account."""

    code = forms.CharField(max_length=LONGEST, strip=False, widget=forms.HiddenInput)
    event = forms.CharField(label=gettext_lazy("Event"), required=False, max_length=LONGEST)
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=LONGEST)
    counter = forms.CharField(label=gettext_lazy("Counter-account"), required=False, max_length=LONGEST)
    before = forms.CharField(required=False, max_length=80, widget=forms.HiddenInput)
    field_order = ("code", "since", "until", "event", "reference", "counter", "clock")

    def clean_before(self) -> book.Place | None:
        """Return the line the page begins after."""
        text = self.cleaned_data["before"]
        if not text:
            return None
        try:
            instant, journal_id, position = (int(part) for part in text.split("."))
            place = (EPOCH + timedelta(microseconds=instant), journal_id, position)
            if not (0 <= journal_id < 2**63 and 0 <= position < 2**31):
                raise ValueError
        except (ValueError, OverflowError):
            raise ValidationError(_("There is no such page of the statement: begin at its newest line.")) from None
        return place

    @property
    def wanted(self) -> book.Filter:
        """Return which lines are asked for."""
        return book.Filter(
            code=self.cleaned_data["code"],
            since=self.begins,
            until=self.ends,
            event=self.cleaned_data["event"],
            reference=self.cleaned_data["reference"],
            counter=self.cleaned_data["counter"],
            as_recorded=self.as_recorded,
        )


class FindForm(forms.Form):
    """A name of anything in the book."""

    q = forms.CharField(max_length=LONGEST, required=False)


def place_text(place: book.Place) -> str:
    """Return a line's place as an address carries it."""
    instant, journal_id, position = place
    return f"{(instant - EPOCH) // timedelta(microseconds=1)}.{journal_id}.{position}"


def day_after(day: date) -> datetime:
    """Return the first instant after a day."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=UTC)
