"""What lies behind and before a participant, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from longwave.domain.outlook import Step, StepState
from longwave.domain.protocol.anchors import RANDOMISATION, WAVE
from longwave.domain.protocol.model import Protocol
from longwave.i18n import Translator

_BEHIND = (StepState.DONE, StepState.PARTLY, StepState.MISSED)


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One questionnaire in words. ``place`` (wave/occurrence) is where it can be opened now."""

    title: str
    state: str
    when: str
    minutes: int
    place: str | None


@dataclass(frozen=True, slots=True)
class ShownOutlook:
    """What is open now, what is to come, and what was."""

    now: tuple[ShownStep, ...]
    ahead: tuple[ShownStep, ...]
    behind: tuple[ShownStep, ...]


def shown(say: Translator, protocol: Protocol, steps: Iterable[Step], zone: str) -> ShownOutlook:
    """Return an outlook in the reader's words and local time."""
    found = [(step.state, _shown(say, protocol, step, zone)) for step in steps]
    return ShownOutlook(
        now=tuple(each for state, each in found if state is StepState.NOW),
        ahead=tuple(each for state, each in found if state in (StepState.AHEAD, StepState.LATER)),
        behind=tuple(each for state, each in found if state in _BEHIND),
    )


def _shown(say: Translator, protocol: Protocol, step: Step, zone: str) -> ShownStep:
    wave = protocol.wave(step.wave)
    can_open = step.state is StepState.NOW and not step.surprise
    return ShownStep(
        title=_title(say, say.pick(wave.label), step),
        state=str(step.state),
        when=_when(say, protocol, step, zone),
        minutes=protocol.minutes(wave),
        place=f"{step.wave}/{step.number}" if can_open else None,
    )


def _title(say: Translator, label: str, step: Step) -> str:
    if step.surprise or step.state is StepState.LATER or step.of == 1:
        return label
    numbered = say("{label}, {number} of {of}")
    return numbered.format(label=label, number=step.number, of=step.of)


def _when(say: Translator, protocol: Protocol, step: Step, zone: str) -> str:
    if step.opens_at is None or step.closes_at is None:
        return _unknown(say, protocol, step)
    opens, closes = say.date(step.opens_at, zone), say.date(step.closes_at, zone)
    if step.surprise:
        days = say("several short ones from {first} to {last}; when they come is a surprise")
        done = say("{done} of {all} answered").format(done=step.number, all=step.of)
        return f"{days.format(first=opens, last=closes)}; {done}"
    if step.state is StepState.AHEAD:
        if opens == closes:
            return say("on {day}").format(day=opens)
        return say("from {first} to {last}").format(first=opens, last=closes)
    words = {
        StepState.NOW: say("open until {time}").format(time=say.time(step.closes_at, zone)),
        StepState.DONE: say("done on {day}").format(day=say.date(step.at or step.opens_at, zone)),
        StepState.PARTLY: say("partly answered; what you gave is kept"),
        StepState.MISSED: say("not answered; that is all right"),
    }
    return words[step.state]


def _unknown(say: Translator, protocol: Protocol, step: Step) -> str:
    if step.after == RANDOMISATION:
        return say("its date is known once chance has assigned you to a group")
    if step.after is not None and step.after.startswith(WAVE):
        before = say.pick(protocol.wave(step.after.removeprefix(WAVE)).label)
        return say("its date follows from when “{questionnaire}” ends").format(questionnaire=before)
    return say("its date is not known yet")
