"""One participant's facts: locked, looked at anew, and moved by the transitions of the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import FollowUp, Messages, ProgrammeState, Stage
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.lifecycle.participant import Person
from longwave.services import audit
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Participant, Study
from longwave.storage.tables.base import key

Transition = Callable[[Person], Person]

__all__ = [
    "Transition",
    "hold",
    "hold_open",
    "move",
    "person_of",
    "record",
    "require_open",
    "required_reason",
]


def hold(session: Session, participant: Participant) -> Participant:
    """Return a participant as she is now, for whom nobody else writes until the end."""
    return participants.lock(session, key(participant))


def hold_open(session: Session, participant: Participant) -> tuple[Participant, Study]:
    """Hold a participant, and her study open for data.

    Raises
    ------
    RefusedTransitionError
        If the study is locked or archived.
    """
    participant = hold(session, participant)
    require_open(session, participant.study_id)
    return participant, studies.by_id(session, participant.study_id)


def require_open(session: Session, study_id: int) -> None:
    """Refuse what comes after the lock, and keep the study from being locked until the end."""
    lifecycle.require_data_open(studies.hold_state(session, study_id))


def person_of(participant: Participant) -> Person:
    """Return the facts that the transitions decide by."""
    return Person(
        stage=Stage(participant.stage),
        programme=ProgrammeState(participant.programme),
        follow_up=FollowUp(participant.follow_up),
        messages=Messages(participant.messages),
        erased=participant.erased_at is not None,
    )


def move(participant: Participant, transition: Transition) -> None:
    """Let a transition decide, and store the facts that hold afterwards."""
    after = transition(person_of(participant))
    participant.stage = after.stage
    participant.programme = after.programme
    participant.follow_up = after.follow_up
    participant.messages = after.messages


def record(
    session: Session,
    participant: Participant,
    kind: str,
    payload: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
) -> None:
    """Flush, and write one event about a participant."""
    study = studies.by_id(session, participant.study_id)
    audit.record(session, study, kind, dict(payload), actor=actor, now=now, participant=participant)
    session.flush()


def required_reason(reason: str) -> str:
    """Return a reason, trimmed.

    Raises
    ------
    InvalidInputError
        If there is none.
    """
    if not reason.strip():
        raise InvalidInputError(
            "A reason is missing.",
            "Say in a few words why; name nobody.",
            {"reason": "Say in a few words why."},
        )
    return reason.strip()
