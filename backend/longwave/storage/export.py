"""A study's rows, read in bulk for an export. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from longwave.domain.blinding import EVENTS, follow_up_shown
from longwave.domain.dataset import (
    AnswerColumns,
    AnswerEncoder,
    Dataset,
    DatasetAlert,
    DatasetAssessment,
    DatasetDose,
    DatasetInvitation,
    DatasetParticipant,
    DatasetPause,
    DatasetReach,
    DatasetStudy,
    DatasetVersion,
    TrailHead,
)
from longwave.domain.lifecycle import BounceKind, Messages, Stage, StudyMode
from longwave.domain.randomisation import list_of_members
from longwave.storage.tables import (
    Alert,
    Allocation,
    Answer,
    Assessment,
    Bounce,
    Consent,
    CourseGroup,
    Dose,
    Event,
    Message,
    Participant,
    ProtocolVersion,
    Seal,
    Study,
)

_BATCH = 1_000
_CONSENTED = (Stage.CONSENTED, Stage.ENROLLED, Stage.RANDOMISED)
_ABOUT_PEOPLE = "participant."
_ABOUT_DOSES = ("dose.recorded", "dose.corrected", "group.joined", "group.left", "group.started")
_END_OF_FOLLOW_UP = ("participant.completed", "participant.continued")
_BOUNCED = "message.bounced"
_CHANGED = "contact.changed"
_PAUSED = f"participant.messages_{Messages.PAUSED}"
_RESUMED = f"participant.messages_{Messages.ON}"


def begin_snapshot(session: Session) -> None:
    """Begin a transaction in which every statement sees the same state of the database.

    SQLite's transactions do so anyway. Does nothing within a transaction that has begun.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def read_dataset(
    session: Session, study: Study, *, arms: bool, hidden_waves: Collection[str] = ()
) -> Dataset:
    """Read all that an export of ``study`` shows.

    Parameters
    ----------
    study
        The study.
    arms
        Whether to read who is in which arm, and what only some arms can have. Without it
        those rows are not even selected.
    hidden_waves
        The waves whose time tells the arm; what belongs to them is not selected either.
    """
    study_id = study.id or 0
    shown = col(Assessment.wave).not_in(hidden_waves)
    participants = tuple(_participants(session, study_id, arms, hidden_waves))
    assessments = tuple(_assessments(session, study_id, shown))
    alerts = tuple(_alerts(session, study_id, shown))
    cut_off = _cut_off(session, study, participants, assessments, alerts, shown, arms)
    return Dataset(
        study=DatasetStudy(study_id, study.slug, study.mode == StudyMode.TRIAL_RUN),
        versions=tuple(_versions(session, study_id)),
        participants=participants,
        assessments=assessments,
        invitations=tuple(_invitations(session, study_id, shown)),
        pauses=tuple(_pauses(session, study_id)),
        reach=tuple(_reach(session, study_id)),
        answers=_answers(session, study_id, shown),
        cut_off=cut_off,
        left_out=_left_out(session, study_id),
        blinded=not arms,
        trail=_trail_head(session, cut_off, arms),
        doses=tuple(_doses(session, study_id, cut_off)) if arms else (),
        alerts=alerts,
    )


def _alerts(session: Session, study_id: int, shown: ColumnElement[bool]) -> Iterable[DatasetAlert]:
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


def _doses(session: Session, study_id: int, cut_off: datetime) -> Iterable[DatasetDose]:
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


def _versions(session: Session, study_id: int) -> Iterable[DatasetVersion]:
    statement = (
        select(col(ProtocolVersion.id), col(ProtocolVersion.number), col(ProtocolVersion.hash))
        .where(col(ProtocolVersion.study_id) == study_id)
        .order_by(col(ProtocolVersion.number))
    )
    return (DatasetVersion(*row) for row in session.execute(statement))


def _participants(
    session: Session, study_id: int, arms: bool, hidden_waves: Collection[str]
) -> Iterable[DatasetParticipant]:
    consented = (
        select(
            col(Consent.participant_id).label("participant_id"),
            func.min(col(Consent.signed_at)).label("signed_at"),
        )
        .group_by(col(Consent.participant_id))
        .subquery()
    )
    statement = (
        select(
            col(Participant.id),
            col(Participant.public_id),
            col(Participant.site),
            col(Participant.language),
            col(Participant.zone),
            col(Participant.stage),
            col(Participant.follow_up),
            col(Participant.messages),
            col(Participant.stratum),
            consented.c.signed_at,
            col(Participant.enrolled_at),
            col(Participant.randomised_at),
            col(Participant.withdrawn_at),
            col(Participant.stratum_actual),
            col(Participant.randomised_in_error_at).is_not(None),
            col(Participant.erased_at).is_not(None),
            col(Allocation.list),
        )
        .outerjoin(consented, consented.c.participant_id == col(Participant.id))
        .outerjoin(Allocation, col(Allocation.participant_id) == col(Participant.id))
        .where(col(Participant.study_id) == study_id, col(Participant.stage).in_(_CONSENTED))
        .order_by(col(Participant.public_id))
    )
    if arms:
        statement = statement.add_columns(col(Participant.crossover_at), col(Allocation.arm))
    rows = session.execute(statement)
    people = (DatasetParticipant(*row) for row in rows)
    shown = (
        replace(
            who,
            follow_up=follow_up_shown(who.follow_up, hidden_waves, blinded=not arms),
            cluster=_cluster(who.cluster),
        )
        for who in people
    )
    # The order is that of the code points, whatever the database's collation says.
    return sorted(shown, key=lambda found: found.public_id)


def _cluster(list_name: str | None) -> str | None:
    """Return the cluster whose members stand on a list, if it is such a list."""
    prefix = list_of_members("")
    if list_name is None or not list_name.startswith(prefix):
        return None
    return list_name.removeprefix(prefix)


def _assessments(
    session: Session, study_id: int, shown: ColumnElement[bool]
) -> Iterable[DatasetAssessment]:
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
        )
        .where(col(Assessment.study_id) == study_id, shown)
        .order_by(col(Assessment.id))
    )
    return (DatasetAssessment(*row) for row in session.execute(statement))


def _invitations(
    session: Session, study_id: int, shown: ColumnElement[bool]
) -> Iterable[DatasetInvitation]:
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


def _pauses(session: Session, study_id: int) -> Iterable[DatasetPause]:
    statement = (
        select(col(Event.participant_id), col(Event.at), col(Event.kind))
        .where(col(Event.study_id) == study_id, col(Event.kind).in_((_PAUSED, _RESUMED)))
        .order_by(col(Event.id))
    )
    return (DatasetPause(who, at, kind == _PAUSED) for who, at, kind in session.execute(statement))


def _reach(session: Session, study_id: int) -> Iterable[DatasetReach]:
    """Give from when on whose address was dead, or was another one, by the trail."""
    statement = (
        select(col(Event.participant_id), col(Event.at), col(Event.kind), col(Event.payload))
        .where(
            col(Event.study_id) == study_id,
            col(Event.kind).in_((_BOUNCED, _CHANGED)),
            col(Event.participant_id).is_not(None),
        )
        .order_by(col(Event.id))
    )
    for who, at, kind, payload in session.execute(statement):
        if kind == _CHANGED or "suppressed" in payload:
            yield DatasetReach(who, at, dead=kind == _BOUNCED)


def _answers(session: Session, study_id: int, shown: ColumnElement[bool]) -> AnswerColumns:
    statement = (
        select(
            col(Answer.assessment_id),
            col(Answer.instrument),
            col(Answer.item),
            col(Answer.value),
            col(Answer.missing_reason),
        )
        .join(Assessment, col(Assessment.id) == col(Answer.assessment_id))
        .where(col(Assessment.study_id) == study_id, shown)
    )
    encoder = AnswerEncoder()
    # Past the ORM, which takes twice as long over millions of rows.
    result = session.connection().execute(statement, execution_options={"yield_per": _BATCH})
    for batch in result.partitions():
        encoder.add(batch)
    return encoder.columns


def _left_out(session: Session, study_id: int) -> dict[str, int]:
    stages = (Stage.SCREENED, Stage.INELIGIBLE)
    statement = (
        select(col(Participant.stage), func.count())
        .where(col(Participant.study_id) == study_id, col(Participant.stage).in_(stages))
        .group_by(col(Participant.stage))
    )
    counts: dict[str, int] = {stage: n for stage, n in session.execute(statement)}  # noqa: C416
    return {str(stage): counts.get(stage, 0) for stage in stages}


def _cut_off(
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


def _trail_head(session: Session, cut_off: datetime, arms: bool) -> TrailHead | None:
    """Return the newest head from before the cut-off: a later one would change the bytes."""
    statement = (
        select(col(Seal.number), col(Seal.last_event), col(Seal.head))
        .where(col(Seal.sealed_at) < cut_off)
        .order_by(col(Seal.number).desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    return TrailHead(*row) if arms else TrailHead(None, None, row.head)
