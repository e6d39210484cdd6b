"""Up to when the data of an export reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from longwave.domain.blinding import EVENTS
from longwave.domain.dataset import (
    DatasetAlert,
    DatasetAssessment,
    DatasetParticipant,
)
from longwave.storage.tables import (
    Answer,
    Assessment,
    Event,
    Participant,
    Study,
)

_ABOUT_PEOPLE = "participant."
_ABOUT_DOSES = ("dose.recorded", "dose.corrected", "group.joined", "group.left", "group.started")
_END_OF_FOLLOW_UP = ("participant.completed", "participant.continued")


def find_cut_off(
    session: Session,
    study: Study,
    participants: tuple[DatasetParticipant, ...],
    assessments: tuple[DatasetAssessment, ...],
    alerts: tuple[DatasetAlert, ...],
    shown: ColumnElement[bool],
    arms: bool,
) -> datetime:
    """Return the instant of the last thing that the export shows.

    What only some arms can have does not count in a blinded export: its instant would say in
    which arm somebody is.
    """
    instants: list[datetime | None] = [study.added_at, study.opened_at]
    for who in participants:
        instants += (who.consented_at, who.enrolled_at, who.randomised_at)
        instants += (who.withdrawn_at, who.crossover_at)
    for found in assessments:
        instants += (found.opened_at, found.started_at, found.submitted_at, found.closed_at)
    for alert in alerts:
        instants += (alert.raised_at, alert.acknowledged_at)
    study_id = study.id or 0
    instants.append(_newest(session, col(Participant.screened_at), _of(Participant, study_id)))
    answered = col(Answer.assessment_id) == col(Assessment.id)
    instants.append(
        _newest(session, col(Answer.saved_at), _of(Assessment, study_id), answered, shown)
    )
    told = col(Event.kind).startswith(_ABOUT_PEOPLE, autoescape=True)
    if arms:
        told = told | col(Event.kind).in_(_ABOUT_DOSES)
    if not arms:
        kept_back = [kind for kind, fields in EVENTS.items() if fields is None]
        told = told & col(Event.kind).not_in([*kept_back, *_END_OF_FOLLOW_UP])
    instants.append(_newest(session, col(Event.at), _of(Event, study_id), told))
    return max(instant for instant in instants if instant is not None)


def _of(table: Any, study_id: int) -> ColumnElement[bool]:  # noqa: ANN401
    return col(table.study_id) == study_id


def _newest(session: Session, instant: Any, *where: ColumnElement[bool]) -> datetime | None:  # noqa: ANN401
    found: datetime | None = session.execute(select(func.max(instant)).where(*where)).scalar()
    return found
