"""Who is in which course group: joining, moving, leaving, and who waits for a place."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Concealed, Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.permissions import Action
from longwave.domain.schedule import batch_begins, session_instants
from longwave.services.courses.clockwork import (
    CLOCKWORK,
    end,
    give_up,
    is_practising,
    plan_member,
    programme_of,
)
from longwave.services.courses.groups import begin_group, get_group
from longwave.services.participant import hold_open, record, required_reason
from longwave.services.study import current_protocol
from longwave.storage import course
from longwave.storage import programme as periods
from longwave.storage.tables import CourseGroup, GroupMember, Participant, Study
from longwave.storage.tables.base import key


def join(
    session: Session,
    participant: Participant,
    programme: str,
    name: str,
    *,
    viewer: Viewer,
    now: datetime,
) -> None:
    """Give a participant a place in a group; from another group of the programme she moves.

    The last place goes to one person only: the group is locked after the person, as everywhere.
    A group that starts with so many members gets its start when the last of them joins.

    Raises
    ------
    RefusedTransitionError
        If she is not in this programme, or the group is full, closed or over.
    """
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    participant, study = hold_open(session, participant)
    _require_in(session, participant, programme)
    group = course.lock_group(session, key(get_group(session, study, programme, name)))
    before = course.membership(session, key(participant))
    _check_place(session, participant, group, before, now)
    if before is not None:
        before.left_at, before.unplanned = now, False
        session.flush()
    member = _place(session, participant, group, now)
    told = {"programme": programme, "group": name}
    if before is not None:
        told["from"] = course.group_by_id(session, before.group_id).name
    record(session, participant, "group.joined", told, actor=viewer.name, now=now)
    _start_if_complete(session, study, group, now)
    if group.first_wall is not None:
        plan_member(session, participant, member, now=now)
    elif before is not None:
        course.cancel_to_come(session, key(participant), now)
        participant.programme_ends_at = None


def leave(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Take a participant out of her group; she stays in the programme, and waits for another."""
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    member = course.membership(session, key(participant))
    if member is None:
        raise RefusedTransitionError("This participant is in no group.", "Nothing to do.")
    give_up(session, participant, member, actor=viewer.name, now=now, reason=reason)
    end(session, participant, actor=viewer.name, now=now)


def fill(
    session: Session, study: Study, programme: str, name: str, *, viewer: Viewer, now: datetime
) -> int:
    """Give the free places of a group to those who wait the longest; return how many came."""
    viewer.require(Action.RUN_PROGRAMME)
    group = get_group(session, study, programme, name)
    sites = viewer.sites_for(Action.RUN_PROGRAMME)
    if group.site is not None:
        viewer.require(Action.RUN_PROGRAMME, site=group.site)
        sites = frozenset({group.site})
    coming = course.waiting(session, key(study), programme, sites)[: group.capacity]
    for participant in sorted(coming, key=key):  # all of them before the group, in one order
        hold_open(session, participant)
    group = course.lock_group(session, key(group))
    free = max(group.capacity - course.count_members(session, key(group)), 0)
    still = [who for who in coming if _waits(session, who)][:free]
    for participant in still:
        join(session, participant, programme, name, viewer=viewer, now=now)
    return len(still)


def _waits(session: Session, participant: Participant) -> bool:
    return is_practising(participant) and course.membership(session, key(participant)) is None


def who_waits(
    session: Session, study: Study, programme: str, viewer: Viewer
) -> Concealed[list[str]]:
    """Return the public ids of those who are in a programme and in no group, the longest first."""
    viewer.require(Action.SEE_PROGRAMME)
    sites = viewer.sites_for(Action.SEE_PROGRAMME)
    found = course.waiting(session, key(study), programme, sites)
    return Concealed([participant.public_id for participant in found])


def _require_in(session: Session, participant: Participant, programme: str) -> None:
    practises = participant.randomised_at is not None and is_practising(participant)
    if practises and periods.current(session, key(participant)).programme == programme:
        return
    raise RefusedTransitionError(
        f"{participant.public_id} is not in the programme {programme} at the moment.",
        "Only who is in a programme can join a group of it.",
    )


def _check_place(
    session: Session,
    participant: Participant,
    group: CourseGroup,
    before: GroupMember | None,
    now: datetime,
) -> None:
    if group.site is not None and group.site != participant.site:
        raise NotFoundError(
            f"There is no group {group.name} at the site of {participant.public_id}.",
            "Choose a group of the same site.",
        )
    if before is not None and before.group_id == key(group):
        raise InvalidInputError(
            f"{participant.public_id} is in {group.name} already.", "Nothing to do."
        )
    if group.closed_at is not None:
        raise RefusedTransitionError(f"The group {group.name} is closed.", "Choose another group.")
    if course.count_members(session, key(group)) >= group.capacity:
        raise RefusedTransitionError(
            f"The group {group.name} is full: it has {group.capacity} places.",
            "Choose another group, or make one.",
        )
    if group.first_wall is None:
        return
    plan = programme_of(session, participant, group.programme)
    first = datetime.fromisoformat(group.first_wall)
    if session_instants(plan, first, group.zone)[-1] <= now:
        raise RefusedTransitionError(
            f"The group {group.name} has had its last session.", "Choose another group."
        )


def _place(
    session: Session, participant: Participant, group: CourseGroup, now: datetime
) -> GroupMember:
    member = course.former_membership(session, key(group), key(participant))
    if member is None:
        member = GroupMember(group_id=key(group), participant_id=key(participant), joined_at=now)
        session.add(member)
    else:
        member.joined_at, member.left_at = now, None
    session.flush()
    return member


def _start_if_complete(session: Session, study: Study, group: CourseGroup, now: datetime) -> None:
    rule = current_protocol(session, study).programmes[group.programme].batch_start
    if rule is None or rule.members is None or group.first_wall is not None:
        return
    if course.count_members(session, key(group)) >= rule.members:
        begin_group(session, study, group, batch_begins(rule, group.zone, now), CLOCKWORK, now)
