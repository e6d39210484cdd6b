"""What follows from a participant's events about course groups and doses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from longwave.domain.trail import Happened


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a group: since when, and until when if it was given up."""

    joined_at: str
    left_at: str | None = None


class Taken(NamedTuple):
    """What was written down of a dose last: by whom, and the digest of what was said."""

    source: str
    digest: str


@dataclass(slots=True)
class CourseState:
    """Places by programme and group; doses by programme and session."""

    places: dict[tuple[str, str], Place] = field(default_factory=dict)
    doses: dict[tuple[str, int], Taken] = field(default_factory=dict)


def _joined(state: CourseState, event: Happened) -> None:
    told = event.payload
    before = told.get("from")
    if before is not None:
        _give_up(state, (told["programme"], before), event.at)
    state.places[told["programme"], told["group"]] = Place(event.at)


def _left(state: CourseState, event: Happened) -> None:
    _give_up(state, (event.payload["programme"], event.payload["group"]), event.at)


def _give_up(state: CourseState, group: tuple[str, str], at: str) -> None:
    state.places[group] = replace(state.places[group], left_at=at)


def _recorded(state: CourseState, event: Happened) -> None:
    told = event.payload
    where = (str(told["programme"]), int(told["session"]))
    state.doses[where] = Taken(told["source"], told["dose"])


STEPS: Mapping[str, Callable[[CourseState, Happened], None]] = {
    "group.joined": _joined,
    "group.left": _left,
    "dose.recorded": _recorded,
    "dose.corrected": _recorded,
}
