"""When the sessions of a group are, and when a day's practice is there."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from longwave.domain.protocol.programme import BatchStart, Programme
from longwave.domain.schedule.clock import instant, wall_clock


def session_instants(programme: Programme, first_wall: datetime, zone: str) -> list[datetime]:
    """Return the instants of a group's sessions: one for all members, by the group's clocks."""
    if programme.sessions is None or programme.every is None:
        return []
    every = programme.every
    return [
        instant(every.times(number).after(first_wall), zone) for number in range(programme.sessions)
    ]


def over_at(programme: Programme, session: int, at: datetime) -> datetime:
    """Return when a session that begins ``at`` is over."""
    return at + timedelta(minutes=programme.minutes_of(session) or 0)


def batch_begins(rule: BatchStart, zone: str, now: datetime) -> datetime | None:
    """Return the local time of the first session of a group that has its members ``now``.

    None if it should have begun on a day that has passed. It is never before ``now``.
    """
    clock = time.fromisoformat(rule.at)
    if rule.on is not None:
        wall = datetime.combine(datetime.fromisoformat(rule.on).date(), clock)
        return wall if instant(wall, zone) > now else None
    day = rule.lead.after(wall_clock(now, zone)).date()
    wall = datetime.combine(day, clock)
    return wall if instant(wall, zone) > now else wall + timedelta(days=1)


def first_practice(programme: Programme, start: datetime, zone: str) -> datetime:
    """Return when the first day's practice is there: at the first prompt, or at once."""
    if programme.prompt is None:
        return start
    wall = datetime.combine(wall_clock(start, zone).date(), time.fromisoformat(programme.prompt))
    at = instant(wall, zone)
    return at if at >= start else instant(wall + timedelta(days=1), zone)


def next_practice(programme: Programme, last: datetime, zone: str) -> datetime:
    """Return when the practice of the day after another's is there, where the reader lives."""
    clock = time.fromisoformat(programme.prompt or "00:00")
    day = wall_clock(last, zone).date() + timedelta(days=1)
    return max(instant(datetime.combine(day, clock), zone), last + timedelta(hours=1))
