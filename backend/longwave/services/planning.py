"""Waves planned for one participant, when the instant that they count from is known."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import AssessmentStatus, FollowUp
from longwave.domain.protocol.anchors import (
    ENROLMENT,
    PROGRAMME,
    RANDOMISATION,
    REQUEST,
    WAVE,
    planned_at,
)
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import (
    Below,
    Planned,
    PlannedWindow,
    moved_to_zone,
    plan_windows,
    wall_clock,
)
from longwave.keys import KeyRing, Purpose, token_hash
from longwave.services.study import protocol_of
from longwave.storage import assessment as assessments
from longwave.storage import occasion as occasions
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.study import VersionKey
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_UID_BYTES = 16

Occasion = tuple[str, int]
"""A wave and the number of an occurrence."""


def plan_from(
    session: Session,
    participant: Participant,
    anchor: str,
    anchor_at: datetime,
    *,
    keys: KeyRing,
) -> None:
    """Plan every occurrence of the waves that hang on ``anchor``, now that its instant is known.

    One that was planned from an earlier instant of the same anchor, and opens no earlier than
    the new one, is moved; one that has opened stays as it is.
    """
    if participant.follow_up != FollowUp.ACTIVE:
        return
    version = studies.newest_version(session, participant.study_id)
    protocol = protocol_of(session, version.id)
    waves = [wave for wave in protocol.waves if planned_at(protocol, wave) == anchor]
    if not waves:
        return
    ids = [wave.id for wave in waves]
    known = _by_occasion(occasions.of_waves(session, key(participant), ids))
    new = []
    for wave in waves:
        for occasion, window in windows(participant, wave, anchor_at, keys).items():
            before = known.get(occasion)
            if before is None:
                new.append(_assessment(participant, occasion, version.id, window, keys))
            elif before.status == AssessmentStatus.SCHEDULED and before.opens_at >= anchor_at:
                move(before, window, version.id)
    session.flush()
    occasions.insert_all(session, new)


def plan_anew(
    session: Session, participant: Participant, *, keys: KeyRing
) -> tuple[bool, list[Assessment]]:
    """Plan by the protocol that is in force now what an earlier version planned.

    What had not opened when the version came into force moves to its windows, unless these had
    closed by then: it then comes as it was planned. Further waves and occurrences are planned if
    their anchor has passed and their window had not closed.

    Returns
    -------
    bool, list
        Whether there is anything new, and what is not in the protocol any more.
    """
    version = studies.newest_version(session, participant.study_id)
    protocol = protocol_of(session, version.id)
    passed = instants(session, participant)
    known = _by_occasion(assessments.of_participant(session, key(participant)))
    wanted: dict[Occasion, PlannedWindow] = {}
    for wave in protocol.waves:
        since = passed.get(planned_at(protocol, wave) or "")
        if since is not None:
            wanted |= windows(participant, wave, since, keys)
    new, superfluous = _compare(known, wanted, protocol, version)
    session.flush()
    occasions.insert_all(
        session,
        [_assessment(participant, each, version.id, wanted[each], keys) for each in new],
    )
    participant.planned_version = version.number
    return bool(new), superfluous


def instants(session: Session, participant: Participant) -> dict[str, datetime]:
    """Return when each event came that waves count from, of those that came."""
    started = [
        period.starts_at
        for period in periods.all_of(session, key(participant))
        if period.programme is not None
    ]
    found = {
        ENROLMENT: participant.enrolled_at,
        RANDOMISATION: participant.randomised_at,
        PROGRAMME: started[-1] if started else None,
    }
    for wave, state in occasions.waves_of(session, key(participant)).items():
        if state.is_over:
            found[f"{WAVE}{wave}"] = state.ended_at
    return {event: at for event, at in found.items() if at is not None}


def plan_request(
    session: Session,
    participant: Participant,
    wave: Wave,
    number: int,
    *,
    keys: KeyRing,
    now: datetime,
) -> Assessment:
    """Plan one occurrence of a wave that comes on request; its window counts from now."""
    version = studies.newest_version(session, participant.study_id)
    (window,) = windows(participant, wave, now, keys).values()
    planned = _assessment(participant, (wave.id, number), version.id, window, keys)
    session.add(planned)
    session.flush()
    return planned


def move(assessment: Assessment, window: PlannedWindow, version_id: int | None = None) -> None:
    """Plan what has not opened anew, in another window."""
    assessment.due_wall = window.due_wall.isoformat(timespec="minutes")
    assessment.zone = window.zone
    assessment.opens_at = window.opens_at
    assessment.due_at = window.due_at
    assessment.closes_at = window.closes_at
    assessment.expires_at = window.closes_at
    if version_id is not None:
        assessment.protocol_version_id = version_id


def window_of(assessment: Assessment) -> PlannedWindow:
    """Return the window of an assessment."""
    return PlannedWindow(
        due_wall=datetime.fromisoformat(assessment.due_wall),
        zone=assessment.zone,
        opens_at=assessment.opens_at,
        due_at=assessment.due_at,
        closes_at=assessment.closes_at,
    )


def _by_occasion(found: Iterable[Assessment]) -> dict[Occasion, Assessment]:
    return {(each.wave, each.occurrence): each for each in found}


def _compare(
    known: Mapping[Occasion, Assessment],
    wanted: Mapping[Occasion, PlannedWindow],
    protocol: Protocol,
    version: VersionKey,
) -> tuple[list[Occasion], list[Assessment]]:
    """Move what is planned already; return what is new and what is not wanted any more."""
    new = [
        occasion
        for occasion, window in wanted.items()
        if occasion not in known and window.closes_at > version.added_at
    ]
    on_request = {wave.id for wave in protocol.waves if wave.anchor == REQUEST}
    superfluous = []
    for occasion, before in known.items():
        is_pending = before.status == AssessmentStatus.SCHEDULED
        if not is_pending or before.opens_at <= version.added_at or before.wave in on_request:
            continue
        window = wanted.get(occasion)
        if window is None:
            superfluous.append(before)
        elif window.closes_at > version.added_at:
            move(before, window, version.id)
    return new, superfluous


def windows(
    participant: Participant, wave: Wave, since: datetime, keys: KeyRing
) -> dict[Occasion, PlannedWindow]:
    """Return the windows of a wave's occurrences, wherever the participant lives by then."""
    below = _draws(participant, wave.id, keys) if wave.sampling is not None else None
    found = plan_windows(wave, since, participant.zone_at(since), below)
    planned = [Planned(wave.id, number, window) for number, window in found.items()]
    changes_at, zone = participant.zone_changes_at, participant.next_zone
    if zone is not None and changes_at is not None and since < changes_at:
        planned = moved_to_zone(planned, zone, wall_clock(changes_at, zone).date())
    return {(one.wave, one.occurrence): one.window for one in planned}


def _draws(participant: Participant, wave: str, keys: KeyRing) -> Below:
    """Return where a participant's random times come from: derived, so nothing of it is stored."""
    seed = keys.mac(Purpose.SAMPLING, f"{participant.public_id}:{wave}")
    return Draws(bytes.fromhex(seed), wave).below


def _assessment(
    participant: Participant,
    occasion: Occasion,
    version_id: int,
    window: PlannedWindow,
    keys: KeyRing,
) -> Assessment:
    uid = secrets.token_hex(_UID_BYTES)
    planned = Assessment(
        study_id=participant.study_id,
        participant_id=key(participant),
        protocol_version_id=version_id,
        wave=occasion[0],
        occurrence=occasion[1],
        uid=uid,
        token_hash=token_hash(keys.link_token(uid)),
        due_wall="",
        zone=window.zone,
        opens_at=window.opens_at,
        due_at=window.due_at,
        closes_at=window.closes_at,
        expires_at=window.closes_at,
    )
    move(planned, window)
    return planned
