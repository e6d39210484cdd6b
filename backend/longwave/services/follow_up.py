"""What staff learn of a participant who is no longer heard of: lost, found again, deceased."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.permissions import Action
from longwave.keys import KeyRing
from longwave.services import timeline
from longwave.services.participant import hold_open, move, record, required_reason
from longwave.storage.tables import Participant


def mark_lost(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Give up looking for a participant: what is open is closed, and nothing more is sent.

    What is planned for later stays planned, and is cancelled as its time comes.

    Raises
    ------
    RefusedTransitionError
        If this participant is not followed, or the study is locked.
    """
    viewer.require(Action.FOLLOW_UP, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    move(participant, lifecycle.lose)
    timeline.end(session, participant, now=now, actor=viewer.name, for_ever=False)
    record(session, participant, "participant.lost", {"reason": reason}, actor=viewer.name, now=now)


def mark_found(
    session: Session,
    participant: Participant,
    *,
    reason: str,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Take up the follow-up of a participant who was lost: what has not been missed is asked.

    A crossover that came due in the meantime happens now.
    """
    viewer.require(Action.FOLLOW_UP, site=participant.site)
    reason = required_reason(reason)
    participant, study = hold_open(session, participant)
    move(participant, lifecycle.find)
    record(
        session, participant, "participant.found", {"reason": reason}, actor=viewer.name, now=now
    )
    timeline.take_up_again(session, study, participant, keys=keys, now=now)


def mark_deceased(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Note that a participant has died: all that is planned is cancelled, nothing is sent.

    ``reason`` says how this is known. It enters the trail as it is, and must name nobody.
    """
    viewer.require(Action.FOLLOW_UP, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    move(participant, lifecycle.die)
    timeline.end(session, participant, now=now, actor=viewer.name)
    record(
        session,
        participant,
        "participant.deceased",
        {"reason": reason},
        actor=viewer.name,
        now=now,
    )
