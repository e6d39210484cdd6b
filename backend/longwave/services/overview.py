"""What staff see of a study: counts, and participants with their status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.blinding import (
    Concealed,
    Viewer,
    follow_up_shown,
    message_is_shown,
    waves_shown,
    waves_that_tell,
)
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import AssessmentStatus, FollowUp, StudyMode
from longwave.domain.permissions import Action
from longwave.domain.protocol.model import Protocol, Wave
from longwave.domain.protocol.programme import Text
from longwave.keys import KeyRing
from longwave.services import heartbeat
from longwave.services.study import current_protocol, current_version, get_study
from longwave.storage import assessment as assessments
from longwave.storage import overview
from longwave.storage.tables import Participant, Study
from longwave.storage.tables.base import key


@dataclass(frozen=True, slots=True)
class WaveCounts:
    """How many assessments of a wave stand where. ``due`` counts all whose window has opened."""

    wave: str
    label: Text
    due: int
    completed: int
    open: int
    partial: int
    missed: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """One arm's counts."""

    arm: str
    label: Text
    randomised: int
    withdrawn: int
    waves: tuple[WaveCounts, ...]


@dataclass(frozen=True, slots=True)
class StudyOverview:
    """A study at a glance, over the sites of whoever looks."""

    study: Study
    title: Text
    protocol_version: int
    protocol_hash: str
    target_n: int
    screened: int
    ineligible: int
    enrolled: int
    randomised: int
    withdrawn: int
    waves: tuple[WaveCounts, ...]
    arms: Concealed[tuple[ArmCounts, ...]]
    enrolled_by_month: tuple[tuple[date, int], ...]
    messages: Mapping[str, int]
    last_tick: datetime | None


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One participant; without the waves whose time would tell the arm, where it must not.

    ``waves`` says where each stands: a repeated one by the last of its occurrences that began.
    """

    public_id: str
    site: str
    language: str
    stage: str
    programme: Concealed[str]
    follow_up: str
    arm: Concealed[str | None]
    enrolled_on: date
    waves: Mapping[str, str]


def study_overview(session: Session, study: Study, viewer: Viewer) -> StudyOverview:
    """Count a study's participants, assessments and messages."""
    viewer.require(Action.SEE_STUDY)
    sites = viewer.sites_for(Action.SEE_STUDY)
    study_id = key(study)
    protocol = current_protocol(session, study)
    version = current_version(session, study)
    waves = waves_shown(protocol, blinded=viewer.blinded)
    stages = overview.count_stages(session, study_id, sites)
    follow_up = overview.count_enrolled_by_follow_up(session, study_id, sites)
    counted = overview.count_assessments(session, study_id, sites)
    times = overview.enrolment_times(session, study_id, sites)
    return StudyOverview(
        study=study,
        title=protocol.study.title,
        protocol_version=version.number,
        protocol_hash=version.hash,
        target_n=protocol.study.target_n,
        screened=sum(stages.values()),
        ineligible=stages.get("ineligible", 0),
        enrolled=sum(follow_up.values()),
        randomised=stages.get("randomised", 0),
        withdrawn=follow_up.get(FollowUp.WITHDRAWN, 0),
        waves=_wave_counts(waves, ((wave, status, n) for _, wave, status, n in counted)),
        arms=Concealed(
            _arm_counts(protocol, counted, overview.count_allocated(session, study_id, sites))
        ),
        enrolled_by_month=_by_month(times, ZoneInfo(protocol.study.timezone)),
        messages=_message_counts(
            overview.count_messages(session, study_id, sites), protocol, viewer
        ),
        last_tick=heartbeat.last_tick(session),
    )


def participant_rows(
    session: Session, study: Study, viewer: Viewer, *, offset: int, limit: int
) -> tuple[list[ParticipantRow], int]:
    """Return one page of the enrolled participants, and how many there are in all."""
    viewer.require(Action.SEE_PARTICIPANTS)
    sites = viewer.sites_for(Action.SEE_PARTICIPANTS)
    found = overview.enrolled_page(session, key(study), sites, offset=offset, limit=limit)
    total = sum(overview.count_enrolled_by_follow_up(session, key(study), sites).values())
    return _rows(session, study, viewer, found), total


def participant_row(
    session: Session, study: Study, public_id: str, viewer: Viewer
) -> ParticipantRow:
    """Return one participant who enrolled.

    Raises
    ------
    NotFoundError
        If there is none of this id at the sites of whoever looks.
    """
    participant = find_participant(session, study, public_id)
    viewer.require(Action.SEE_PARTICIPANTS, site=participant.site)
    (row,) = _rows(session, study, viewer, [participant])
    return row


def find_participant(session: Session, study: Study, public_id: str) -> Participant:
    """Return the participant with a public id who enrolled; the caller looks who may know.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    found = overview.by_public_id(session, key(study), public_id.strip().upper())
    if found is None or found.enrolled_at is None:
        raise NotFoundError("There is no such participant at your sites.", "Check the id.")
    return found


def _rows(
    session: Session, study: Study, viewer: Viewer, found: list[Participant]
) -> list[ParticipantRow]:
    ids = [key(participant) for participant in found]
    hidden = waves_that_tell(current_protocol(session, study)) if viewer.blinded else frozenset()
    waves: dict[int, dict[str, str]] = {participant_id: {} for participant_id in ids}
    for participant_id, wave, status in assessments.statuses(session, ids):
        begun = status != AssessmentStatus.SCHEDULED or wave not in waves[participant_id]
        if wave not in hidden and begun:
            waves[participant_id][wave] = status
    arms = overview.arms_of(session, ids)
    return [
        ParticipantRow(
            public_id=participant.public_id,
            site=participant.site,
            language=participant.language,
            stage=participant.stage,
            programme=Concealed(participant.programme),
            follow_up=follow_up_shown(participant.follow_up, hidden, blinded=viewer.blinded),
            arm=Concealed(arms.get(key(participant))),
            enrolled_on=_local_date(participant.enrolled_at, participant.zone),
            waves=waves[key(participant)],
        )
        for participant in found
    ]


def open_assessments(
    session: Session, slug: str, *, keys: KeyRing, now: datetime, limit: int
) -> list[tuple[str, str, str]]:
    """Return (public id, wave, path of the link) of open assessments of a trial run, to try.

    Raises
    ------
    NotAllowedError
        If the study is live: there, a link is for its participant alone.
    """
    study = get_study(session, slug)
    if study.mode != StudyMode.TRIAL_RUN:
        raise NotAllowedError("The links of a live study are its participants' own.")
    return [
        (participant.public_id, assessment.wave, f"/l/{keys.link_token(assessment.uid)}")
        for assessment, participant in assessments.open_now(session, key(study), now, limit)
    ]


def _wave_counts(
    waves: Iterable[Wave], counted: Iterable[tuple[str, str, int]]
) -> tuple[WaveCounts, ...]:
    totals: Counter[tuple[str, str]] = Counter()
    for wave, status, count in counted:
        totals[wave, status] += count

    def total(wave: str, *statuses: AssessmentStatus) -> int:
        return sum(totals[wave, status] for status in statuses)

    state = AssessmentStatus
    return tuple(
        WaveCounts(
            wave=wave.id,
            label=wave.label,
            due=total(
                wave.id, state.OPEN, state.STARTED, state.COMPLETED, state.PARTIAL, state.EXPIRED
            ),
            completed=total(wave.id, state.COMPLETED),
            open=total(wave.id, state.OPEN, state.STARTED),
            partial=total(wave.id, state.PARTIAL),
            missed=total(wave.id, state.EXPIRED),
            cancelled=total(wave.id, state.CANCELLED),
        )
        for wave in waves
    )


def _message_counts(
    counted: list[tuple[str, str | None, str, int]], protocol: Protocol, viewer: Viewer
) -> dict[str, int]:
    hidden = waves_that_tell(protocol)
    totals: Counter[str] = Counter()
    for kind, wave, state, count in counted:
        if not viewer.blinded or message_is_shown(kind, wave, hidden):
            totals[state] += count
    return dict(totals)


def _arm_counts(
    protocol: Protocol,
    counted: list[tuple[str | None, str, str, int]],
    allocated: list[tuple[str, str, int]],
) -> tuple[ArmCounts, ...]:
    return tuple(
        ArmCounts(
            arm=arm.id,
            label=arm.label,
            randomised=sum(n for found, _, n in allocated if found == arm.id),
            withdrawn=sum(
                n
                for found, follow_up, n in allocated
                if found == arm.id and follow_up == FollowUp.WITHDRAWN
            ),
            waves=_wave_counts(
                protocol.waves,
                ((wave, status, n) for found, wave, status, n in counted if found == arm.id),
            ),
        )
        for arm in protocol.arms.values()
    )


def _by_month(times: list[datetime], zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    months = Counter(at.astimezone(zone).date().replace(day=1) for at in times)
    cumulative, points = 0, []
    for month in sorted(months):
        cumulative += months[month]
        points.append((month, cumulative))
    return tuple(points)


def _local_date(at: datetime | None, zone: str) -> date:
    assert at is not None
    return at.astimezone(ZoneInfo(zone)).date()
