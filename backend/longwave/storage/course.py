"""Course groups, their members, and doses, read and written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, func, or_, select

from longwave.domain.lifecycle import ProgrammeState
from longwave.storage.study import FROZEN
from longwave.storage.tables import (
    ArmPeriod,
    CourseGroup,
    Dose,
    GroupMember,
    Participant,
    Staff,
    Study,
)

_AS_IT_IS_NOW = {"populate_existing": True}
_TAKES_DATA = col(Participant.study_id).not_in(select(Study.id).where(col(Study.state).in_(FROZEN)))


def groups(session: Session, study_id: int, sites: Collection[str] | None) -> list[CourseGroup]:
    """Return a study's groups at some sites (None: all), the oldest first."""
    statement = (
        select(CourseGroup).where(CourseGroup.study_id == study_id).order_by(col(CourseGroup.id))
    )
    if sites is not None:
        near = or_(col(CourseGroup.site).is_(None), col(CourseGroup.site).in_(sites))
        statement = statement.where(near)
    return list(session.exec(statement))


def group(session: Session, study_id: int, programme: str, name: str) -> CourseGroup | None:
    """Return the group of a programme that has this name."""
    statement = select(CourseGroup).where(
        CourseGroup.study_id == study_id,
        CourseGroup.programme == programme,
        CourseGroup.name == name,
    )
    return session.exec(statement).one_or_none()


def lock_group(session: Session, group_id: int) -> CourseGroup:
    """Return a group as it is now, which nobody else fills or changes until the end."""
    statement = select(CourseGroup).where(CourseGroup.id == group_id).with_for_update()
    return session.exec(statement, execution_options=_AS_IT_IS_NOW).one()


def group_by_id(session: Session, group_id: int) -> CourseGroup:
    """Return a group that is known to exist."""
    return session.get_one(CourseGroup, group_id)


def count_members(session: Session, group_id: int) -> int:
    """Return how many places of a group are taken."""
    statement = (
        select(func.count())
        .select_from(GroupMember)
        .where(GroupMember.group_id == group_id, col(GroupMember.left_at).is_(None))
    )
    return session.exec(statement).one()


def sizes(session: Session, study_id: int) -> dict[int, int]:
    """Return how many places of each group of a study are taken."""
    statement = (
        select(GroupMember.group_id, func.count())
        .join(CourseGroup, col(CourseGroup.id) == col(GroupMember.group_id))
        .where(CourseGroup.study_id == study_id, col(GroupMember.left_at).is_(None))
        .group_by(col(GroupMember.group_id))
    )
    return {group_id: number for group_id, number in session.exec(statement)}  # noqa: C416 - rows


def members(session: Session, group_id: int) -> list[tuple[GroupMember, Participant]]:
    """Return who is in a group, in the order of joining."""
    statement = (
        select(GroupMember, Participant)
        .join(Participant, col(Participant.id) == col(GroupMember.participant_id))
        .where(GroupMember.group_id == group_id, col(GroupMember.left_at).is_(None))
        .order_by(col(GroupMember.joined_at), col(GroupMember.id))
    )
    return list(session.exec(statement))


def membership(session: Session, participant_id: int) -> GroupMember | None:
    """Return a participant's place in a group, if she has one now."""
    statement = select(GroupMember).where(
        GroupMember.participant_id == participant_id, col(GroupMember.left_at).is_(None)
    )
    return session.exec(statement, execution_options=_AS_IT_IS_NOW).one_or_none()


def former_membership(session: Session, group_id: int, participant_id: int) -> GroupMember | None:
    """Return a participant's place in this group, be it given up or not."""
    statement = select(GroupMember).where(
        GroupMember.group_id == group_id, GroupMember.participant_id == participant_id
    )
    return session.exec(statement).one_or_none()


def waiting(
    session: Session, study_id: int, programme: str, sites: Collection[str] | None
) -> list[Participant]:
    """Return who is in a programme and in no group, the longest first."""
    placed = select(GroupMember.participant_id).where(col(GroupMember.left_at).is_(None))
    statement = (
        select(Participant)
        .join(ArmPeriod, col(ArmPeriod.participant_id) == col(Participant.id))
        .where(
            Participant.study_id == study_id,
            Participant.programme == ProgrammeState.ON,
            ArmPeriod.programme == programme,
            col(ArmPeriod.ends_at).is_(None),
            col(Participant.id).not_in(placed),
        )
        .order_by(col(ArmPeriod.starts_at), col(Participant.id))
    )
    if sites is not None:
        statement = statement.where(col(Participant.site).in_(sites))
    return list(session.exec(statement))


def plan_members(session: Session, group_id: int) -> None:
    """Let the clockwork plan the sessions of every member of a group."""
    session.execute(
        update(GroupMember)
        .where(col(GroupMember.group_id) == group_id, col(GroupMember.left_at).is_(None))
        .values(unplanned=True)
    )


def due_to_plan(session: Session, limit: int) -> list[tuple[GroupMember, Participant]]:
    """Return members whose sessions are to be planned; the participants are locked.

    Those for whom somebody else writes at this moment are passed over.
    """
    parameters = {"most": limit}
    return list(session.exec(_TO_PLAN, params=parameters, execution_options=_AS_IT_IS_NOW))


_TO_PLAN = (
    select(GroupMember, Participant)
    .join(Participant, col(Participant.id) == col(GroupMember.participant_id))
    .where(col(GroupMember.unplanned), col(GroupMember.left_at).is_(None), _TAKES_DATA)
    .order_by(col(GroupMember.id))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)


def due_doses(session: Session, now: datetime, limit: int) -> list[tuple[Dose, Participant]]:
    """Return doses whose time has come, the earliest first; the participants are locked.

    Those for whom somebody else writes at this moment are passed over.
    """
    parameters = {"now": now, "most": limit}
    return list(session.exec(_DUE, params=parameters, execution_options=_AS_IT_IS_NOW))


_DUE = (
    select(Dose, Participant)
    .join(Participant, col(Participant.id) == col(Dose.participant_id))
    .where(
        col(Dose.released_at).is_(None),
        col(Dose.cancelled_at).is_(None),
        col(Dose.planned_at) <= bindparam("now"),
        _TAKES_DATA,
    )
    .order_by(col(Dose.planned_at))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)


def ends_due(session: Session, now: datetime, limit: int) -> list[Participant]:
    """Return participants whose programme is over, the earliest first; they are locked."""
    parameters = {"now": now, "most": limit}
    return list(session.exec(_ENDS, params=parameters, execution_options=_AS_IT_IS_NOW))


_ENDS = (
    select(Participant)
    .where(col(Participant.programme_ends_at) <= bindparam("now"), _TAKES_DATA)
    .order_by(col(Participant.programme_ends_at))
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True, of=Participant)
)


def doses(session: Session, participant_id: int, programme: str) -> list[Dose]:
    """Return a participant's doses of a programme, by session."""
    statement = (
        select(Dose)
        .where(Dose.participant_id == participant_id, Dose.programme == programme)
        .order_by(col(Dose.session))
    )
    return list(session.exec(statement, execution_options=_AS_IT_IS_NOW))


def dose(session: Session, participant_id: int, programme: str, number: int) -> Dose | None:
    """Return one dose of a participant."""
    statement = select(Dose).where(
        Dose.participant_id == participant_id,
        Dose.programme == programme,
        Dose.session == number,
    )
    return session.exec(statement, execution_options=_AS_IT_IS_NOW).one_or_none()


def of_session(
    session: Session, study_id: int, group_id: int, number: int
) -> list[tuple[Dose, Participant]]:
    """Return the doses of a group at one session that were not cancelled."""
    statement = (
        select(Dose, Participant)
        .join(Participant, col(Participant.id) == col(Dose.participant_id))
        .where(
            Dose.study_id == study_id,
            Dose.group_id == group_id,
            Dose.session == number,
            col(Dose.cancelled_at).is_(None),
        )
        .order_by(col(Participant.id))
    )
    return list(session.exec(statement))


def cancel_to_come(session: Session, participant_id: int, now: datetime) -> None:
    """Cancel a participant's doses that are not released yet."""
    session.execute(
        update(Dose)
        .where(
            col(Dose.participant_id) == participant_id,
            col(Dose.released_at).is_(None),
            col(Dose.cancelled_at).is_(None),
        )
        .values(cancelled_at=now)
    )


def cancel_of_study(session: Session, study_id: int, now: datetime) -> None:
    """Cancel what is still to come in a study; its row is locked."""
    session.execute(
        update(Dose)
        .where(
            col(Dose.study_id) == study_id,
            col(Dose.released_at).is_(None),
            col(Dose.cancelled_at).is_(None),
        )
        .values(cancelled_at=now)
    )


def forget(session: Session, participant_id: int) -> None:
    """Delete a participant's doses: what she did, and when."""
    session.execute(delete(Dose).where(col(Dose.participant_id) == participant_id))


def ledger(
    session: Session, study_id: int, programme: str | None, sites: Collection[str] | None
) -> list[tuple[Dose, Participant]]:
    """Return the doses of a study that were not cancelled, by participant and session."""
    statement = (
        select(Dose, Participant)
        .join(Participant, col(Participant.id) == col(Dose.participant_id))
        .where(Dose.study_id == study_id, col(Dose.cancelled_at).is_(None))
        .order_by(col(Participant.public_id), col(Dose.programme), col(Dose.session))
    )
    if programme is not None:
        statement = statement.where(Dose.programme == programme)
    if sites is not None:
        statement = statement.where(col(Participant.site).in_(sites))
    return list(session.exec(statement))


def facilitators(session: Session, study_id: int) -> dict[int, str]:
    """Return the addresses of those who lead groups of a study."""
    statement = (
        select(Staff.id, Staff.email)
        .join(CourseGroup, col(CourseGroup.facilitator_id) == col(Staff.id))
        .where(CourseGroup.study_id == study_id)
    )
    return {staff_id: email for staff_id, email in session.exec(statement) if staff_id is not None}
