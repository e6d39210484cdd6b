"""The whole planned course of one participant, under assumptions that are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time

from longwave.domain.duration import Duration
from longwave.domain.protocol.anchors import (
    ENROLMENT,
    PROGRAMME,
    RANDOMISATION,
    WAVE,
    hangs_on_programme,
    planned_at,
)
from longwave.domain.protocol.model import Crossover, Protocol, Wave
from longwave.domain.schedule.clock import instant, outside_quiet_hours, wall_clock
from longwave.domain.schedule.sampling import Below
from longwave.domain.schedule.travel import Planned, moved_to_zone
from longwave.domain.schedule.windows import PlannedWindow, plan_windows

Windows = dict[int, PlannedWindow]


@dataclass(frozen=True, slots=True)
class Course:
    """What is known, or assumed, of a participant.

    A wave (the last occurrence of a repeated one) that is not in ``completed`` is taken as
    completed when it is due. ``study_opened_at`` is the enrolment if not given. ``moves`` says
    from which day on the participant lives by another zone, in order. ``draws`` gives, for a
    wave's id, where the times of that sampled wave are drawn from.
    """

    enrolled_at: datetime
    zone: str
    study_opened_at: datetime | None = None
    completed: Mapping[str, datetime] = field(default_factory=dict)
    moves: tuple[tuple[date, str], ...] = ()
    draws: Callable[[str], Below] | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One occurrence of a wave, of ``of`` in all, with the reminders that fall in its window."""

    wave: str
    occurrence: int
    of: int
    window: PlannedWindow
    reminders: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Period:
    """A programme: sessions as they fall if it starts at once; daily practice has no end
    unless the protocol says for how many days it goes on."""

    programme: str
    starts_at: datetime
    sessions: tuple[datetime, ...]
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A participant's planned course; ``never`` names the waves that are not planned."""

    arm: str | None
    zone: str
    enrolled_at: datetime
    randomised_at: datetime | None
    crossover_at: datetime | None
    occasions: tuple[Occasion, ...]
    periods: tuple[Period, ...]
    never: tuple[str, ...]


def timeline(protocol: Protocol, arm: str | None, course: Course) -> Timeline:
    """Plan everything that a participant of an arm meets, from enrolment to the last wave.

    Parameters
    ----------
    arm
        An arm of the protocol; None in a cohort.
    course
        When the participant enrolled, where, and what is assumed of the rest.
    """
    plan = _Plan(protocol, course)
    shared = [wave for wave in protocol.waves if not hangs_on_programme(protocol, wave.id)]
    plan.add(shared)
    crossover = None if arm is None else protocol.arms[arm].crossover
    crossed = None if crossover is None else plan.crossover(crossover)
    programme = None if arm is None else protocol.arms[arm].programme
    if programme is not None and plan.randomised_at is not None:
        plan.events[PROGRAMME] = plan.randomised_at
    elif crossed is not None:
        plan.events[PROGRAMME] = crossed
    plan.add([wave for wave in protocol.waves if wave not in shared])
    if programme is not None and crossed is not None:
        plan.anchor_again(crossed)
    plan.travel()
    starts = {programme: plan.randomised_at, crossover.programme if crossover else None: crossed}
    return Timeline(
        arm=arm,
        zone=course.zone,
        enrolled_at=course.enrolled_at,
        randomised_at=plan.randomised_at,
        crossover_at=crossed,
        occasions=plan.occasions(),
        periods=tuple(
            _period(protocol, name, at, course.zone)
            for name, at in starts.items()
            if name is not None and at is not None
        ),
        never=tuple(wave.id for wave in protocol.waves if not plan.windows.get(wave.id)),
    )


class _Plan:
    """Windows by wave, and the instants of the events that they count from, as they are found."""

    def __init__(self, protocol: Protocol, course: Course) -> None:
        self.protocol = protocol
        self.course = course
        self.events: dict[str, datetime] = {ENROLMENT: course.enrolled_at}
        self.windows: dict[str, Windows] = {}

    @property
    def randomised_at(self) -> datetime | None:
        return self.events.get(RANDOMISATION)

    def add(self, waves: list[Wave]) -> None:
        """Plan waves in the protocol's order, in which each stands below what it hangs on."""
        for wave in waves:
            since = self._since(wave)
            if since is not None:
                self.windows[wave.id] = self._planned(wave, since)
                self._ends(wave)

    def _since(self, wave: Wave) -> datetime | None:
        event = planned_at(self.protocol, wave)
        return None if event is None else self.events.get(event)

    def _planned(self, wave: Wave, since: datetime) -> Windows:
        draws = self.course.draws
        below = draws(wave.id) if draws is not None and wave.sampling is not None else None
        return plan_windows(wave, since, self.course.zone, below)

    def _ends(self, wave: Wave) -> None:
        windows = self.windows[wave.id]
        if not windows:
            return
        at = self.course.completed.get(wave.id, windows[max(windows)].due_at)
        self.events[f"{WAVE}{wave.id}"] = at
        plan = self.protocol.randomisation
        if plan is not None and plan.after == wave.id:
            self.events[RANDOMISATION] = at

    def crossover(self, crossover: Crossover) -> datetime | None:
        """Return when a crossover comes: not before the randomisation."""
        randomised_at = self.randomised_at
        if randomised_at is None:
            return None
        if crossover.at is None:
            return self.events.get(f"{WAVE}{crossover.after}")
        origin = randomised_at
        if crossover.origin == "opening":
            origin = self.course.study_opened_at or self.course.enrolled_at
        zone = self.course.zone
        return max(instant(crossover.at.after(wall_clock(origin, zone)), zone), randomised_at)

    def anchor_again(self, crossed: datetime) -> None:
        """Count from the crossover what counts from the programme and has not opened by then."""
        for wave in self.protocol.waves:
            if wave.anchor != PROGRAMME or wave.id not in self.windows:
                continue
            again = self._planned(wave, crossed)
            self.windows[wave.id] = {
                number: window if window.opens_at < crossed else again[number]
                for number, window in self.windows[wave.id].items()
            }

    def travel(self) -> None:
        """Move what has not opened when a participant moves to another zone."""
        for day, zone in self.course.moves:
            at = instant(datetime.combine(day, time()), zone)
            planned = [
                Planned(wave, number, window, opened=window.opens_at < at)
                for wave, windows in self.windows.items()
                for number, window in windows.items()
            ]
            for one in moved_to_zone(planned, zone, day):
                self.windows[one.wave][one.occurrence] = one.window

    def occasions(self) -> tuple[Occasion, ...]:
        """Return what was planned, in the order of opening."""
        found = [
            Occasion(
                wave.id,
                number,
                wave.occurrences,
                window,
                _reminders(self.protocol, wave, window),
            )
            for wave in self.protocol.waves
            for number, window in self.windows.get(wave.id, {}).items()
        ]
        return tuple(sorted(found, key=lambda occasion: occasion.window.opens_at))


def _reminders(protocol: Protocol, wave: Wave, window: PlannedWindow) -> tuple[datetime, ...]:
    opens = wall_clock(window.opens_at, window.zone)
    due = (instant(span.after(opens), window.zone) for span in protocol.reminders_of(wave))
    sent = (
        outside_quiet_hours(at, window.zone, protocol.messages.quiet_hours)
        for at in due
        if at < window.closes_at
    )
    return tuple(at for at in sent if at < window.closes_at)


def _period(protocol: Protocol, name: str, starts_at: datetime, zone: str) -> Period:
    programme = protocol.programmes[name]
    wall = wall_clock(starts_at, zone)
    sessions: tuple[datetime, ...] = ()
    if programme.every is not None and programme.sessions is not None:
        every = programme.every
        sessions = tuple(
            max(instant(every.times(number).after(wall), zone), starts_at)
            for number in range(programme.sessions)
        )
    ends_at = sessions[-1] if sessions else None
    if programme.days is not None:
        ends_at = instant(Duration(days=programme.days).after(wall), zone)
    return Period(name, starts_at, sessions, ends_at)
