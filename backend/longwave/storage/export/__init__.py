"""A study's rows, read in bulk for an export. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session, col

from longwave.domain.dataset import (
    Dataset,
    DatasetStudy,
    DatasetVersion,
    Part,
    TrailHead,
)
from longwave.domain.lifecycle import Stage, StudyMode
from longwave.storage.export.answers import read_answers
from longwave.storage.export.cut_off import find_cut_off
from longwave.storage.export.occasions import (
    read_alerts,
    read_assessments,
    read_doses,
    read_invitations,
)
from longwave.storage.export.people import read_participants, read_pauses, read_reach
from longwave.storage.tables import Assessment, Participant, ProtocolVersion, Seal, Study


def begin_snapshot(session: Session) -> None:
    """Begin a transaction in which every statement sees the same state of the database.

    SQLite's transactions do so anyway. Does nothing within a transaction that has begun.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.in_transaction():
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def read_dataset(
    session: Session,
    study: Study,
    *,
    arms: bool,
    hidden_waves: Collection[str] = (),
    parts: Collection[Part] = (),
    withheld: Collection[tuple[str, str]] = (),
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
    parts
        What tells much of a person and was asked for.
    withheld
        The items (instrument and id) whose values are not selected, since they were not.
    """
    study_id = study.id or 0
    shown = col(Assessment.wave).not_in(hidden_waves)
    participants = tuple(read_participants(session, study_id, arms, hidden_waves))
    assessments = tuple(read_assessments(session, study_id, shown))
    alerts = tuple(read_alerts(session, study_id, shown))
    cut_off = find_cut_off(session, study, participants, assessments, alerts, shown, arms)
    return Dataset(
        study=DatasetStudy(study_id, study.slug, study.mode == StudyMode.TRIAL_RUN),
        versions=tuple(_versions(session, study_id)),
        participants=participants,
        assessments=assessments,
        invitations=tuple(read_invitations(session, study_id, shown)),
        pauses=tuple(read_pauses(session, study_id)),
        reach=tuple(read_reach(session, study_id)),
        answers=read_answers(session, study_id, shown, parts, withheld),
        cut_off=cut_off,
        left_out=_left_out(session, study_id),
        blinded=not arms,
        trail=_trail_head(session, cut_off, arms),
        doses=tuple(read_doses(session, study_id, cut_off)) if arms else (),
        alerts=alerts,
        parts=tuple(sorted(parts)),
    )


def _versions(session: Session, study_id: int) -> Iterable[DatasetVersion]:
    statement = (
        select(col(ProtocolVersion.id), col(ProtocolVersion.number), col(ProtocolVersion.hash))
        .where(col(ProtocolVersion.study_id) == study_id)
        .order_by(col(ProtocolVersion.number))
    )
    return (DatasetVersion(*row) for row in session.execute(statement))


def _left_out(session: Session, study_id: int) -> dict[str, int]:
    stages = (Stage.SCREENED, Stage.INELIGIBLE)
    statement = (
        select(col(Participant.stage), func.count())
        .where(col(Participant.study_id) == study_id, col(Participant.stage).in_(stages))
        .group_by(col(Participant.stage))
    )
    counts: dict[str, int] = {stage: n for stage, n in session.execute(statement)}  # noqa: C416
    return {str(stage): counts.get(stage, 0) for stage in stages}


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
