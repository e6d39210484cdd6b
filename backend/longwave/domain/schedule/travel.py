"""What moves when a participant's clock does: wall times stay, instants follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from longwave.domain.schedule.clock import instant, wall_clock
from longwave.domain.schedule.windows import PlannedWindow


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned occurrence of a wave, and whether it has opened."""

    wave: str
    occurrence: int
    window: PlannedWindow
    opened: bool = False


def moved_to_zone(planned: Sequence[Planned], zone: str, since: date) -> list[Planned]:
    """Plan anew, for another zone, what has not opened and is due on ``since`` or later.

    The local times stay, the instants move. What has opened, or is due before, stays as it is.

    Returns
    -------
    list
        As many as were given, in the same order. Going east, a window can come before an earlier
        one of its wave has closed: it then opens when that has, and has no length if no time is
        left.
    """
    found = [_moved(one, zone) if _moves(one, since) else one for one in planned]
    closed: dict[str, datetime] = {}
    for place in sorted(range(len(found)), key=lambda place: found[place].occurrence):
        one = found[place]
        before = closed.get(one.wave)
        if before is not None and _moves(planned[place], since):
            found[place] = one = replace(one, window=_from(one.window, before))
        closed[one.wave] = max(one.window.closes_at, before or one.window.closes_at)
    return found


def _moves(one: Planned, since: date) -> bool:
    return not one.opened and one.window.due_wall.date() >= since


def _moved(one: Planned, zone: str) -> Planned:
    window = one.window
    due_at = instant(window.due_wall, zone)
    opens_at, closes_at = (
        instant(wall_clock(at, window.zone), zone) for at in (window.opens_at, window.closes_at)
    )
    moved = PlannedWindow(
        due_wall=window.due_wall,
        zone=zone,
        opens_at=min(opens_at, due_at),
        due_at=due_at,
        closes_at=max(closes_at, due_at),
    )
    return replace(one, window=moved)


def _from(window: PlannedWindow, floor: datetime) -> PlannedWindow:
    return replace(
        window,
        opens_at=max(window.opens_at, floor),
        due_at=max(window.due_at, floor),
        closes_at=max(window.closes_at, floor),
    )
