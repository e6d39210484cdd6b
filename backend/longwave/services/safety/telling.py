"""Who of the team is told of an alert, and how."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import waves_that_tell
from longwave.domain.messages import Kind
from longwave.domain.protocol.alerting import Alerting
from longwave.domain.safety import is_watched, steps, told
from longwave.services import letters, outbox
from longwave.services.study import current_protocol
from longwave.services.study.covering import holdings
from longwave.storage import staff as staff_rows
from longwave.storage import study as studies
from longwave.storage.alert import FoundAlert
from longwave.storage.tables import Staff
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


def _told(session: Session, found: FoundAlert, roles: Iterable[str]) -> list[Staff]:
    """Return the members of the team who are told; see `longwave.domain.safety.told`."""
    grants = staff_rows.grants_in(session, found.alert.study_id)
    study = studies.by_id(session, found.alert.study_id)
    tells_arm = found.assessment.wave in waves_that_tell(current_protocol(session, study))
    chosen = told(holdings(grants), found.participant.site, roles, tells_arm=tells_arm)
    staff = {key(member): member for member, _ in grants}
    return [staff[staff_id] for staff_id in chosen]
