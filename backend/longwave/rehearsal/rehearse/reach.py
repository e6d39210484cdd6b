"""Which waves are reached, by whom, and why not; and windows that get in each other's way."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from longwave.domain.missingness import AssessmentGap
from longwave.domain.protocol.anchors import (
    PROGRAMME,
    RANDOMISATION,
    REQUEST,
    WAVE,
    calendar_day,
    hangs_on_programme,
)
from longwave.domain.protocol.model import Arm, Protocol, Wave
from longwave.domain.schedule import study_day
from longwave.rehearsal.rehearse.facts import COMPLETE, PARTIAL, Facts, PersonFact, WindowFact

ALL = "all"
NO_ARM = "not randomised"


@dataclass(frozen=True, slots=True)
class Reach:
    """One wave in one arm (or `ALL`), over all its occurrences.

    ``outcomes`` counts assessments by what became of them: complete, partial, or the reason why
    they were not begun; ``missing`` is the share that was not begun of those that there should
    have been. People for whom the wave was never planned count once, as ``not_planned``.
    """

    wave: str
    arm: str
    people: int
    planned: int
    outcomes: Mapping[str, int]
    missing: float

    @property
    def gaps(self) -> dict[str, int]:
        """The reasons why assessments were not begun, and how often."""
        begun = (COMPLETE, PARTIAL)
        return {name: number for name, number in self.outcomes.items() if name not in begun}


@dataclass(frozen=True, slots=True)
class Unreached:
    """A wave that nobody reaches in an arm (or `ALL`), and why."""

    wave: str
    arm: str
    reason: str


@dataclass(frozen=True, slots=True)
class Strip:
    """When a wave is open in an arm, in study days from enrolment.

    ``first`` and ``last`` bound all windows; ``opens`` and ``closes`` are the medians of each
    occurrence, in order.
    """

    arm: str
    wave: str
    first: int
    last: int
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two waves whose windows are open at once, and for how many people."""

    waves: tuple[str, str]
    people: int


@dataclass(frozen=True, slots=True)
class Collisions:
    """People with two windows open at once as planned; and who really had two to answer."""

    people: int
    people_really: int
    most_at_once: int
    pairs: tuple[Pair, ...]


def reached(facts: Facts, protocol: Protocol) -> tuple[Reach, ...]:
    """Count what became of every wave, for everybody and by arm."""
    arms = {who.number: who.arm or NO_ARM for who in facts.people}
    sizes = Counter(arms.values())
    outcomes: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for window in facts.windows:
        for arm in (ALL, arms[window.person]):
            outcomes[window.wave, arm][window.outcome] += 1
    for wave, people in facts.not_planned.items():
        if protocol.wave(wave).anchor == REQUEST:
            continue  # nothing is missing of what nobody asked for
        for person in people:
            for arm in (ALL, arms[person]):
                outcomes[wave, arm][AssessmentGap.NOT_PLANNED] += 1
    shown = _arms(protocol, sizes)
    return tuple(
        _reach(wave.id, arm, sizes[arm] if arm != ALL else len(arms), outcomes[wave.id, arm])
        for wave in protocol.waves
        for arm in shown
    )


def _arms(protocol: Protocol, sizes: Mapping[str, int]) -> list[str]:
    if not protocol.arms:
        return [ALL]
    return [ALL, *protocol.arms, *([NO_ARM] if sizes.get(NO_ARM) else [])]


def _reach(wave: str, arm: str, people: int, outcomes: Mapping[str, int]) -> Reach:
    total = sum(outcomes.values())
    begun = outcomes.get(COMPLETE, 0) + outcomes.get(PARTIAL, 0)
    return Reach(
        wave=wave,
        arm=arm,
        people=people,
        planned=total - outcomes.get(AssessmentGap.NOT_PLANNED, 0),
        outcomes={str(name): number for name, number in sorted(outcomes.items())},
        missing=round(1 - begun / total, 4) if total else 0.0,
    )


def unreached(found: Iterable[Reach], protocol: Protocol) -> tuple[Unreached, ...]:
    """Name the waves that nobody began, in all or in an arm, with the reason."""
    on_request = {wave.id for wave in protocol.waves if wave.anchor == REQUEST}
    nobody = [
        one
        for one in found
        if one.people and not _begun(one) and one.arm != NO_ARM
        if one.arm == ALL or one.wave not in on_request
    ]
    everywhere = {one.wave for one in nobody if one.arm == ALL}
    return tuple(
        Unreached(one.wave, one.arm, _reason(protocol, protocol.wave(one.wave), one))
        for one in nobody
        if one.arm == ALL or one.wave not in everywhere
    )


def _begun(one: Reach) -> int:
    return one.outcomes.get(COMPLETE, 0) + one.outcomes.get(PARTIAL, 0)


def _reason(protocol: Protocol, wave: Wave, one: Reach) -> str:
    if one.planned:
        told = ", ".join(f"{number} {name}" for name, number in one.outcomes.items() if number)
        return f"it was planned for {one.planned}, and nobody began it: {told}"
    arm = protocol.arms.get(one.arm)
    if hangs_on_programme(protocol, wave.id) and arm is not None and not _has_programme(arm):
        return "it counts from a programme, which this arm never has"
    if calendar_day(wave.anchor) is not None:
        return f"it counts from {wave.anchor}, and everybody came after its window had closed"
    if wave.anchor.startswith(WAVE):
        return f"nobody came as far as the end of {wave.anchor.removeprefix(WAVE)}"
    return _NEVER.get(wave.anchor, "it was planned for nobody")


_NEVER = {
    REQUEST: "it comes only on request, and nobody requested it",
    RANDOMISATION: "nobody was randomised",
    PROGRAMME: "it counts from a programme, which nobody started",
}


def _has_programme(arm: Arm) -> bool:
    return arm.programme is not None or arm.crossover is not None


def strips(facts: Facts, protocol: Protocol) -> tuple[Strip, ...]:
    """Return when waves are open in each arm; of a cohort, under `ALL`."""
    people = {who.number: who for who in facts.people}
    days: defaultdict[tuple[str, str, int], list[tuple[int, int]]] = defaultdict(list)
    for window in facts.windows:
        who = people[window.person]
        arm = (who.arm or NO_ARM) if protocol.arms else ALL
        days[arm, window.wave, window.occurrence].append(_days(window, who))
    found = []
    for arm in [*protocol.arms] if protocol.arms else [ALL]:
        for wave in protocol.waves:
            places = range(1, wave.occurrences + 1)
            spans = [days[arm, wave.id, n] for n in places if (arm, wave.id, n) in days]
            if spans:
                found.append(_strip(arm, wave.id, spans))
    return tuple(found)


def _days(window: WindowFact, who: PersonFact) -> tuple[int, int]:
    opens, closes = (
        study_day(at, who.enrolled_at, who.zone) for at in (window.opens_at, window.closes_at)
    )
    return opens, closes


def _strip(arm: str, wave: str, spans: list[list[tuple[int, int]]]) -> Strip:
    return Strip(
        arm=arm,
        wave=wave,
        first=min(opens for span in spans for opens, _ in span),
        last=max(closes for span in spans for _, closes in span),
        windows=tuple(
            (_median([opens for opens, _ in span]), _median([closes for _, closes in span]))
            for span in spans
        ),
    )


def _median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]


def collisions(facts: Facts) -> Collisions:
    """Find people with two windows open at once."""
    pairs: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    people, really, most = set(), set(), 0
    for person, own in groupby(facts.windows, key=lambda window: window.person):
        windows = sorted(own, key=lambda window: (window.opens_at, window.wave))
        for one, other in _overlapping(windows):
            people.add(person)
            pairs[tuple(sorted((one.wave, other.wave)))].add(person)  # type: ignore[index]
            if max(one.opens_at, other.opens_at) < min(one.ended_at, other.ended_at):
                really.add(person)
        most = max(most, _at_once([(one.opens_at, one.closes_at) for one in windows]))
    return Collisions(
        people=len(people),
        people_really=len(really),
        most_at_once=most,
        pairs=tuple(Pair(names, len(met)) for names, met in sorted(pairs.items())),
    )


def _overlapping(windows: list[WindowFact]) -> Iterable[tuple[WindowFact, WindowFact]]:
    """Give the pairs of windows that are open at once, of windows in order of opening."""
    open_now: list[WindowFact] = []
    for window in windows:
        if window.opens_at >= window.closes_at:
            continue
        open_now = [other for other in open_now if other.closes_at > window.opens_at]
        yield from ((other, window) for other in open_now)
        open_now.append(window)


def _at_once(spans: list[tuple[datetime, datetime]]) -> int:
    """Return the most spans that are open at any instant, of spans in order of opening."""
    ends: list[datetime] = []
    most = 0
    for opens, closes in spans:
        if opens >= closes:
            continue
        while ends and ends[0] <= opens:
            heapq.heappop(ends)
        heapq.heappush(ends, closes)
        most = max(most, len(ends))
    return most
