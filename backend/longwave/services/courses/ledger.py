"""The dose ledger: what was planned for whom, and what of it was received."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Concealed, Viewer
from longwave.domain.permissions import Action
from longwave.storage import course
from longwave.storage.tables import Study
from longwave.storage.tables.base import key


@dataclass(frozen=True, slots=True)
class DoseRow:
    """One dose. ``attended`` is None where nobody has written down anything yet."""

    participant: str
    programme: str
    session: int
    group: str | None
    planned_at: datetime
    released_at: datetime | None
    opened_at: datetime | None
    done_at: datetime | None
    minutes: float | None
    attended: bool | None
    source: str | None


def dose_rows(
    session: Session, study: Study, viewer: Viewer, *, programme: str | None = None
) -> Concealed[list[DoseRow]]:
    """Return the doses of participants at a viewer's sites, by participant and session."""
    viewer.require(Action.SEE_PROGRAMME)
    sites = viewer.sites_for(Action.SEE_PROGRAMME)
    names = {key(group): group.name for group in course.groups(session, key(study), None)}
    return Concealed(
        [
            DoseRow(
                participant=who.public_id,
                programme=dose.programme,
                session=dose.session,
                group=names.get(dose.group_id or 0),
                planned_at=dose.planned_at,
                released_at=dose.released_at,
                opened_at=dose.opened_at,
                done_at=dose.done_at,
                minutes=dose.minutes,
                attended=None if dose.source is None else dose.done_at is not None,
                source=dose.source,
            )
            for dose, who in course.ledger(session, key(study), programme, sites)
        ]
    )
