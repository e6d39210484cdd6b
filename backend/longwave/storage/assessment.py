"""Assessments and answers, read and written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.storage.study import FROZEN
from longwave.storage.tables import Answer, Assessment, Participant, Study

_UNDER_WAY = (AssessmentStatus.OPEN, AssessmentStatus.STARTED)


def by_token(session: Session, token_hash: str) -> Assessment | None:
    """Return the assessment that a link leads to."""
    return session.exec(_BY_TOKEN, params={"token_hash": token_hash}).one_or_none()


# Statements of a participant's every request are built once; building one costs as much as
# running it.
_BY_TOKEN = select(Assessment).where(col(Assessment.token_hash) == bindparam("token_hash"))


def by_id(session: Session, assessment_id: int) -> Assessment | None:
    """Return one assessment."""
    return session.get(Assessment, assessment_id)


def with_owner(
    session: Session, assessment_id: int
) -> tuple[Assessment, Participant, Study] | None:
    """Return an assessment, whose it is and of which study, in one statement."""
    found = session.execute(_WITH_OWNER, {"assessment_id": assessment_id}).one_or_none()
    return found and (found[0], found[1], found[2])


_WITH_OWNER = (
    sqlalchemy_select(Assessment, Participant, Study)
    .join(Participant, col(Participant.id) == col(Assessment.participant_id))
    .join(Study, col(Study.id) == col(Assessment.study_id))
    .where(col(Assessment.id) == bindparam("assessment_id"))
)


def held_with_owners(
    session: Session, assessment_ids: Collection[int]
) -> dict[int, tuple[Assessment, Participant, Study]]:
    """Return some assessments by id as `with_owner` does, and hold their participants.

    Those whose participant somebody else holds are left out, so that nobody waits for them.
    """
    wanted = list(assessment_ids)
    if session.get_bind().dialect.name != "sqlite":
        wanted = list(session.scalars(_HOLD_OWNERS, {"assessment_ids": wanted}))
    parameters = {"assessment_ids": wanted}
    rows = session.execute(_WITH_OWNERS, parameters, execution_options=_AS_IT_IS_NOW)
    return {found[0].id: (found[0], found[1], found[2]) for found in rows}


_HOLD_OWNERS = (
    sqlalchemy_select(col(Assessment.id))
    .join(Participant, col(Assessment.participant_id) == col(Participant.id))
    .where(col(Assessment.id).in_(bindparam("assessment_ids", expanding=True)))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)
_WITH_OWNERS = (
    sqlalchemy_select(Assessment, Participant, Study)
    .join(Participant, col(Participant.id) == col(Assessment.participant_id))
    .join(Study, col(Study.id) == col(Assessment.study_id))
    .where(col(Assessment.id).in_(bindparam("assessment_ids", expanding=True)))
)


def owner(session: Session, assessment: Assessment) -> tuple[Participant, Study]:
    """Return whose assessment this is, and of which study, in one statement."""
    return session.exec(_OWNER, params={"participant_id": assessment.participant_id}).one()


_OWNER = (
    select(Participant, Study)
    .join(Study, col(Study.id) == col(Participant.study_id))
    .where(col(Participant.id) == bindparam("participant_id"))
)


def of_participant(session: Session, participant_id: int) -> list[Assessment]:
    """Return a participant's assessments, in the order in which they were planned."""
    return list(session.exec(_OF_PARTICIPANT, params={"participant_id": participant_id}))


_OF_PARTICIPANT = (
    select(Assessment)
    .where(col(Assessment.participant_id) == bindparam("participant_id"))
    .order_by(col(Assessment.id))
)


def refresh(session: Session, assessment: Assessment) -> None:
    """Read an assessment again, once its participant is locked."""
    if session.get_bind().dialect.name != "sqlite":
        session.refresh(assessment)


def is_completed(session: Session, participant_id: int, wave: str) -> bool:
    """Whether a participant has completed a wave."""
    found = session.exec(_COMPLETED, params={"participant_id": participant_id, "wave": wave})
    return found.first() is not None


_COMPLETED = select(Assessment.id).where(
    col(Assessment.participant_id) == bindparam("participant_id"),
    col(Assessment.wave) == bindparam("wave"),
    col(Assessment.status) == AssessmentStatus.COMPLETED,
)


Held = tuple[Assessment, Participant]
"""An assessment, and its participant as she is now, for whom nobody else writes."""


def due_to_open(session: Session, now: datetime, limit: int) -> list[Held]:
    """Return scheduled assessments whose window has opened, the earliest first.

    Their participants are locked until the end. Those of participants for whom somebody else
    writes at this moment are passed over.
    """
    return _held(session, _DUE_TO_OPEN, {"now": now, "most": limit})


def due_to_close(session: Session, now: datetime, limit: int) -> list[Held]:
    """Return open and started assessments that expire, the earliest of each first.

    Their participants are locked, as by `due_to_open`.
    """
    found: list[Held] = []
    for statement in _DUE_TO_CLOSE:
        found += _held(session, statement, {"now": now, "most": limit - len(found)})
    return found


def _due(status: AssessmentStatus, at: datetime) -> Select[Assessment, Participant]:
    """Select what is due by one range of one index, however much else there is.

    A study that takes no data has nothing under way or to come. Should it have, it stays.
    """
    frozen = sqlalchemy_select(col(Study.id)).where(col(Study.state).in_(FROZEN))
    return (
        sqlalchemy_select(Assessment, Participant)
        .join(Participant, col(Participant.id) == col(Assessment.participant_id))
        .where(
            col(Assessment.status) == status,
            col(at) <= bindparam("now"),
            col(Assessment.study_id).not_in(frozen),
        )
        .order_by(col(at))
        .limit(bindparam("most"))
        .with_for_update(key_share=True, skip_locked=True, of=Participant)
    )


_DUE_TO_OPEN = _due(AssessmentStatus.SCHEDULED, Assessment.opens_at)
_DUE_TO_CLOSE = [_due(status, Assessment.expires_at) for status in _UNDER_WAY]


def _held(
    session: Session,
    statement: Select[Assessment, Participant],
    parameters: Mapping[str, object],
) -> list[Held]:
    rows = session.execute(statement, parameters, execution_options=_AS_IT_IS_NOW)
    found = [(assessment, participant) for assessment, participant in rows]
    if found and session.get_bind().dialect.name != "sqlite":
        # What was read before its participant was locked may be out of date.
        ids = [assessment.id for assessment, _ in found]
        again = select(Assessment).where(col(Assessment.id).in_(ids))
        session.exec(again, execution_options=_AS_IT_IS_NOW).all()
    return found


_AS_IT_IS_NOW = {"populate_existing": True}


def open_now(
    session: Session, study_id: int, now: datetime, limit: int
) -> list[tuple[Assessment, Participant]]:
    """Return open assessments of active participants, those that close last first."""
    statement = (
        select(Assessment, Participant)
        .join(Participant, col(Participant.id) == col(Assessment.participant_id))
        .where(
            Assessment.study_id == study_id,
            col(Assessment.status).in_(_UNDER_WAY),
            Assessment.closes_at > now,
            Participant.follow_up == FollowUp.ACTIVE,
        )
        .order_by(col(Assessment.closes_at).desc())
        .limit(limit)
    )
    return list(session.exec(statement))


def statuses(session: Session, participant_ids: list[int]) -> list[tuple[int, str, str]]:
    """Return (participant id, wave, status) of some participants' assessments, by occurrence."""
    statement = (
        select(Assessment.participant_id, Assessment.wave, Assessment.status)
        .where(col(Assessment.participant_id).in_(participant_ids))
        .order_by(col(Assessment.occurrence))
    )
    return list(session.exec(statement))


class GivenAnswer(NamedTuple):
    """A value, or the reason why there is none.

    ``other`` is what was written beside the chosen option, ``milliseconds`` for how long the item
    was in sight. ``revision`` is that of the assessment by which it was saved; 0 if it was not,
    or before revisions were noted.
    """

    value: str | None
    missing_reason: str | None
    other: str | None = None
    milliseconds: int | None = None
    revision: int = 0

    def says_as(self, another: GivenAnswer) -> bool:
        """Whether two answers say the same, whenever and however fast they were given."""
        return (self.value, self.missing_reason, self.other) == (
            another.value,
            another.missing_reason,
            another.other,
        )


def answers(session: Session, assessment_id: int) -> dict[tuple[str, str], GivenAnswer]:
    """Return the answers of an assessment, by instrument and item."""
    return answers_of_several(session, [assessment_id])[assessment_id]


def answers_of_several(
    session: Session, assessment_ids: Collection[int]
) -> dict[int, dict[tuple[str, str], GivenAnswer]]:
    """Return the answers of some assessments, each by instrument and item."""
    found: dict[int, dict[tuple[str, str], GivenAnswer]] = {one: {} for one in assessment_ids}
    rows = session.execute(_ANSWERS, {"assessment_ids": list(found)})
    for whose, instrument, item, value, reason, other, milliseconds, revision in rows:
        answer = GivenAnswer(value, reason, other, milliseconds, revision or 0)
        found[whose][instrument, item] = answer
    return found


_ANSWERS = sqlalchemy_select(
    col(Answer.assessment_id),
    col(Answer.instrument),
    col(Answer.item),
    col(Answer.value),
    col(Answer.missing_reason),
    col(Answer.other),
    col(Answer.milliseconds),
    col(Answer.revision),
).where(col(Answer.assessment_id).in_(bindparam("assessment_ids", expanding=True)))


def store_answers(
    session: Session,
    assessment_id: int,
    instrument: str,
    given: Mapping[str, GivenAnswer],
    now: datetime,
    *,
    revision: int,
) -> None:
    """Write the answers to some items of an instrument, over any that stand there.

    ``revision`` is the one that they are saved by, whatever ``given`` says.
    """
    store(session, answer_rows(assessment_id, instrument, given, now, revision=revision))


def answer_rows(
    assessment_id: int,
    instrument: str,
    given: Mapping[str, GivenAnswer],
    now: datetime,
    *,
    revision: int,
) -> list[AnswerRow]:
    """Return the rows that `store_answers` writes, to be written together with others."""
    return [
        {
            "assessment_id": assessment_id,
            "instrument": instrument,
            "item": item,
            "value": answer.value,
            "missing_reason": answer.missing_reason,
            "saved_at": now,
            "other": answer.other,
            "milliseconds": answer.milliseconds,
            "revision": revision,
        }
        for item, answer in given.items()
    ]


def store(session: Session, rows: Sequence[AnswerRow]) -> None:
    """Write answers, over any that stand there."""
    if rows:
        connection = session.connection()
        connection.execute(_upsert_answer(connection.dialect.name), rows)


AnswerRow = dict[str, Any]
"""One answer, by column."""


_KEY = ("assessment_id", "instrument", "item")
_SAVED = ("value", "missing_reason", "saved_at", "other", "milliseconds", "revision")


@cache
def _upsert_answer(dialect: str) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(Answer)
    return statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={name: statement.excluded[name] for name in _SAVED},
    )
