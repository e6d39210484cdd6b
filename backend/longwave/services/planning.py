"""Waves planned for one participant, when the instant that they count from is known."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.protocol.model import Wave
from longwave.domain.schedule import PlannedWindow, plan_window
from longwave.keys import KeyRing, token_hash
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_UID_BYTES = 16


def plan_from(
    session: Session,
    participant: Participant,
    anchor: str,
    anchor_at: datetime,
    *,
    keys: KeyRing,
) -> None:
    """Plan every wave that hangs on ``anchor``, now that its instant is known.

    A wave that was planned from an earlier instant of the same anchor and has not opened yet
    is moved; one that has opened stays as it is.
    """
    if participant.follow_up != FollowUp.ACTIVE:
        return
    study = studies.by_id(session, participant.study_id)
    protocol = current_protocol(session, study)
    version_id = studies.latest_version_id(session, key(study))
    planned = {found.wave: found for found in assessments.of_participant(session, key(participant))}
    for wave in protocol.waves:
        if wave.anchor != anchor:
            continue
        window = plan_window(wave, anchor_at, participant.zone)
        before = planned.get(wave.id)
        if before is None:
            session.add(_assessment(participant, wave, version_id, window, keys))
        elif before.status == AssessmentStatus.SCHEDULED:
            _move(before, window)
    session.flush()


def _assessment(
    participant: Participant, wave: Wave, version_id: int, window: PlannedWindow, keys: KeyRing
) -> Assessment:
    uid = secrets.token_hex(_UID_BYTES)
    planned = Assessment(
        study_id=participant.study_id,
        participant_id=key(participant),
        protocol_version_id=version_id,
        wave=wave.id,
        uid=uid,
        token_hash=token_hash(keys.link_token(uid)),
        due_wall="",
        zone=window.zone,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
        expires_at=window.closes_at,
    )
    _move(planned, window)
    return planned


def _move(assessment: Assessment, window: PlannedWindow) -> None:
    assessment.due_wall = window.due_wall.isoformat(timespec="minutes")
    assessment.zone = window.zone
    assessment.opens_at = window.opens_at
    assessment.due_at = window.due_at
    assessment.closes_at = window.closes_at
    assessment.expires_at = window.closes_at
