"""Changes of the clocks that windows meet, by time zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from longwave.domain.protocol.model import Protocol, Wave
from longwave.rehearsal.rehearse.facts import Facts, WindowFact


@dataclass(frozen=True, slots=True)
class Clocks:
    """What windows met in one time zone.

    ``gap`` and ``fold`` count windows of which a planned local time (of opening, due or
    closing) was skipped or came twice; ``changed`` those between whose planning and opening the
    clocks had changed, so that elapsed hours would have opened them at another time of day.
    ``examples`` names a few, as wave and local time.
    """

    zone: str
    people: int
    windows: int
    gap: int
    fold: int
    changed: int
    examples: tuple[str, ...]


_EXAMPLES = 3


def clock_changes(facts: Facts, protocol: Protocol) -> tuple[Clocks, ...]:
    """Find the changes of the clocks that were met, zone by zone."""
    by_zone: defaultdict[str, list[WindowFact]] = defaultdict(list)
    for window in facts.windows:
        by_zone[window.zone].append(window)
    waves = {wave.id: wave for wave in protocol.waves}
    return tuple(_clocks(zone, found, waves) for zone, found in sorted(by_zone.items()))


def _clocks(zone: str, windows: list[WindowFact], waves: dict[str, Wave]) -> Clocks:
    local = ZoneInfo(zone)
    gaps, folds, changed = [], [], 0
    for window in windows:
        times = list(_times(window, waves[window.wave]))
        skipped = [wall for wall in times if is_gap(wall, local)]
        twice = [wall for wall in times if is_fold(wall, local)]
        gaps += [(window.wave, wall) for wall in skipped[:1]]
        folds += [(window.wave, wall) for wall in twice[:1]]
        before, after = (
            at.astimezone(local).utcoffset() for at in (window.planned_at, window.opens_at)
        )
        changed += before != after
    examples = dict.fromkeys(
        f"{wave} {wall.isoformat(sep=' ', timespec='minutes')} {what}"
        for what, found in (("skipped", gaps), ("twice", folds))
        for wave, wall in sorted(found)
    )
    return Clocks(
        zone=zone,
        people=len({window.person for window in windows}),
        windows=len(windows),
        gap=len(gaps),
        fold=len(folds),
        changed=changed,
        examples=tuple(examples)[:_EXAMPLES],
    )


def _times(window: WindowFact, wave: Wave) -> Iterator[datetime]:
    """Give the local times that were planned; of a random time, that alone."""
    due = datetime.fromisoformat(window.due_wall)
    yield due
    if wave.sampling is None:
        yield wave.window.before.before(due)
        yield wave.window.after.after(due)


def is_gap(wall: datetime, local: ZoneInfo) -> bool:
    """Whether a change of the clocks skips a local time."""
    at = wall.replace(tzinfo=local).astimezone(UTC)
    return at.astimezone(local).replace(tzinfo=None) != wall


def is_fold(wall: datetime, local: ZoneInfo) -> bool:
    """Whether a local time occurs twice."""
    first, second = (wall.replace(tzinfo=local, fold=fold).utcoffset() for fold in (0, 1))
    return first != second and not is_gap(wall, local)


def zones_met(found: Iterable[Clocks]) -> list[str]:
    """Return the zones in which any change was met."""
    return [one.zone for one in found if one.gap or one.fold or one.changed]
