"""What waves count from: events of the participant, days of the calendar, or a request."""

from __future__ import annotations

import re
from datetime import date

from longwave.domain.protocol.model import Protocol, Wave

ENROLMENT = "enrolment"
RANDOMISATION = "randomisation"
PROGRAMME = "programme"
REQUEST = "request"
WAVE = "wave:"
EVENTS = (ENROLMENT, RANDOMISATION, PROGRAMME, REQUEST)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def looks_like_date(anchor: str) -> bool:
    """Return whether an anchor is written as a day, be there such a day or not."""
    return _DATE.fullmatch(anchor) is not None


def calendar_day(anchor: str) -> date | None:
    """Return the day that an anchor names; None for an event, a wave, or no such day."""
    if not looks_like_date(anchor):
        return None
    try:
        return date.fromisoformat(anchor)
    except ValueError:
        return None


def entry(protocol: Protocol, wave: Wave) -> str:
    """Return the event at which a wave that counts from the calendar is planned.

    This is the enrolment; for waves below the one after which participants are randomised, it is
    the randomisation.
    """
    plan = protocol.randomisation
    order = {other.id: other.order for other in protocol.waves}
    if plan is None or wave.order <= order.get(plan.after, wave.order):
        return ENROLMENT
    return RANDOMISATION


def planned_at(protocol: Protocol, wave: Wave) -> str | None:
    """Return the event at which a wave is planned: the one it counts from, or the entry.

    None for a wave that is planned when it is requested.
    """
    if wave.anchor == REQUEST:
        return None
    return wave.anchor if calendar_day(wave.anchor) is None else entry(protocol, wave)


def root_of(protocol: Protocol, wave: str) -> Wave | None:
    """Return the wave at the end of the chain of waves that ``wave`` is anchored to."""
    waves = {other.id: other for other in protocol.waves}
    for _ in waves:
        found = waves.get(wave)
        if found is None or not found.anchor.startswith(WAVE):
            break
        wave = found.anchor.removeprefix(WAVE)
    return waves.get(wave)


def hangs_on_programme(protocol: Protocol, wave: str) -> bool:
    """Return whether ``wave``, or a wave that it is anchored to, counts from a programme.

    Arms start their programmes at different times, and some never do: such a wave is no
    occasion that arms share.
    """
    found = root_of(protocol, wave)
    return found is not None and found.anchor == PROGRAMME


def may_never_come(protocol: Protocol, wave: str) -> str | None:
    """Return why some participants never have ``wave``, or None if all do who reach its anchor."""
    found = root_of(protocol, wave)
    if found is None:
        return None
    if found.anchor == REQUEST:
        return f"The wave {wave!r} comes only on request."
    if calendar_day(found.anchor) is not None:
        return f"Who comes late never has the wave {wave!r}, which counts from {found.anchor}."
    return None
