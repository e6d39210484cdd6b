"""What a participant has behind and before her, told so that it reveals no arm.

Waves that count from the programme appear once they are planned, and not before: whoever waits is
told nothing of what comes after the waiting. Those that come on request appear when requested.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from longwave.domain.lifecycle.states import AssessmentStatus
from longwave.domain.protocol.anchors import (
    REQUEST,
    hangs_on_programme,
    planned_at,
)
from longwave.domain.protocol.model import Protocol, Wave


class StepState(StrEnum):
    """How a questionnaire stands, for the person who answers it."""

    DONE = "done"
    PARTLY = "partly"
    MISSED = "missed"
    NOW = "now"
    AHEAD = "ahead"
    LATER = "later"
    """Its date is not known yet."""


@dataclass(frozen=True, slots=True)
class Found:
    """An occurrence of a wave that is planned, or was."""

    wave: str
    occurrence: int
    status: AssessmentStatus
    opens_at: datetime
    closes_at: datetime
    submitted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the outlook.

    Attributes
    ----------
    wave
        The wave's id.
    number, of
        Which occurrence it is, of how many; for a wave whose times are a surprise, how many of
        its prompts were answered, of how many.
    opens_at, closes_at
        None where the date is not known.
    at
        When it was handed in.
    after
        For what is ``LATER``: the event that it waits for, such as ``randomisation`` or
        ``wave:w1``.
    surprise
        Whether several prompts, whose times are not told, stand in one line.
    """

    wave: str
    state: StepState
    number: int = 1
    of: int = 1
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    at: datetime | None = None
    after: str | None = None
    surprise: bool = False


def outlook(
    protocol: Protocol, found: Iterable[Found], passed: Collection[str], now: datetime
) -> list[Step]:
    """Return what lies behind and before a participant: by date, then what has none yet.

    Parameters
    ----------
    found
        All that was planned for this person.
    passed
        The events that came: those of `longwave.domain.protocol.anchors`.
    """
    waves = {wave.id: wave for wave in protocol.waves}
    order = {wave.id: wave.order for wave in protocol.waves}
    known = sorted(
        (each for each in found if each.wave in waves and _is_told(each)),
        key=lambda each: (order[each.wave], each.occurrence),
    )
    steps: list[Step] = []
    for wave_id, group in groupby(known, key=lambda each: each.wave):
        wave, together = waves[wave_id], list(group)
        if wave.sampling is not None:
            steps.append(_surprise(wave, together))
        else:
            steps += [_step(wave, each, now) for each in together]
    steps.sort(key=lambda step: (step.opens_at or now, order[step.wave], step.number))
    planned = {each.wave for each in known}
    return steps + [
        Step(wave.id, StepState.LATER, after=planned_at(protocol, wave), of=wave.occurrences)
        for wave in protocol.waves
        if wave.id not in planned and _is_to_come(protocol, wave, passed)
    ]


def _is_told(each: Found) -> bool:
    return each.status != AssessmentStatus.CANCELLED


def _step(wave: Wave, each: Found, now: datetime) -> Step:
    state = _STATES[each.status]
    if state is StepState.NOW and each.closes_at <= now:
        state = StepState.MISSED
    return Step(
        wave=wave.id,
        state=state,
        number=each.occurrence,
        of=wave.occurrences,
        opens_at=each.opens_at,
        closes_at=each.closes_at,
        at=each.submitted_at,
    )


_STATES = {
    AssessmentStatus.SCHEDULED: StepState.AHEAD,
    AssessmentStatus.OPEN: StepState.NOW,
    AssessmentStatus.STARTED: StepState.NOW,
    AssessmentStatus.COMPLETED: StepState.DONE,
    AssessmentStatus.PARTIAL: StepState.PARTLY,
    AssessmentStatus.EXPIRED: StepState.MISSED,
}


def _surprise(wave: Wave, together: list[Found]) -> Step:
    """Return one line for all prompts of a wave: their days, and how many were answered."""
    done = sum(each.status == AssessmentStatus.COMPLETED for each in together)
    statuses = {each.status for each in together}
    state = StepState.DONE
    if statuses & {AssessmentStatus.OPEN, AssessmentStatus.STARTED}:
        state = StepState.NOW
    elif AssessmentStatus.SCHEDULED in statuses:
        state = StepState.AHEAD
    elif not done:
        state = StepState.MISSED
    return Step(
        wave=wave.id,
        state=state,
        number=done,
        of=len(together),
        opens_at=min(each.opens_at for each in together),
        closes_at=max(each.closes_at for each in together),
        surprise=True,
    )


def _is_to_come(protocol: Protocol, wave: Wave, passed: Collection[str]) -> bool:
    if wave.anchor == REQUEST or hangs_on_programme(protocol, wave.id):
        return False
    event = planned_at(protocol, wave)
    return event is not None and event not in passed


def without_end(steps: Iterable[Step]) -> list[Step]:
    """Return what is left of an outlook for somebody who is asked no more: what lies behind."""
    behind = (StepState.DONE, StepState.PARTLY, StepState.MISSED)
    return [step for step in steps if step.state in behind]
