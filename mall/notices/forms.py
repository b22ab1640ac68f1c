"""How a person wants to be told."""

from django import forms
from django.utils.translation import gettext_lazy as _

from mall.notices.rhythm import ZONES, Hours

HOURS = [(str(hour), f"{hour:02}:00") for hour in range(24)]


class HoursForm(forms.Form):
    """Alerts one by one or once a day, and hours without letters."""

    digest = forms.BooleanField(label=_("Collect my alerts into one letter a day"), required=False)
    digest_hour = forms.ChoiceField(label=_("The letter comes at"), choices=HOURS)
    quiet_from = forms.ChoiceField(
        label=_("No letters from"), choices=[("", _("no quiet hours")), *HOURS], required=False
    )
    quiet_until = forms.ChoiceField(label=_("until"), choices=[("", _("no quiet hours")), *HOURS], required=False)
    zone = forms.ChoiceField(
        label=_("By the clock of"), choices=[(zone, zone.rsplit("/", 1)[-1].replace("_", " ")) for zone in ZONES]
    )

    @property
    def hours(self) -> Hours:
        """Return what was chosen, as plain data."""
        data = self.cleaned_data
        return Hours(
            digest=data["digest"],
            digest_hour=int(data["digest_hour"]),
            quiet_from=int(data["quiet_from"]) if data["quiet_from"] else None,
            quiet_until=int(data["quiet_until"]) if data["quiet_until"] else None,
            zone=data["zone"],
        )
