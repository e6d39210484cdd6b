"""Calendar files: when a participant's questionnaires can be answered, and nothing about them.

They hold no links: calendars are shared, and a link is its owner's alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container
from datetime import datetime

from sqlmodel import Session

from longwave.domain.calendar import Event, calendar_file
from longwave.domain.lifecycle import AssessmentStatus
from longwave.i18n import translator
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_AHEAD = (AssessmentStatus.SCHEDULED, AssessmentStatus.OPEN, AssessmentStatus.STARTED)


def of_assessment(
    assessment: Assessment, closes_at: datetime, *, language: str, now: datetime
) -> bytes:
    """Return a calendar with the one entry of an assessment that closes at ``closes_at``."""
    return calendar_file([_event(assessment, closes_at, language)], now=now)


def example(opens_at: datetime, closes_at: datetime, *, language: str) -> bytes:
    """Return such a calendar for no assessment in particular."""
    return calendar_file([_entry("example", opens_at, closes_at, language)], now=opens_at)


def of_participant(
    session: Session,
    participant: Participant,
    *,
    now: datetime,
    waves: Container[str] | None = None,
) -> bytes | None:
    """Return a calendar of all that is planned for a participant; None if nothing is.

    ``waves`` are those to be told of; all but sampled ones, whose times are a surprise, if not
    given.
    """
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    told = {wave.id for wave in protocol.waves if wave.sampling is None} if waves is None else waves
    events = [
        _event(found, found.expires_at, participant.language)
        for found in assessments.of_participant(session, key(participant))
        if found.wave in told and found.status in _AHEAD
    ]
    return calendar_file(events, now=now) if events else None


def _event(assessment: Assessment, closes_at: datetime, language: str) -> Event:
    # Links are made from the assessment's uid; so that is not shown as it is.
    digest = hashlib.sha256(f"calendar:{assessment.uid}".encode()).hexdigest()
    return _entry(digest[:32], assessment.opens_at, closes_at, language)


def _entry(name: str, opens_at: datetime, closes_at: datetime, language: str) -> Event:
    say = translator(language)
    return Event(
        uid=f"{name}@longwave",
        starts_at=opens_at,
        ends_at=closes_at,
        title=say("Questionnaire"),
        notes=say("A message with your link comes when it opens."),
    )
