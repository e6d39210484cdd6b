"""What the team has to see to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from longwave.storage.tables import Assessment, Message, Participant, Task


class FoundTask(NamedTuple):
    """A task, and whom it is about, if anybody."""

    task: Task
    participant: Participant | None


def of_study(
    session: Session, study_id: int, sites: Collection[str] | None, *, done: bool | None = None
) -> list[FoundTask]:
    """Return a study's tasks, the oldest first; at some sites, or (None) all.

    Those about nobody belong to whoever sees every site.
    """
    statement = (
        select(Task, Participant)
        .outerjoin(Participant, col(Participant.id) == col(Task.participant_id))
        .where(col(Task.study_id) == study_id)
        .order_by(col(Task.added_at), col(Task.id))
    )
    if sites is not None:
        statement = statement.where(col(Participant.site).in_(sites))
    if done is not None:
        is_done = col(Task.done_at).is_not(None)
        statement = statement.where(is_done if done else ~is_done)
    return [FoundTask(*row) for row in session.execute(statement)]


def find(session: Session, study_id: int, kind: str, about: str) -> Task | None:
    """Return the task of a kind about something, if there is one."""
    statement = select(Task).where(
        col(Task.study_id) == study_id, col(Task.kind) == kind, col(Task.about) == about
    )
    return session.execute(statement).scalar_one_or_none()


def open_about(session: Session, participant_id: int, kinds: Collection[str]) -> list[Task]:
    """Return the tasks of some kinds about a participant that are not done."""
    statement = (
        select(Task)
        .where(col(Task.participant_id) == participant_id, col(Task.kind).in_(kinds))
        .where(col(Task.done_at).is_(None))
        .order_by(col(Task.id))
    )
    return list(session.execute(statement).scalars())


class SentMessage(NamedTuple):
    """A message to a participant, as far as its being sent can tell something."""

    id: int
    participant_id: int
    channel: str
    kind: str
    wave: str | None
    planned_at: datetime


def messages_to(session: Session, participant_ids: Collection[int]) -> list[SentMessage]:
    """Return what was sent, or is to be, to some participants."""
    statement = (
        select(
            col(Message.id),
            col(Message.participant_id),
            col(Message.channel),
            col(Message.kind),
            col(Assessment.wave),
            col(Message.planned_at),
        )
        .outerjoin(Assessment, col(Assessment.id) == col(Message.assessment_id))
        .where(col(Message.participant_id).in_(participant_ids))
        .order_by(col(Message.planned_at), col(Message.id))
    )
    return [SentMessage(*row) for row in session.execute(statement)]
