"""The windows of a wave: when each of its occurrences opens, is due and closes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise

from longwave.domain.protocol.anchors import calendar_day
from longwave.domain.protocol.model import Sampling, Wave
from longwave.domain.schedule.clock import elapsed, instant, wall_clock
from longwave.domain.schedule.sampling import Below, drawn_times


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
    """Compute the window of a ``wave`` that comes once, for a participant in ``zone``.

    Parameters
    ----------
    anchor_at
        The instant of the wave's anchor, in UTC.
    zone
        IANA name of the participant's time zone.

    Notes
    -----
    The window never opens before the anchor.
    """
    return _not_before(_window(wave, _due(wave, wall_clock(anchor_at, zone)), zone), anchor_at)


def plan_windows(
    wave: Wave, since: datetime, zone: str, below: Below | None = None
) -> dict[int, PlannedWindow]:
    """Compute the windows of all occurrences of a wave, by number from 1.

    Parameters
    ----------
    since
        The instant of the wave's anchor. For a wave that counts from a day of the calendar, when
        the participant entered: at enrolment, or at randomisation (see `anchors.entry`). For one
        on request, when it was requested: there is one window then, numbered 1.
    zone
        IANA name of the participant's time zone.
    below
        Where the times of a sampled wave are drawn from; it needs one.

    Returns
    -------
    dict
        Windows in order, none of which overlap. No window opens before ``since``. Of a wave that
        counts from the calendar, occurrences that closed before the participant entered are left
        out: they are never planned.
    """
    day = calendar_day(wave.anchor)
    anchor = wall_clock(since, zone) if day is None else datetime.combine(day, time())
    if wave.sampling is not None:
        if below is None:
            raise ValueError(f"The times of {wave.id} are drawn: give what to draw from.")
        windows = _sampled(wave, wave.sampling, anchor, zone, below)
    else:
        windows = _repeated(wave, anchor, zone)
    return {
        number: _not_before(window, since)
        for number, window in enumerate(windows, start=1)
        if day is None or window.closes_at > since
    }


def _due(wave: Wave, anchor: datetime) -> datetime:
    due = wave.target.after(anchor)
    return due if wave.at is None else datetime.combine(due, time.fromisoformat(wave.at))


def _window(wave: Wave, due_wall: datetime, zone: str) -> PlannedWindow:
    due_at = instant(due_wall, zone)
    return PlannedWindow(
        due_wall=due_wall,
        zone=zone,
        # A time that was skipped moves past those that follow the gap.
        opens_at=min(instant(wave.window.before.before(due_wall), zone), due_at),
        due_at=due_at,
        closes_at=max(instant(wave.window.after.after(due_wall), zone), due_at),
    )


def _not_before(window: PlannedWindow, floor: datetime) -> PlannedWindow:
    return replace(
        window,
        opens_at=max(window.opens_at, floor),
        due_at=max(window.due_at, floor),
        closes_at=max(window.closes_at, floor),
    )


def _repeated(wave: Wave, anchor: datetime, zone: str) -> list[PlannedWindow]:
    """Return the windows of a wave, each counted from the first: month ends don't drift."""
    first = _due(wave, anchor)
    if wave.repeat is None:
        return [_window(wave, first, zone)]
    every = wave.repeat.every
    return _apart(
        [_window(wave, every.times(n).after(first), zone) for n in range(wave.repeat.times)]
    )


def _apart(windows: Sequence[PlannedWindow]) -> list[PlannedWindow]:
    """Close each window when the next opens, should a change of the clocks join them."""
    opens = [following.opens_at for _, following in pairwise(windows)]
    return [
        replace(window, closes_at=min(window.closes_at, following))
        for window, following in zip(windows, opens, strict=False)
    ] + list(windows[-1:])


def _sampled(
    wave: Wave, sampling: Sampling, anchor: datetime, zone: str, below: Below
) -> list[PlannedWindow]:
    """Return a window for each prompt; where clocks go forward, later ones wait their turn."""
    start, end = (time.fromisoformat(text) for text in sampling.between)
    first_day = wave.target.after(anchor).date()
    last = int((datetime.combine(first_day, end) - datetime.combine(first_day, start)).seconds / 60)
    apart = timedelta(minutes=sampling.apart.minutes)
    found: list[PlannedWindow] = []
    for day in range(sampling.days):
        begin = datetime.combine(first_day + timedelta(days=day), start)
        for minute in drawn_times(sampling.per_day, last, sampling.apart.minutes, below):
            wall = begin + timedelta(minutes=minute)
            opens = instant(wall, zone)
            if found and opens < found[-1].opens_at + apart:
                opens = found[-1].opens_at + apart
                wall = wall_clock(opens, zone)
            closes = elapsed(sampling.expires, opens, zone)
            found.append(PlannedWindow(wall, zone, opens, opens, closes))
    return found
