"""What staff see of a study: counts, and participants with their status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError
from longwave.domain.lifecycle import AssessmentStatus, FollowUp, StudyMode
from longwave.domain.protocol.model import Protocol, Text
from longwave.keys import KeyRing
from longwave.services import heartbeat
from longwave.services.study import current_protocol, current_version, get_study
from longwave.storage import assessment as assessments
from longwave.storage import overview
from longwave.storage import participant as participants
from longwave.storage.tables import Study
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
    """One arm's counts; only for those who may know."""

    arm: str
    label: Text
    randomised: int
    withdrawn: int
    waves: tuple[WaveCounts, ...]


@dataclass(frozen=True, slots=True)
class StudyOverview:
    """A study at a glance. ``arms`` is None for a blinded viewer."""

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
    arms: tuple[ArmCounts, ...] | None
    enrolled_by_month: tuple[tuple[date, int], ...]
    messages: Mapping[str, int]
    last_tick: datetime | None


@dataclass(frozen=True, slots=True)
class ParticipantRow:
    """One participant. ``arm`` and ``programme`` are None for a blinded viewer."""

    public_id: str
    site: str
    language: str
    stage: str
    programme: str | None
    follow_up: str
    arm: str | None
    enrolled_on: date
    waves: Mapping[str, str]


def study_overview(session: Session, slug: str, viewer: Viewer) -> StudyOverview:
    """Count a study's participants, assessments and messages."""
    study = get_study(session, slug)
    protocol = current_protocol(session, study)
    version = current_version(session, study)
    stages = overview.count_stages(session, key(study))
    follow_up = overview.count_enrolled_by_follow_up(session, key(study))
    counted = overview.count_assessments(session, key(study))
    times = overview.enrolment_times(session, key(study))
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
        waves=_wave_counts(protocol, ((wave, status, n) for _, wave, status, n in counted)),
        arms=_arm_counts(session, study, protocol, counted) if viewer.sees_arms else None,
        enrolled_by_month=_by_month(times, ZoneInfo(protocol.study.timezone)),
        messages=overview.count_messages(session, key(study)),
        last_tick=heartbeat.last_tick(session),
    )


def participant_rows(
    session: Session, slug: str, viewer: Viewer, *, offset: int, limit: int
) -> tuple[list[ParticipantRow], int]:
    """Return one page of the enrolled participants, and how many there are in all."""
    study = get_study(session, slug)
    found = participants.page(session, key(study), offset, limit)
    ids = [key(participant) for participant in found]
    waves: dict[int, dict[str, str]] = {participant_id: {} for participant_id in ids}
    for participant_id, wave, status in assessments.statuses(session, ids):
        waves[participant_id][wave] = status
    arms = overview.arms_of(session, ids) if viewer.sees_arms else {}
    rows = [
        ParticipantRow(
            public_id=participant.public_id,
            site=participant.site,
            language=participant.language,
            stage=participant.stage,
            programme=participant.programme if viewer.sees_arms else None,
            follow_up=participant.follow_up,
            arm=arms.get(key(participant)),
            enrolled_on=_local_date(participant.enrolled_at, participant.zone),
            waves=waves[key(participant)],
        )
        for participant in found
    ]
    return rows, participants.count_enrolled(session, key(study))


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
    protocol: Protocol, counted: Iterable[tuple[str, str, int]]
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
        for wave in protocol.waves
    )


def _arm_counts(
    session: Session,
    study: Study,
    protocol: Protocol,
    counted: list[tuple[str | None, str, str, int]],
) -> tuple[ArmCounts, ...]:
    allocated = overview.count_allocated(session, key(study))
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
                protocol,
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
