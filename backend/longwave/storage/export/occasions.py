"""What was planned for people: assessments, invitations to them, doses, and alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from longwave.domain.dataset import (
    DatasetAlert,
    DatasetAssessment,
    DatasetDose,
    DatasetInvitation,
)
from longwave.domain.lifecycle import BounceKind
from longwave.storage.tables import (
    Alert,
    Assessment,
    Bounce,
    CourseGroup,
    Dose,
    Message,
)


def read_assessments(
    session: Session, study_id: int, shown: ColumnElement[bool]
) -> Iterable[DatasetAssessment]:
    """Give the assessments of the waves that are shown."""
    statement = (
        select(
            col(Assessment.id),
            col(Assessment.participant_id),
            col(Assessment.protocol_version_id),
            col(Assessment.wave),
            col(Assessment.occurrence),
            col(Assessment.status),
            col(Assessment.mode),
            col(Assessment.opens_at),
            col(Assessment.due_at),
            col(Assessment.closes_at),
            col(Assessment.opened_at),
            col(Assessment.started_at),
            col(Assessment.submitted_at),
            col(Assessment.closed_at),
            col(Assessment.closing_reason),
            col(Assessment.zone),
            col(Assessment.item_orders),
        )
        .where(col(Assessment.study_id) == study_id, shown)
        .order_by(col(Assessment.id))
    )
    return (DatasetAssessment(*row) for row in session.execute(statement))


def read_invitations(
    session: Session, study_id: int, shown: ColumnElement[bool]
) -> Iterable[DatasetInvitation]:
    """Give what became of invitations and reminders."""
    came_back = (
        select(col(Bounce.message_id), func.min(col(Bounce.received_at)).label("at"))
        .where(col(Bounce.study_id) == study_id, col(Bounce.kind) == BounceKind.HARD)
        .group_by(col(Bounce.message_id))
        .subquery()
    )
    statement = (
        select(
            col(Message.assessment_id),
            col(Message.state),
            col(Message.settled_at),
            came_back.c.at,
        )
        .join(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .outerjoin(came_back, came_back.c.message_id == col(Message.id))
        .where(
            col(Message.study_id) == study_id,
            col(Message.settled_at).is_not(None),
            shown,
        )
        .order_by(col(Message.id))
    )
    return (DatasetInvitation(*row) for row in session.execute(statement))


def read_doses(session: Session, study_id: int, cut_off: datetime) -> Iterable[DatasetDose]:
    """Return what was planned until the cut-off and not cancelled, as it is known by then."""
    statement = (
        select(
            col(Dose.participant_id),
            col(Dose.programme),
            col(Dose.session),
            col(CourseGroup.name),
            col(CourseGroup.facilitator_id),
            col(CourseGroup.format),
            col(Dose.planned_at),
            col(Dose.done_at),
            col(Dose.minutes),
        )
        .outerjoin(CourseGroup, col(CourseGroup.id) == col(Dose.group_id))
        .where(
            col(Dose.study_id) == study_id,
            col(Dose.cancelled_at).is_(None),
            col(Dose.planned_at) <= cut_off,
        )
    )
    return (DatasetDose(*row) for row in session.execute(statement))


def read_alerts(
    session: Session, study_id: int, shown: ColumnElement[bool]
) -> Iterable[DatasetAlert]:
    """Give the alerts that answers set off."""
    statement = (
        select(
            col(Alert.participant_id),
            col(Assessment.wave),
            col(Assessment.occurrence),
            col(Alert.rule),
            col(Alert.raised_at),
            col(Alert.acknowledged_at),
        )
        .join(Assessment, col(Assessment.id) == col(Alert.assessment_id))
        .where(col(Alert.study_id) == study_id, shown)
        .order_by(col(Alert.id))
    )
    return (DatasetAlert(*row) for row in session.execute(statement))
