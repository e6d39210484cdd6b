"""Course groups: made, filled, started, closed. All of it tells arms; no blinded person may."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session

from longwave.domain.blinding import Concealed, Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, Action
from longwave.domain.protocol.programme import Programme
from longwave.domain.schedule import batch_begins, instant, session_instants
from longwave.services import audit
from longwave.services.courses.clockwork import CLOCKWORK
from longwave.services.participant import require_open
from longwave.services.study import current_protocol
from longwave.storage import course
from longwave.storage import staff as members_of_staff
from longwave.storage.tables import CourseGroup, Staff, Study
from longwave.storage.tables.base import key

FORMATS = ("online", "in_person")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?")
_WALL = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as it stands: ``facilitator`` is an address; its start gives the ``sessions``."""

    programme: str
    name: str
    site: str | None
    facilitator: str | None
    format: str
    zone: str
    first: str | None
    capacity: int
    members: tuple[str, ...]
    sessions: tuple[datetime, ...]
    closed: bool


def add_group(
    session: Session,
    study: Study,
    programme: str,
    name: str,
    *,
    site: str | None = None,
    facilitator: str | None = None,
    form: str = "online",
    zone: str | None = None,
    capacity: int | None = None,
    viewer: Viewer,
    now: datetime,
) -> CourseGroup:
    """Make a group that participants of a programme can join.

    Parameters
    ----------
    site
        Where its members come from; None for all sites, which takes a role at all of them.
    facilitator
        The address of a member of staff who leads it.
    form
        ``online`` or ``in_person``.
    zone
        IANA name of the zone by whose clocks it meets; the study's own if not given.
    capacity
        At most what the protocol says, which holds if none is given.

    Raises
    ------
    InvalidInputError
        Naming what is wrong.
    """
    _require(viewer, site)
    require_open(session, key(study))
    plan = _course(session, study, programme)
    _check_name(session, study, programme, name)
    protocol = current_protocol(session, study)
    if site is not None and site not in protocol.sites:
        raise InvalidInputError(
            f"There is no site {site}.", f"Sites: {', '.join(protocol.sites)}.", {"site": "unknown"}
        )
    if form not in FORMATS:
        raise InvalidInputError(
            f"There is no format {form!r}.",
            f"Formats: {', '.join(FORMATS)}.",
            {"format": "unknown"},
        )
    group = CourseGroup(
        study_id=key(study),
        programme=programme,
        name=name,
        site=site,
        facilitator_id=_facilitator(session, study, facilitator),
        format=form,
        zone=_zone(zone or protocol.study.timezone),
        capacity=_capacity(plan, capacity),
        added_at=now,
    )
    session.add(group)
    session.flush()
    told = {"programme": programme, "group": name, "site": site, "format": form}
    audit.record(session, study, "group.added", told, actor=viewer.name, now=now)
    rule = plan.batch_start
    if rule is not None and rule.on is not None:
        begin_group(session, study, group, batch_begins(rule, group.zone, now), CLOCKWORK, now)
    return group


def start_group(
    session: Session,
    study: Study,
    programme: str,
    name: str,
    first: datetime,
    *,
    viewer: Viewer,
    now: datetime,
) -> CourseGroup:
    """Fix, or move, the local time of a group's first session; the others follow from it.

    Raises
    ------
    RefusedTransitionError
        If the first session was already.
    InvalidInputError
        If ``first`` is no local time to come.
    """
    viewer.require(Action.RUN_PROGRAMME)
    group = get_group(session, study, programme, name)
    _require(viewer, group.site)
    require_open(session, key(study))
    group = course.lock_group(session, key(group))
    if group.first_wall is not None and _begins(group.first_wall, group.zone) <= now:
        raise RefusedTransitionError(
            f"The group {name} has had its first session.", "Make another group."
        )
    if first.tzinfo is not None or instant(first, group.zone) <= now:
        raise InvalidInputError(
            "The first session is a local time to come.",
            f"Write it without an offset, such as {now:%Y}-12-01T18:00; it means {group.zone}.",
            {"first": "is no local time to come"},
        )
    begin_group(session, study, group, first, viewer.name, now)
    return group


def close_group(
    session: Session, study: Study, programme: str, name: str, *, viewer: Viewer, now: datetime
) -> CourseGroup:
    """Let nobody more into a group; its sessions go on."""
    viewer.require(Action.RUN_PROGRAMME)
    group = get_group(session, study, programme, name)
    _require(viewer, group.site)
    require_open(session, key(study))
    group = course.lock_group(session, key(group))
    if group.closed_at is not None:
        raise RefusedTransitionError(f"The group {name} is closed already.", "Nothing to do.")
    group.closed_at = now
    told = {"programme": programme, "group": name}
    audit.record(session, study, "group.closed", told, actor=viewer.name, now=now)
    session.flush()
    return group


def list_groups(session: Session, study: Study, viewer: Viewer) -> Concealed[list[GroupRow]]:
    """Return the groups at a viewer's sites: who is in one is in the programme."""
    viewer.require(Action.SEE_PROGRAMME)
    protocol = current_protocol(session, study)
    leading = course.facilitators(session, key(study))
    found = course.groups(session, key(study), viewer.sites_for(Action.SEE_PROGRAMME))
    return Concealed(
        [_row(session, group, protocol.programmes[group.programme], leading) for group in found]
    )


def course_ids(session: Session, study: Study) -> list[str]:
    """Return the courses of a study's protocol."""
    found = current_protocol(session, study).programmes
    return [name for name, plan in found.items() if plan.kind == "course"]


def get_group(session: Session, study: Study, programme: str, name: str) -> CourseGroup:
    """Return a group of a programme by its name."""
    found = course.group(session, key(study), programme, name)
    if found is None:
        raise NotFoundError(
            f"There is no group {name} of {programme}.",
            "`longwave course list` shows those there are.",
        )
    return found


def begin_group(
    session: Session,
    study: Study,
    group: CourseGroup,
    first: datetime | None,
    actor: str,
    now: datetime,
) -> None:
    """Fix the first session; the clockwork plans each member's, person by person."""
    if first is None:
        return
    group.first_wall = first.strftime(_WALL)
    told = {"programme": group.programme, "group": group.name, "first": group.first_wall}
    audit.record(session, study, "group.started", told, actor=actor, now=now)
    session.flush()
    course.plan_members(session, key(group))


def require_group(viewer: Viewer, group: CourseGroup) -> None:
    """Let pass who may record what happened in a group: facilitators in those that they lead."""
    viewer.require(Action.RUN_PROGRAMME, site=group.site)
    held = {grant.role for grant in viewer.grants} or {viewer.role}
    if held <= {Role.FACILITATOR} and group.facilitator_id not in (None, viewer.staff_id):
        raise NotFoundError(
            f"There is no group {group.name} that you lead.", "Ask the coordinator."
        )


def _require(viewer: Viewer, site: str | None) -> None:
    if site is None:
        viewer.require_everywhere(Action.RUN_PROGRAMME)
    else:
        viewer.require(Action.RUN_PROGRAMME, site=site)


def _course(session: Session, study: Study, programme: str) -> Programme:
    known = current_protocol(session, study).programmes
    found = known.get(programme)
    if found is None or found.kind != "course":
        courses = [name for name, plan in known.items() if plan.kind == "course"]
        raise NotFoundError(
            f"There is no course {programme} in {study.slug}.",
            f"Courses: {', '.join(courses) or 'none'}.",
        )
    return found


def _check_name(session: Session, study: Study, programme: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidInputError(
            f"{name[:60]!r} cannot name a group.",
            "Use up to 32 letters, digits, - and _, such as spring-1. It is exported: name nobody.",
            {"name": "cannot name a group"},
        )
    if course.group(session, key(study), programme, name) is not None:
        raise InvalidInputError(
            f"There is a group {name} of {programme} already.",
            "Give it another name.",
            {"name": "is taken"},
        )


def _facilitator(session: Session, study: Study, email: str | None) -> int | None:
    if email is None:
        return None
    found = members_of_staff.by_email(session, email.strip().lower())
    if found is None or found.removed_at is not None or not _may_lead(session, study, found):
        raise InvalidInputError(
            f"{email} cannot lead a group of {study.slug}.",
            "Name a member of staff who is not blinded: `longwave staff list`.",
            {"facilitator": "cannot lead a group"},
        )
    return key(found)


def _may_lead(session: Session, study: Study, member: Staff) -> bool:
    held = members_of_staff.grants(session, key(member))
    here = [grant for grant in held if grant.study_id in (None, study.id)]
    able = any(Role(grant.role) in MAY[Action.RUN_PROGRAMME] for grant in here)
    return able and not any(grant.blinded for grant in here)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInputError(
            f"There is no time zone {name[:60]!r}.",
            "Write it like Europe/Istanbul.",
            {"zone": "unknown"},
        ) from None
    return name


def _capacity(plan: Programme, given: int | None) -> int:
    most = plan.capacity
    wanted = given if given is not None else most
    if wanted is None or wanted < 1 or (most is not None and wanted > most):
        raise InvalidInputError(
            f"A group of {plan.id} has 1 to {most} members." if most else "How many may join?",
            "Give a capacity.",
            {"capacity": "is missing" if wanted is None else "is out of range"},
        )
    return wanted


def _begins(first_wall: str, zone: str) -> datetime:
    return instant(datetime.fromisoformat(first_wall), zone)


def _row(
    session: Session, group: CourseGroup, plan: Programme, leading: dict[int, str]
) -> GroupRow:
    first = group.first_wall
    sessions = session_instants(plan, datetime.fromisoformat(first), group.zone) if first else []
    return GroupRow(
        programme=group.programme,
        name=group.name,
        site=group.site,
        facilitator=leading.get(group.facilitator_id or 0),
        format=group.format,
        zone=group.zone,
        first=first,
        capacity=group.capacity,
        members=tuple(who.public_id for _, who in course.members(session, key(group))),
        sessions=tuple(sessions),
        closed=group.closed_at is not None,
    )
