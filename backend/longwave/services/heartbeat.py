"""Whether the clockwork is alive."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.storage import trail

TICK = "tick"


def beat(session: Session, *, now: datetime) -> None:
    """Note that a tick was done."""
    trail.beat(session, TICK, now)


def last_tick(session: Session) -> datetime | None:
    """Return when the last tick was done."""
    return trail.last_beat(session, TICK)
