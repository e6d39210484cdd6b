"""Calendar files: when a participant's questionnaires can be answered, and nothing about them.

They hold no links: calendars are shared, and a link is its owner's alone.
"""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime

from sqlmodel import Session

from longwave.domain.calendar import Event, calendar_file
from longwave.domain.lifecycle import AssessmentStatus
from longwave.i18n import translator
from longwave.keys import KeyRing, Purpose
from longwave.services import outlook
from longwave.services.study import current_protocol
from longwave.storage import assessment as assessments
from longwave.storage import study as studies
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_AHEAD = (AssessmentStatus.SCHEDULED, AssessmentStatus.OPEN, AssessmentStatus.STARTED)


def of_assessment(
    assessment: Assessment,
    closes_at: datetime,
    participant: Participant,
    *,
    keys: KeyRing,
    now: datetime,
) -> bytes:
    """Return a calendar with the one entry of an assessment that closes at ``closes_at``."""
    occasion = (assessment.wave, assessment.occurrence)
    event = _event(participant, occasion, assessment.opens_at, closes_at, keys)
    return calendar_file([event], now=now)


def example(opens_at: datetime, closes_at: datetime, *, language: str) -> bytes:
    """Return such a calendar for no assessment in particular."""
    return calendar_file([_entry("example", opens_at, closes_at, language)], now=opens_at)


def of_participant(
    session: Session,
    participant: Participant,
    *,
    keys: KeyRing,
    now: datetime,
    waves: Container[str] | None = None,
) -> bytes | None:
    """Return a calendar of all that is planned for a participant; None if nothing is.

    ``waves`` are those to be told of; all but sampled ones, whose times are a surprise, if not
    given.
    """
    told = _told(session, participant) if waves is None else waves
    events = [
        _event(participant, (found.wave, found.occurrence), found.opens_at, found.expires_at, keys)
        for found in assessments.of_participant(session, key(participant))
        if found.wave in told and found.status in _AHEAD
    ]
    return calendar_file(events, now=now) if events else None


def of_newcomer(
    session: Session, participant: Participant, *, signed_at: datetime, keys: KeyRing
) -> bytes:
    """Return a calendar of what lies before whoever has just signed.

    The same entries come again from `of_participant`, and take their place.
    """
    told = _told(session, participant)
    events = [
        _event(participant, (found.wave, found.occurrence), found.opens_at, found.closes_at, keys)
        for found in outlook.expected(session, participant, signed_at, keys)
        if found.wave in told
    ]
    return calendar_file(events, now=signed_at)


def _told(session: Session, participant: Participant) -> set[str]:
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    return {wave.id for wave in protocol.waves if wave.sampling is None}


def _event(
    participant: Participant,
    occasion: tuple[str, int],
    opens_at: datetime,
    closes_at: datetime,
    keys: KeyRing,
) -> Event:
    # A calendar is shared: its entries must not tell whose they are.
    wave, occurrence = occasion
    name = f"{participant.study_id}:{participant.public_id}:{wave}:{occurrence}"
    digest = keys.mac(Purpose.CALENDAR, name)
    return _entry(digest[:32], opens_at, closes_at, participant.language)


def _entry(name: str, opens_at: datetime, closes_at: datetime, language: str) -> Event:
    say = translator(language)
    return Event(
        uid=f"{name}@longwave",
        starts_at=opens_at,
        ends_at=closes_at,
        title=say("Questionnaire"),
        notes=say("A message with your link comes when it opens."),
    )
