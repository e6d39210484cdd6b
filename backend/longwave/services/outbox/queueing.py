"""Messages, queued in the transaction that causes them, and cancelled with what they are about."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlmodel import Session

from longwave.domain.lifecycle import Channel
from longwave.domain.messages import Kind, Reason, reasons
from longwave.domain.messages.kinds import priority_of
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import instant
from longwave.notify.base import MESSAGE_ID_DOMAIN
from longwave.services import letters
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage.tables import Assessment, Message, Participant, Staff
from longwave.storage.tables.base import key


def queue_invitation(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    protocol: Protocol,
    *,
    now: datetime,
    at_once: bool,
) -> None:
    """Queue the invitation to an assessment, and the reminders that may follow it."""
    about = _About(session, participant, assessment, now)
    session.add(about.message(Kind.INVITATION, now, at_once=at_once))
    spans = protocol.reminders_of(protocol.wave(assessment.wave))
    opens_wall = assessment.opens_at.astimezone(ZoneInfo(assessment.zone)).replace(tzinfo=None)
    for number, span in enumerate(spans, start=1):
        at = max(instant(span.after(opens_wall), assessment.zone), now)
        if at < assessment.closes_at:
            session.add(about.message(Kind.REMINDER, at, step=f"{Kind.REMINDER}-{number}"))


def queue_link_again(
    session: Session,
    participant: Participant,
    assessment: Assessment,
    *,
    now: datetime,
    step: str | None = None,
) -> None:
    """Queue the link of an open assessment once more, unless it was sent again today.

    With a ``step``, only a message of the same step before it counts.
    """
    step = step or f"again-{now.date().isoformat()}"
    about = _About(session, participant, assessment, now)
    message = about.message(Kind.INVITATION, now, step=step, at_once=True)
    if not messages.is_queued(session, message):
        session.add(message)


def queue_consent_copy(
    session: Session, participant: Participant, version: str, *, now: datetime
) -> None:
    """Queue a copy of what a participant has just signed; it goes by e-mail."""
    queue_answer(session, participant, Kind.CONSENT_COPY, letters.consent_step(version), now=now)


def queue_answer(
    session: Session,
    participant: Participant,
    kind: Kind,
    step: str,
    *,
    now: datetime,
    channel: str = Channel.EMAIL,
) -> None:
    """Queue a message that answers what a participant has just done."""
    session.add(
        Message(
            study_id=participant.study_id,
            participant_id=key(participant),
            kind=kind,
            step=step,
            channel=channel,
            mail_id=_mail_id(),
            priority=priority_of(kind, at_once=True),
            at_once=True,
            due_at=now,
            planned_at=now,
            queued_at=now,
        )
    )


def queue_notice(
    session: Session, member: Staff, kind: Kind, step: str, study_id: int, *, now: datetime
) -> None:
    """Queue a notice to a member of staff."""
    session.add(
        Message(
            study_id=study_id,
            staff_id=key(member),
            kind=kind,
            step=step,
            mail_id=_mail_id(),
            priority=priority_of(kind, at_once=True),
            at_once=True,
            due_at=now,
            planned_at=now,
            queued_at=now,
        )
    )


def forget_assessment(session: Session, assessment: Assessment, *, now: datetime) -> None:
    """Cancel what is still to be said about an assessment that is over."""
    why = reasons.of_ending(assessment.status)
    messages.cancel_of_assessment(session, key(assessment), now, why)


def forget_participant(session: Session, participant: Participant, *, now: datetime) -> None:
    """Cancel what is still to be said to a participant who is no longer followed."""
    why = reasons.of_leaving(participant.follow_up)
    messages.cancel_pending(session, key(participant), now, why)


def release(session: Session, participant: Participant, *, now: datetime) -> None:
    """Let go what was held while a participant wanted no messages."""
    messages.release(session, key(participant), Reason.PAUSED, now)


class _About:
    """Makes messages to a participant about an assessment, on the channel that she chose."""

    def __init__(
        self, session: Session, participant: Participant, assessment: Assessment, now: datetime
    ) -> None:
        self._participant, self._assessment, self._now = participant, assessment, now
        contact = participants.contact(session, key(participant))
        self._channel = contact.channel if contact is not None else Channel.EMAIL

    def message(
        self, kind: Kind, due_at: datetime, *, step: str | None = None, at_once: bool = False
    ) -> Message:
        assessment = self._assessment
        return Message(
            study_id=self._participant.study_id,
            participant_id=key(self._participant),
            assessment_id=key(assessment),
            kind=kind,
            step=f"{assessment.wave}:{step or kind}",
            occurrence=assessment.occurrence,
            channel=self._channel,
            mail_id=_mail_id(),
            priority=priority_of(kind, at_once=at_once),
            at_once=at_once,
            due_at=due_at,
            planned_at=due_at,
            queued_at=self._now,
        )


def _mail_id() -> str:
    return f"{uuid4().hex}@{MESSAGE_ID_DOMAIN}"
