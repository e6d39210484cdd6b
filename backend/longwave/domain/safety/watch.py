"""When somebody looks after an alert: hours in which the team watches, reminders, escalation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from longwave.domain.protocol.alerting import WEEKDAYS, Alerting, WatchHours
from longwave.domain.schedule import instant
from longwave.domain.schedule.clock import wall_clock

MOST_REMINDERS = 3
"""How often those who were told are told again, at most."""

_UNPROMISED = timedelta(days=1)
"""After how long they are reminded where the protocol promises no time."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that follows unless somebody has acknowledged an alert by then."""

    at: datetime
    escalates: bool = False


def is_watched(alert: Alerting, at: datetime) -> bool:
    """Whether ``at`` lies in the hours in which the team looks at alerts."""
    return alert.hours is None or next(_watches(alert.hours, at))[0] == at


def watched_after(alert: Alerting, since: datetime, span: timedelta) -> datetime:
    """Return when ``span`` has passed since an alert, of the time in which somebody looks at it."""
    if alert.hours is None or alert.is_covered:
        return since + span
    left = span
    for start, end in _watches(alert.hours, since):
        if left <= end - start:
            return start + left
        left -= end - start
    raise AssertionError("weeks never end")


def steps(alert: Alerting, raised_at: datetime) -> tuple[Step, ...]:
    """Return what follows an alert that nobody acknowledges: reminders, and the escalation."""
    every = alert.within or _UNPROMISED
    found = [
        Step(watched_after(alert, raised_at, every * number))
        for number in range(1, MOST_REMINDERS + 1)
    ]
    if alert.escalate is not None:
        at = watched_after(alert, raised_at, alert.escalate.after)
        found.append(Step(at, escalates=True))
    return tuple(sorted(found, key=lambda step: step.at))


def _watches(hours: WatchHours, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give what is left of each watch from ``since`` on: its start and its end."""
    starts, ends = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    day = wall_clock(since, hours.zone).date() - timedelta(days=1)
    while True:
        if WEEKDAYS[day.weekday()] in hours.days:
            start = instant(datetime.combine(day, starts), hours.zone)
            last = day if ends > starts else day + timedelta(days=1)
            end = instant(datetime.combine(last, ends), hours.zone)
            if end > since:
                yield max(start, since), end
        day += timedelta(days=1)
