"""When a letter may go: once a day where alerts are collected, and never in quiet hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mall.notices.kinds import ALERTS, KINDS

# Cities whose clocks people choose from: one a clock of the markets we send to.
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "Europe/Lisbon",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Paris",
    "Europe/Warsaw",
    "Europe/Athens",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Atlantic/Canary",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/Bogota",
    "America/Sao_Paulo",
    "America/Argentina/Buenos_Aires",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "UTC",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """A person's rhythm; hours are whole and of `zone`, quiet ones from `quiet_from` to before `quiet_until`."""

    digest: bool = False
    digest_hour: int = 8
    quiet_from: int | None = None
    quiet_until: int | None = None
    zone: str = ZONES[0]

    def is_quiet(self, hour: int) -> bool:
        """Tell whether nothing is sent in this hour."""
        if self.quiet_from is None or self.quiet_until is None:
            return False
        if self.quiet_from < self.quiet_until:
            return self.quiet_from <= hour < self.quiet_until
        return hour >= self.quiet_from or hour < self.quiet_until


def due(*, kind: str, at: datetime, hours: Hours | None) -> datetime:
    """Return the first moment at which a letter of this kind about something of `at` may go."""
    if hours is None or not KINDS[kind].waits:
        return at
    local = at.astimezone(ZoneInfo(hours.zone))
    if kind == ALERTS and hours.digest:
        local = _next(local, hour=hours.digest_hour)
    if hours.is_quiet(local.hour):
        local = _next(local, hour=hours.quiet_until)
    return local.astimezone(UTC)


def _next(local: datetime, *, hour: int) -> datetime:
    """Return when the clock on the wall next shows this full hour."""
    found = local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    return found if found > local else found + timedelta(days=1)
