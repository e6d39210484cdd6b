"""Erasure of all that is personal; what proves the trial stays, under the public id.

A participant asks for it; somebody of the team does it.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.codes import CodePurpose, Tried
from longwave.domain.lifecycle import Messages
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.permissions import Action
from longwave.domain.tasks import TaskKind
from longwave.keys import KeyRing
from longwave.services import codes, personal, tasks, timeline, withdrawal
from longwave.services.participant import hold, move, person_of, record, required_reason
from longwave.storage import alert as alerts
from longwave.storage import course, erasure
from longwave.storage import message as messages
from longwave.storage import participant as participants
from longwave.storage import screening as register
from longwave.storage import task as task_rows
from longwave.storage.tables import Participant
from longwave.storage.tables.base import key

_PARTICIPANT = "participant"
_DONE = "The data were erased."


def prepare(session: Session, participant: Participant, *, now: datetime) -> None:
    """Stop messages at once for somebody who is about to ask for erasure.

    The caller commits that by itself, before it asks for the code: messages stop also for whom no
    code can be sent.

    Raises
    ------
    RefusedTransitionError
        If the data were erased already.
    """
    participant = hold(session, participant)
    lifecycle.erase(person_of(participant))
    if participant.messages == Messages.ON:
        withdrawal.pause_messages(session, participant, now=now)


def request(
    session: Session, participant: Participant, typed: str, *, keys: KeyRing, now: datetime
) -> Tried:
    """Put before the team that a participant wants to be erased, if the code was typed.

    The caller commits whatever comes of it: a wrong code is counted.
    """
    participant = hold(session, participant)
    tried, code = codes.try_code(
        session, participant, CodePurpose.ERASURE, typed, keys=keys, now=now
    )
    if code is None:
        return tried
    if requested_at(session, participant) is None:
        kind = TaskKind.ERASURE_REQUESTED
        about = f"{participant.public_id}:{code.id}"
        study_id = participant.study_id
        tasks.add(session, study_id, kind, about, participant=participant, now=now)
        told = "participant.erasure_requested"
        record(session, participant, told, {}, actor=_PARTICIPANT, now=now)
    return tried


def requested_at(session: Session, participant: Participant) -> datetime | None:
    """Return since when a participant waits to be erased; None if she does not."""
    waiting = task_rows.open_about(session, key(participant), (TaskKind.ERASURE_REQUESTED,))
    return waiting[0].added_at if waiting else None


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
    for task in task_rows.open_about(session, key(participant), (TaskKind.ERASURE_REQUESTED,)):
        tasks.finish(session, task, note=_DONE, actor=viewer.name, now=now)


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
    codes.forget(session, participant)
    personal.forget(session, participant)
    participant.screening = None
    session.flush()
    session.expire_all()
