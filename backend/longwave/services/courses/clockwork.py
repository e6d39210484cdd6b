"""What time brings about in programmes: sessions planned, doses released, programmes completed.

Due work is in rows: members whose sessions are to be planned, doses to come, the end of a
programme. Each is done under the lock of its person, who is busy otherwise until the next sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import FollowUp, ProgrammeState
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.programme import Programme
from longwave.domain.schedule import (
    first_practice,
    next_practice,
    over_at,
    session_instants,
)
from longwave.services.dealing import deal
from longwave.services.participant import move, record
from longwave.services.study import current_protocol
from longwave.storage import course
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import Dose, GroupMember, Participant
from longwave.storage.tables.base import key

CLOCKWORK = "clockwork"


def plan_due(session: Session, *, now: datetime, limit: int) -> int:
    """Plan the sessions of members whose group has got a start; return how many there were."""

    def plan_all(part: Sequence[tuple[GroupMember, Participant]]) -> None:
        for member, participant in part:
            if member.unplanned and member.left_at is None and _is_open(session, participant):
                plan_member(session, participant, member, now=now)
        session.flush()

    due = course.due_to_plan(session, limit)
    return deal(session, due, plan_all, whose=lambda one: one[1], now=now)


def release_due(session: Session, *, now: datetime, limit: int) -> int:
    """Let participants have what is planned for by now; return how many doses were dealt with.

    Of daily practice each day plans the next, which may have passed too after an outage.
    """
    released: list[bool] = []

    def release_all(part: Sequence[tuple[Dose, Participant]]) -> None:
        released.extend(_release_one(session, who, dose, now) for dose, who in part)
        session.flush()

    done = 0
    while done < limit:
        released.clear()
        due = course.due_doses(session, now, limit - done)
        dealt = deal(session, due, release_all, whose=lambda one: one[1], now=now)
        if not any(released):
            break
        done += dealt
    return done


def complete_due(session: Session, *, now: datetime, limit: int) -> int:
    """Complete the programmes whose last session is over; return how many were dealt with."""

    def complete_all(part: Sequence[Participant]) -> None:
        for participant in part:
            ends_at = participant.programme_ends_at
            if ends_at is not None and ends_at <= now and _is_open(session, participant):
                participant.programme_ends_at = None
                if is_practising(participant):
                    _complete(session, participant, ends_at)
        session.flush()

    due = course.ends_due(session, now, limit)
    return deal(session, due, complete_all, whose=lambda participant: participant, now=now)


def begin(session: Session, participant: Participant, programme: str, *, at: datetime) -> None:
    """Begin a participant's programme, or take it up again: daily practice goes on from here.

    What is still to come of another programme is cancelled. Courses begin with their groups. The
    participant is locked.
    """
    plan = programme_of(session, participant, programme)
    if plan.kind != "daily":
        return
    known = course.doses(session, key(participant), programme)
    last = known[-1] if known else None
    planned_at = first_practice(plan, at, participant.zone_at(at))
    if last is not None and last.released_at is None:
        last.planned_at, last.cancelled_at = planned_at, None
    elif plan.days is None or len(known) < plan.days:
        session.add(_dose(participant, programme, len(known) + 1, planned_at))
    session.flush()


def take_up_again(session: Session, participant: Participant, *, now: datetime) -> None:
    """Let daily practice go on for somebody who was lost and is found again."""
    if participant.randomised_at is None or not is_practising(participant):
        return
    programme = periods.current(session, key(participant)).programme
    if programme is not None:
        begin(session, participant, programme, at=now)


def end(session: Session, participant: Participant, *, actor: str, now: datetime) -> None:
    """Cancel what is still to come for a participant, and give up the place in a group."""
    course.cancel_to_come(session, key(participant), now)
    participant.programme_ends_at = None
    member = course.membership(session, key(participant))
    if member is not None:
        give_up(session, participant, member, actor=actor, now=now)


def rest_is_cancelled(session: Session, participant: Participant, *, now: datetime) -> None:
    """Cancel what is still to come for somebody whose programme is complete already."""
    course.cancel_to_come(session, key(participant), now)
    participant.programme_ends_at = None
    session.flush()


def give_up(
    session: Session,
    participant: Participant,
    member: GroupMember,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Note that a participant has left a group."""
    member.left_at = now
    member.unplanned = False
    group = course.group_by_id(session, member.group_id)
    told = {"programme": group.programme, "group": group.name}
    if reason is not None:
        told["reason"] = reason
    record(session, participant, "group.left", told, actor=actor, now=now)


def plan_member(
    session: Session, participant: Participant, member: GroupMember, *, now: datetime
) -> None:
    """Plan the sessions of a group for one of its members, who is locked.

    A session that she had, here or in another group, stays as it was; one that this group had
    before she came is not hers.
    """
    group = course.group_by_id(session, member.group_id)
    member.unplanned = False
    if group.first_wall is None:
        return
    plan = programme_of(session, participant, group.programme)
    instants = session_instants(plan, datetime.fromisoformat(group.first_wall), group.zone)
    known = {dose.session: dose for dose in course.doses(session, key(participant), plan.id)}
    for number, at in enumerate(instants, 1):
        before = known.get(number)
        if before is None:
            if at >= member.joined_at:
                planned = _dose(participant, plan.id, number, at)
                planned.group_id = key(group)
                session.add(planned)
        elif before.released_at is None:
            gone = at < member.joined_at
            before.cancelled_at = (before.cancelled_at or now) if gone else None
            before.planned_at, before.group_id = at, key(group)
    participant.programme_ends_at = over_at(plan, len(instants), instants[-1])
    session.flush()


def is_practising(participant: Participant) -> bool:
    """Whether a participant is in a programme and has not left the study."""
    return participant.programme == ProgrammeState.ON and participant.follow_up in (
        FollowUp.ACTIVE,
        FollowUp.COMPLETED,
    )


def programme_of(session: Session, participant: Participant, programme: str) -> Programme:
    """Return a programme of a participant's protocol, as the version in force has it."""
    study = studies.by_id(session, participant.study_id)
    return current_protocol(session, study).programmes[programme]


def _release_one(session: Session, participant: Participant, dose: Dose, now: datetime) -> bool:
    if dose.released_at is not None or dose.cancelled_at is not None or dose.planned_at > now:
        return False
    if not _is_open(session, participant):
        return False
    _release(session, participant, dose, now)
    return True


def _release(session: Session, participant: Participant, dose: Dose, now: datetime) -> None:
    if not is_practising(participant):
        dose.cancelled_at = now
        return
    plan = programme_of(session, participant, dose.programme)
    if plan.kind == "daily" and plan.days is None and participant.follow_up != FollowUp.ACTIVE:
        dose.cancelled_at = now
        _complete(session, participant, dose.planned_at)
        return
    dose.released_at = now
    if plan.kind == "daily":
        following = next_practice(plan, dose.planned_at, participant.zone_at(dose.planned_at))
        if plan.days is not None and dose.session >= plan.days:
            participant.programme_ends_at = following
        else:
            session.add(_dose(participant, plan.id, dose.session + 1, following))


def _complete(session: Session, participant: Participant, at: datetime) -> None:
    move(participant, lifecycle.complete_programme)
    record(session, participant, "programme.completed", {}, actor=CLOCKWORK, now=at)


def _dose(participant: Participant, programme: str, number: int, planned_at: datetime) -> Dose:
    return Dose(
        study_id=participant.study_id,
        participant_id=key(participant),
        programme=programme,
        session=number,
        planned_at=planned_at,
    )


def _is_open(session: Session, participant: Participant) -> bool:
    return lifecycle.takes_data(studies.hold_state(session, participant.study_id))
