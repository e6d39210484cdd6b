"""When waves are due: wall-clock arithmetic in the participant's zone, then instants in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from longwave.domain.protocol.model import Wave


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """When one wave of one participant opens, is due and closes.

    ``due_wall`` is naive local time in ``zone``; the others are instants in UTC.
    """

    due_wall: datetime
    zone: str
    opens_at: datetime
    due_at: datetime
    closes_at: datetime


def plan_window(wave: Wave, anchor_at: datetime, zone: str) -> PlannedWindow:
    """Compute the window of ``wave`` for a participant in ``zone``.

    Parameters
    ----------
    anchor_at
        The instant of the wave's anchor, in UTC.
    zone
        IANA name of the participant's time zone.

    Notes
    -----
    A local time that a change of the clocks skips moves forward by what was skipped; one that
    occurs twice means the first. The window never opens before the anchor.
    """
    anchor_wall = anchor_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    due_wall = wave.target.after(anchor_wall)
    if wave.at is not None:
        due_wall = datetime.combine(due_wall, time.fromisoformat(wave.at))
    opens_at = instant(wave.window.before.before(due_wall), zone)
    return PlannedWindow(
        due_wall=due_wall,
        zone=zone,
        opens_at=max(opens_at, anchor_at),
        due_at=max(instant(due_wall, zone), anchor_at),
        closes_at=max(instant(wave.window.after.after(due_wall), zone), anchor_at),
    )


def instant(wall: datetime, zone: str) -> datetime:
    """Return the instant of a naive local time, in UTC."""
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


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
    wall = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
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
