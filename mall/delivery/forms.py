"""What a store's owner says of delivery, as a form."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from babel.core import get_global
from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from mall import bank
from mall.checkout.forms import countries
from mall.delivery.models import EXPRESS, MOST_CLOSED_DAYS, PICKUP, STANDARD, WAYS
from mall.delivery.plans import Plan, Way
from mall.merchants.forms import AmountField

WAY_NAMES = {STANDARD: _("Standard"), EXPRESS: _("Express"), PICKUP: _("Collected at the store")}
EVERYWHERE, HOME, UNION, NAMED = "everywhere", "home", "union", "named"
EU = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
    *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
_DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
_WHOLE = {
    "required": _("Please give a number of days."),
    "invalid": _("Please write whole numbers in digits."),
    "min_value": _("That cannot be below zero."),
    "max_value": _("That is longer than shoppers wait."),
}


def time_zones(*, country: str) -> list[tuple[str, str]]:
    """Return the zones of a country, and the world's own time."""
    names = sorted(get_global("territory_zones").get(country, ()))
    return [(name, name.replace("_", " ")) for name in dict.fromkeys((*names, "UTC"))]


class DeliveryForm(forms.Form):
    """When parcels leave, and the ways they can come."""

    handling_days = forms.IntegerField(
        label=_("Days to pack"), min_value=0, max_value=30, error_messages=_WHOLE, help_text=_("0: sent the same day.")
    )
    cut_off_hour = forms.IntegerField(
        label=_("Ordered before, hour"),
        min_value=0,
        max_value=23,
        error_messages=_WHOLE | {"max_value": _("Hours run from 0 to 23.")},
        help_text=_("What is ordered later counts from the next day you work."),
    )
    time_zone = forms.ChoiceField(label=_("By the time of"))
    working_days = forms.TypedMultipleChoiceField(
        label=_("You send parcels on"),
        coerce=int,
        choices=list(enumerate(_DAYS)),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one day on which you send parcels.")},
    )
    closed_days = forms.CharField(
        label=_("Closed on"),
        required=False,
        max_length=1_500,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "2026-12-24"}),
        help_text=_("One day a line, like 2026-12-24. Public holidays of your country count by themselves."),
    )
    pickup_place = forms.CharField(
        label=_("Where and when goods can be collected"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: object, currency: str, country: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._currency, self._country = currency, country
        self.fields["time_zone"].choices = time_zones(country=country)
        for code in WAYS:
            self._add_way(code=code)

    def _add_way(self, *, code: str) -> None:
        fields = self.fields
        fields[f"{code}-offered"] = forms.BooleanField(label=_("Offer it"), required=False)
        if code == PICKUP:
            return
        suffix = {"currency": self._currency}
        fields[f"{code}-charge"] = AmountField(
            label=_now("Charge, in %(currency)s") % suffix, required=False, min_value=Decimal(0)
        )
        fields[f"{code}-free_from"] = AmountField(
            label=_now("Free from, in %(currency)s") % suffix,
            required=False,
            min_value=Decimal(0),
            help_text=_("Empty: never free."),
        )
        fields[f"{code}-transit_days"] = forms.IntegerField(
            label=_("Days on the way"), required=False, min_value=0, max_value=60, error_messages=_WHOLE
        )
        fields[f"{code}-area"] = forms.ChoiceField(
            label=_("Goes to"),
            choices=(
                (EVERYWHERE, _("Every country")),
                (HOME, _("Your own country")),
                (UNION, _("The European Union")),
                (NAMED, _("These countries")),
            ),
            required=False,
        )
        fields[f"{code}-countries"] = forms.CharField(
            label=_("These countries"),
            required=False,
            max_length=900,
            help_text=_("By their two letters, like DE, AT, CH."),
        )

    @property
    def ways(self) -> list[tuple[str, object, object, list]]:
        """Return (code, name, its switch, its other fields) of each way, for the page."""
        return [
            (
                code,
                WAY_NAMES[code],
                self[f"{code}-offered"],
                [self[name] for name in self.fields if name.startswith(f"{code}-") and not name.endswith("-offered")],
            )
            for code in WAYS
        ]

    def clean_closed_days(self) -> frozenset[date]:
        """Read one day a line."""
        days = set()
        for word in re.split(r"[\s,;]+", self.cleaned_data["closed_days"].strip()):
            if not word:
                continue
            try:
                days.add(date.fromisoformat(word))
            except ValueError:
                raise forms.ValidationError(
                    _("“%(word)s” is not a day like 2026-12-24."), params={"word": word[:20]}
                ) from None
        if len(days) > MOST_CLOSED_DAYS:
            raise forms.ValidationError(
                _("Please name at most %(most)d closed days."), params={"most": MOST_CLOSED_DAYS}
            )
        return frozenset(days)

    def clean(self) -> dict[str, object]:
        """Ask for what each offered way needs."""
        data = super().clean()
        offered = [code for code in WAYS if data.get(f"{code}-offered")]
        if not offered:
            self.add_error(f"{STANDARD}-offered", _("Please offer at least one way of delivery."))
        for code in offered:
            if code == PICKUP:
                if not data.get("pickup_place", "").strip() and "pickup_place" not in self.errors:
                    self.add_error("pickup_place", _("Please say where goods can be collected."))
                continue
            for name, sentence in (
                ("charge", _("Please give the charge; 0 is free.")),
                ("transit_days", _("Please give a number of days.")),
            ):
                if data.get(f"{code}-{name}") is None and f"{code}-{name}" not in self.errors:
                    self.add_error(f"{code}-{name}", sentence)
            self._clean_area(code=code, data=data)
        return data

    def _clean_area(self, *, code: str, data: dict[str, object]) -> None:
        if data.get(f"{code}-area") != NAMED:
            return
        words = [word for word in re.split(r"[^A-Za-z]+", data.get(f"{code}-countries", "")) if word]
        known = dict(countries())
        wrong = next((word for word in words if word.upper() not in known), None)
        if not words:
            self.add_error(f"{code}-countries", _("Please name at least one country."))
        elif wrong:
            self.add_error(
                f"{code}-countries", _now("“%(word)s” is not a country by its two letters.") % {"word": wrong[:20]}
            )
        else:
            data[f"{code}-countries"] = sorted({word.upper() for word in words})

    def plan(self) -> Plan:
        """Return what was said as plain data."""
        data = self.cleaned_data
        return Plan(
            country=self._country,
            ways=tuple(self._way(code=code) for code in WAYS if data[f"{code}-offered"]),
            handling_days=data["handling_days"],
            cut_off_hour=data["cut_off_hour"],
            time_zone=data["time_zone"],
            working_days=tuple(data["working_days"]),
            closed_days=data["closed_days"],
            pickup_place=data["pickup_place"].strip(),
        )

    def _way(self, *, code: str) -> Way:
        data = self.cleaned_data
        if code == PICKUP:
            return Way(code=PICKUP, charge=0, free_from=None, transit_days=0)
        area = data[f"{code}-area"]
        named = {HOME: (self._country,), UNION: EU, NAMED: tuple(data[f"{code}-countries"])}
        free_from = data[f"{code}-free_from"]
        return Way(
            code=code,
            charge=bank.minor(amount=data[f"{code}-charge"], currency=self._currency),
            free_from=None if free_from is None else bank.minor(amount=free_from, currency=self._currency),
            transit_days=data[f"{code}-transit_days"],
            countries=named.get(area, ()),
        )


def as_typed(*, plan: Plan, currency: str) -> dict[str, object]:
    """Return a plan as the form shows it."""
    shown: dict[str, object] = {
        "handling_days": plan.handling_days,
        "cut_off_hour": plan.cut_off_hour,
        "time_zone": plan.time_zone,
        "working_days": [str(day) for day in plan.working_days],
        "closed_days": "\n".join(day.isoformat() for day in sorted(plan.closed_days)),
        "pickup_place": plan.pickup_place,
    }
    for way in plan.ways:
        area = (
            EVERYWHERE
            if not way.countries
            else HOME
            if way.countries == (plan.country,)
            else UNION
            if way.countries == EU
            else NAMED
        )
        shown |= {
            f"{way.code}-offered": True,
            f"{way.code}-charge": bank.decimal(amount=way.charge, currency=currency),
            f"{way.code}-free_from": None
            if way.free_from is None
            else bank.decimal(amount=way.free_from, currency=currency),
            f"{way.code}-transit_days": way.transit_days,
            f"{way.code}-area": area,
            f"{way.code}-countries": ", ".join(way.countries) if area == NAMED else "",
        }
    return shown
