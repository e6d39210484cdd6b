"""Whether the clockwork is alive, who leads it, and whether messages leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.domain.blinding import Concealed
from longwave.services import leading
from longwave.services.leading import Leader
from longwave.storage import backlog, trail

TICK = "tick"

COUNTED = 1000
"""How many due messages are counted; more are so many and more."""

_HELD_UP_AFTER = timedelta(hours=1)
_HELD_UP = 10
"""Fewer could be about a few people, of whom nobody may learn anything from a public page."""


@dataclass(frozen=True, slots=True)
class Due:
    """How many messages are due (at most `COUNTED`), and since when the earliest is."""

    number: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Clockwork:
    """How the clockwork stands.

    It is late when no batch of a sweep has ended for longer than it may stand still. Messages
    are held up when ten or more have been due for an hour.
    """

    last_tick: datetime | None
    is_late: bool
    leader: Leader | None
    messages_held_up: bool
    due: Concealed[Due]

    @property
    def has_run(self) -> bool:
        """Whether it ever ticked."""
        return self.last_tick is not None


def beat(session: Session, *, now: datetime) -> None:
    """Note that the clockwork has moved."""
    trail.beat(session, TICK, now)


def last_tick(session: Session) -> datetime | None:
    """Return when the clockwork last moved."""
    return trail.last_beat(session, TICK)


def state(session: Session, *, now: datetime, late_after: timedelta) -> Clockwork:
    """Return how the clockwork stands; one that never ran is late."""
    ticked = last_tick(session)
    held_up = backlog.due(session, now - _HELD_UP_AFTER, _HELD_UP)
    return Clockwork(
        last_tick=ticked,
        is_late=ticked is None or now - ticked > late_after,
        leader=leading.leader(session, now=now),
        messages_held_up=held_up.number >= _HELD_UP,
        due=Concealed(Due(*backlog.due(session, now, COUNTED))),
    )
