"""What time brings about: waves open and close, people cross over, alerts are brought to mind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.keys import KeyRing
from longwave.services import codes, courses, enrolment, programme, safety, timeline


@dataclass(frozen=True, slots=True)
class SweepReport:
    """How many assessments a sweep opened and closed, and how many people it dealt with else.

    They crossed over, or were planned by an amended protocol; ``doses`` counts what was done about
    their programmes, ``reminded`` the alerts about them that nobody had looked after.
    """

    opened: int
    closed: int
    crossed: int = 0
    replanned: int = 0
    doses: int = 0
    reminded: int = 0

    def may_have_left_some(self, limit: int) -> bool:
        """Whether the sweep stopped at its limit."""
        people = (self.crossed, self.replanned, self.doses, self.reminded)
        return max(self.opened, self.closed, *people) >= limit


def sweep(session: Session, now: datetime, limit: int, *, keys: KeyRing) -> SweepReport:
    """Do what is due, at most ``limit`` of each kind; doing it again does nothing more.

    Nothing opens by an earlier version of a protocol while there are people to plan by the new.
    """
    enrolment.forget_screening(session, now=now)
    codes.forget_old(session, now=now)
    reminded = safety.remind_due(session, now=now, limit=limit)
    replanned = timeline.replan_due(session, keys=keys, now=now, limit=limit)
    crossed = programme.cross_over_due(session, keys=keys, now=now, limit=limit)
    closed = timeline.close_due(session, keys=keys, now=now, limit=limit)
    opened = 0
    if replanned < limit:
        opened = timeline.open_due(session, keys=keys, now=now, limit=limit)
    doses = max(
        courses.plan_due(session, now=now, limit=limit),
        courses.release_due(session, now=now, limit=limit),
        courses.complete_due(session, now=now, limit=limit),
    )
    return SweepReport(opened, closed, crossed, replanned, doses, reminded)
