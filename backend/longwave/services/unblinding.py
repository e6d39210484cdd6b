"""Emergency unblinding: asked for with a reason, confirmed, and told to the owners."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RefusedTransitionError,
)
from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.domain.permissions import Action
from longwave.services import letters, outbox
from longwave.services.participant import hold, record, required_reason
from longwave.services.study import current_protocol
from longwave.storage import participant as participants
from longwave.storage import staff as staff_rows
from longwave.storage import study as studies
from longwave.storage import unblinding as unblindings
from longwave.storage.tables import Participant, Unblinding
from longwave.storage.tables.base import key

CONFIRM_WITHIN = timedelta(minutes=10)
"""How long a request can be confirmed."""


def request(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> Unblinding:
    """Ask to be told the arm of one participant; nothing is told yet.

    ``reason`` enters the trail as it is: it must name nobody.

    Raises
    ------
    NotAllowedError
        If this person's role does not allow it, or nobody knows who this person is.
    RefusedTransitionError
        If there is no arm to be told of.
    """
    viewer.require(Action.UNBLIND, site=participant.site)
    if viewer.staff_id is None:
        raise NotAllowedError(
            "Only a named member of staff can unblind a participant.",
            "Sign in with a token of your own.",
        )
    reason = required_reason(reason)
    participant = hold(session, participant)
    _require_arm(session, participant)
    asked = Unblinding(
        participant_id=key(participant),
        staff_id=viewer.staff_id,
        reason=reason,
        requested_at=now,
        expires_at=now + CONFIRM_WITHIN,
    )
    session.add(asked)
    payload = {"reason": reason}
    record(session, participant, "unblinding.requested", payload, actor=viewer.name, now=now)
    return asked


def confirm(
    session: Session, unblinding_id: int, *, public_id: str, viewer: Viewer, now: datetime
) -> str:
    """Return the arm, once whoever asked has typed the participant's public id again.

    Every owner of the study is told that it happened, and not the arm.

    Raises
    ------
    NotFoundError
        If this person asked for no such unblinding.
    InvalidInputError
        If the public id is another's.
    RefusedTransitionError
        If the time to confirm has passed, or it was confirmed already.
    """
    asked = unblindings.find(session, unblinding_id)
    if asked is None or viewer.staff_id is None or asked.staff_id != viewer.staff_id:
        raise NotFoundError("You asked for no such unblinding.", "Ask for it first.")
    participant = participants.lock(session, asked.participant_id)
    viewer.require(Action.UNBLIND, site=participant.site)
    unblindings.refresh(session, asked)
    if asked.confirmed_at is not None or now >= asked.expires_at:
        raise RefusedTransitionError(
            "This request can no longer be confirmed.",
            f"A request is good once, for {CONFIRM_WITHIN.seconds // 60} minutes: ask anew.",
        )
    if public_id.strip().upper() != participant.public_id:
        raise InvalidInputError(
            "This is not the id of the participant you asked about.",
            "Look at the participant's id again: is it the right person?",
            {"public_id": "Type the id of the participant you asked about."},
        )
    asked.confirmed_at = now
    record(session, participant, "unblinding.confirmed", {}, actor=viewer.name, now=now)
    for owner in staff_rows.holding(session, participant.study_id, Role.OWNER):
        step = letters.unblinding_step(key(asked))
        kind = Kind.UNBLINDING_NOTICE
        outbox.queue_notice(session, owner, kind, step, participant.study_id, now=now)
    session.flush()
    return _require_arm(session, participant)


def _require_arm(session: Session, participant: Participant) -> str:
    protocol = current_protocol(session, studies.by_id(session, participant.study_id))
    if protocol.randomisation is None:
        raise RefusedTransitionError(
            "This study does not randomise.", "There is no arm that anybody could be told of."
        )
    allocation = participants.allocation(session, key(participant))
    if allocation is None:
        raise RefusedTransitionError(
            f"Participant {participant.public_id} has not been randomised.",
            "There is no arm to be told of.",
        )
    return allocation.arm
