"""Who of the team is told of an alert, and how."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import waves_that_tell
from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.domain.permissions import MAY, Action
from longwave.domain.protocol.alerting import Alerting
from longwave.domain.safety import is_watched, steps
from longwave.services import letters, outbox
from longwave.services.study import current_protocol
from longwave.storage import staff as staff_rows
from longwave.storage import study as studies
from longwave.storage.alert import FoundAlert
from longwave.storage.tables import Staff, StaffGrant
from longwave.storage.tables.base import key


def tell(session: Session, found: FoundAlert, alerting: Alerting, *, now: datetime) -> None:
    """Queue a notice to everybody who is told of an alert at this stage of it, at once."""
    taken = found.alert.escalations
    roles = [alerting.role]
    cover = alerting.out_of_hours and alerting.out_of_hours.role
    if cover and not is_watched(alerting, now):
        roles.append(cover)
    escalated = any(step.escalates for step in steps(alerting, found.alert.raised_at)[:taken])
    if alerting.escalate is not None and escalated:
        roles.append(alerting.escalate.role)
    step = letters.alert_step(
        found.assessment.wave,
        found.participant.public_id,
        found.assessment.occurrence,
        found.number,
        taken,
    )
    study_id = found.alert.study_id
    for member in _told(session, found, roles):
        outbox.queue_notice(session, member, Kind.SAFETY_ALERT, step, study_id, now=now)
    session.flush()


@dataclass(frozen=True, slots=True)
class _Member:
    """Somebody with the roles that they have at one site."""

    staff: Staff
    roles: frozenset[str]
    blinded: bool


def _told(session: Session, found: FoundAlert, roles: Iterable[str]) -> list[Staff]:
    """Return who has one of these roles at the participant's site; owners where nobody has it.

    What would tell the blinded an arm goes to those who see the arms, if there are any who may
    look after it: at first with that role, else with another.
    """
    members = _members(staff_rows.grants_in(session, found.alert.study_id), found.participant.site)
    study = studies.by_id(session, found.alert.study_id)
    tells_arm = found.assessment.wave in waves_that_tell(current_protocol(session, study))
    seeing = [member for member in members if not (member.blinded and tells_arm)]
    told: dict[int, Staff] = {}
    for role in roles:
        chosen = (
            _with(seeing, {role})
            or _with(seeing, {Role.OWNER})
            or (_with(seeing, MAY[Action.LOOK_AFTER_ALERTS]) if tells_arm else [])
            or _with(members, {role})
            or _with(members, {Role.OWNER})
        )
        told |= {key(member.staff): member.staff for member in chosen}
    return list(told.values())


def _with(members: Iterable[_Member], roles: Collection[str]) -> list[_Member]:
    return [member for member in members if not member.roles.isdisjoint(roles)]


def _members(grants: Iterable[tuple[Staff, StaffGrant]], site: str) -> list[_Member]:
    held: dict[int, list[StaffGrant]] = {}
    staff: dict[int, Staff] = {}
    for member, grant in grants:
        staff[key(member)] = member
        held.setdefault(key(member), []).append(grant)
    return [
        _Member(
            staff[staff_id],
            frozenset(grant.role for grant in own if grant.site in (None, site)),
            any(grant.blinded for grant in own),
        )
        for staff_id, own in held.items()
    ]
