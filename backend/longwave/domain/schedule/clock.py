"""Local time and instants: changes of the clocks, quiet hours, study days."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from longwave.domain.duration import Duration


def instant(wall: datetime, zone: str) -> datetime:
    """Return the instant of a naive local time, in UTC.

    A local time that a change of the clocks skips moves forward by what was skipped; one that
    occurs twice means the first.
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def wall_clock(at: datetime, zone: str) -> datetime:
    """Return the naive local time of an instant."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def elapsed(span: Duration, since: datetime, zone: str) -> datetime:
    """Return the instant ``span`` after another.

    Months and days are counted on the participant's calendar, hours and minutes as they pass:
    PT30M is half an hour even in the night in which the clocks change.
    """
    at = since
    if span.months or span.days:
        calendar = Duration(months=span.months, days=span.days)
        at = max(since, instant(calendar.after(wall_clock(since, zone)), zone))
    return at + timedelta(minutes=span.minutes)


def outside_quiet_hours(at: datetime, zone: str, quiet: tuple[str, str] | None) -> datetime:
    """Return ``at``, or the end of the participant's quiet hours if it falls within them.

    Parameters
    ----------
    quiet
        Local start and end ("HH:MM"); they may span midnight.
    """
    if quiet is None:
        return at
    start, end = (time.fromisoformat(text) for text in quiet)
    wall = wall_clock(at, zone)
    clock = wall.time()
    is_quiet = start <= clock < end if start <= end else clock >= start or clock < end
    if not is_quiet:
        return at
    release = datetime.combine(wall.date(), end)
    return instant(release if clock < end else release + timedelta(days=1), zone)


def study_day(at: datetime, enrolled_at: datetime, zone: str) -> int:
    """Return the study day of an instant: the day of enrolment, in ``zone``, is day 0."""
    local = ZoneInfo(zone)
    return (at.astimezone(local).date() - enrolled_at.astimezone(local).date()).days
