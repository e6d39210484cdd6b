"""Alerts as staff see them, and look after them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer, waves_that_tell
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.permissions import Action
from longwave.keys import KeyRing
from longwave.services import audit, letters, personal
from longwave.services.study import current_protocol
from longwave.storage import alert as alerts
from longwave.storage import participant as participants
from longwave.storage.alert import FoundAlert
from longwave.storage.tables import Study
from longwave.storage.tables.base import key

_ACKNOWLEDGED = "safety.acknowledged"


@dataclass(frozen=True, slots=True)
class ShownAlert:
    """An alert as its reader may see it.

    ``name`` finds it again. It counts the alerts that this reader may see, so that none is
    missing. ``escalations`` counts the reminders so far; ``note`` says what was done.
    """

    name: str
    participant: str
    site: str
    rule: str
    raised_at: datetime
    next_at: datetime | None
    escalations: int
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


def read_alerts(
    session: Session, study: Study, viewer: Viewer, *, acknowledged: bool = False
) -> list[ShownAlert]:
    """Return the alerts that wait, or (``acknowledged``) those looked after, the oldest first."""
    viewer.require(Action.SEE_ALERTS)
    shown = _shown(session, study, viewer, Action.SEE_ALERTS)
    return [told for _, told in shown if (told.acknowledged_at is not None) == acknowledged]


def acknowledge(
    session: Session,
    study: Study,
    name: str,
    *,
    note: str,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Note that somebody has looked after an alert, and what was done; nobody is reminded again.

    The trail keeps the note encrypted, so that it can be erased with what is personal.

    Raises
    ------
    NotFoundError
        If there is none of this name that this person may see.
    InvalidInputError
        If the note is empty.
    RefusedTransitionError
        If it was acknowledged before.
    """
    viewer.require(Action.LOOK_AFTER_ALERTS)
    if not note.strip():
        raise InvalidInputError(
            "A note is missing.",
            "Say in a few words what was done; name nobody.",
            {"note": "Say in a few words what was done."},
        )
    shown = _shown(session, study, viewer, Action.LOOK_AFTER_ALERTS)
    found = next((each for each, told in shown if told.name == name), None)
    if found is None:
        raise NotFoundError("There is no such alert at your sites.", "Look at the list of alerts.")
    alert = found.alert
    participant = participants.lock(session, alert.participant_id)
    alerts.refresh(session, alert)
    if alert.acknowledged_at is not None:
        raise RefusedTransitionError(
            f"{alert.acknowledged_by} acknowledged this alert before.", "Nothing more to do."
        )
    alert.acknowledged_at, alert.acknowledged_by = now, viewer.name
    alert.note, alert.escalates_at = note.strip(), None
    sealed = personal.encrypt(session, participant, keys, {"note": alert.note}, kind=_ACKNOWLEDGED)
    audit.note(
        session,
        _ACKNOWLEDGED,
        {
            "wave": found.assessment.wave,
            "occurrence": found.assessment.occurrence,
            "number": found.number,
            "personal": sealed,
        },
        study_id=alert.study_id,
        participant_id=alert.participant_id,
        actor=viewer.name,
        now=now,
    )
    session.flush()


def _shown(
    session: Session, study: Study, viewer: Viewer, action: Action
) -> list[tuple[FoundAlert, ShownAlert]]:
    """Return the alerts that somebody may see, each with what they may see of it.

    The blinded see none about a wave that tells the arm, but for those that they were told of.
    """
    found = alerts.of_study(session, key(study), viewer.sites_for(action))
    if viewer.blinded:
        hidden = waves_that_tell(current_protocol(session, study))
        told_of = _told_of(session, study, viewer) if hidden else set()
        found = [
            each for each in found if each.assessment.wave not in hidden or _place(each) in told_of
        ]
    numbers: Counter[tuple[str, str]] = Counter()
    shown = []
    for each in found:
        whose, rule = each.participant.public_id, each.alert.rule
        numbers[whose, rule] += 1
        shown.append((each, _told(each, f"{whose}.{rule}.{numbers[whose, rule]}", viewer)))
    return shown


def _place(found: FoundAlert) -> letters.AlertPlace:
    return letters.AlertPlace(
        found.assessment.wave,
        found.participant.public_id,
        found.assessment.occurrence,
        found.number,
    )


def _told_of(session: Session, study: Study, viewer: Viewer) -> set[letters.AlertPlace]:
    if viewer.staff_id is None:
        return set()
    sent = alerts.steps_told(session, viewer.staff_id, key(study))
    return {letters.alert_place(step)[0] for step in sent}


def _told(found: FoundAlert, name: str, viewer: Viewer) -> ShownAlert:
    alert = found.alert
    return ShownAlert(
        name=name,
        participant=found.participant.public_id,
        site=found.participant.site,
        rule=alert.rule,
        raised_at=alert.raised_at,
        next_at=alert.escalates_at,
        escalations=alert.escalations,
        acknowledged_at=alert.acknowledged_at,
        acknowledged_by=alert.acknowledged_by,
        # Whoever wrote it may have known the arm.
        note=None if viewer.blinded else alert.note,
    )
