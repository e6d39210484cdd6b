"""What is amiss with alerts over all studies: some that nobody looks at, or would be told of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import StudyMode
from longwave.domain.lifecycle.participant import takes_data
from longwave.services.study import current_protocol, list_studies
from longwave.services.study.covering import uncovered_alerts
from longwave.storage import alert as alerts


@dataclass(frozen=True, slots=True)
class LateAlerts:
    """How many alerts of a study wait that somebody should have looked at by now."""

    slug: str
    is_live: bool
    number: int


def late_alerts(session: Session, *, now: datetime) -> tuple[LateAlerts, ...]:
    """Return the studies that have alerts which nobody has acknowledged in time."""
    return tuple(
        LateAlerts(study.slug, study.mode == StudyMode.LIVE, number)
        for study, number in alerts.late_by_study(session, now)
    )


def gaps_in_cover(session: Session) -> tuple[tuple[str, str], ...]:
    """Return the live studies under way with each alert that would reach nobody, in words."""
    return tuple(
        (study.slug, str(gap))
        for study in list_studies(session)
        if study.mode == StudyMode.LIVE and study.opened_at and takes_data(study.state)
        for gap in uncovered_alerts(session, study, current_protocol(session, study))
    )
