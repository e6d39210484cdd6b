"""Waves that open and close with time, and crossovers whose time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.keys import KeyRing
from longwave.services import enrolment, programme, timeline


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many assessments a sweep opened and closed, and how many people crossed over."""

    opened: int
    closed: int
    crossed: int = 0

    def may_have_left_some(self, limit: int) -> bool:
        """Whether the sweep stopped at its limit."""
        return max(self.opened, self.closed, self.crossed) >= limit


def sweep(session: Session, now: datetime, limit: int, *, keys: KeyRing) -> SweepReport:
    """Do what is due, at most ``limit`` of each kind; doing it again does nothing more."""
    enrolment.forget_screening(session, now=now)
    return SweepReport(
        crossed=programme.cross_over_due(session, keys=keys, now=now, limit=limit),
        closed=timeline.close_due(session, keys=keys, now=now, limit=limit),
        opened=timeline.open_due(session, keys=keys, now=now, limit=limit),
    )
