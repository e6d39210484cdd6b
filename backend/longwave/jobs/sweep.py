"""Waves that open and close with time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.keys import KeyRing
from longwave.services import enrolment, timeline


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many assessments a sweep opened and closed."""

    opened: int
    closed: int

    def may_have_left_some(self, limit: int) -> bool:
        """Whether the sweep stopped at its limit."""
        return max(self.opened, self.closed) >= limit


def sweep(session: Session, now: datetime, limit: int, *, keys: KeyRing) -> SweepReport:
    """Open and close what is due, at most ``limit`` of each; doing it again does nothing more."""
    enrolment.forget_screening(session, now=now)
    return SweepReport(
        closed=timeline.close_due(session, keys=keys, now=now, limit=limit),
        opened=timeline.open_due(session, keys=keys, now=now, limit=limit),
    )
