"""Erasure of all that is personal; what proves the trial stays, under the public id."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.permissions import Action
from longwave.services import personal, timeline
from longwave.services.participant import hold, move, record, required_reason
from longwave.storage import alert as alerts
from longwave.storage import course, erasure
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import screening as register
from longwave.storage.tables import Participant
from longwave.storage.tables.base import key


def erase(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Erase a participant's name, address, answers and alerts; who takes part leaves by it.

    Allocation, stratum and the proof of consent stay, and so does the trail: what it holds of
    personal values can be read by nobody without the key that is deleted here. It is possible
    at any time, also when the study is locked.

    Raises
    ------
    RefusedTransitionError
        If it was done before.
    """
    viewer.require(Action.ERASE, site=participant.site)
    reason = required_reason(reason)
    participant = hold(session, participant)
    before = participant.follow_up
    move(participant, lifecycle.erase)
    timeline.end(session, participant, now=now, actor=viewer.name)
    if participant.follow_up != before:
        participant.withdrawn_at = now
        record(session, participant, "participant.withdrew", {}, actor=viewer.name, now=now)
    _delete(session, participant)
    participant.erased_at = now
    payload = {"reason": reason}
    record(session, participant, "participant.erased", payload, actor=viewer.name, now=now)


def _delete(session: Session, participant: Participant) -> None:
    contact = participants.contact(session, key(participant))
    if contact is not None:
        register.forget_digest(session, participant.study_id, contact.digest)
        session.expunge(contact)
    erasure.delete_contact(session, key(participant))
    erasure.delete_answers(session, key(participant))
    course.forget(session, key(participant))
    alerts.delete_of(session, key(participant))
    messages.forget_details(session, key(participant))
    personal.forget(session, participant)
    participant.screening = None
    session.flush()
    session.expire_all()
