"""Leaving the study, and wanting no messages: two different things."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlmodel import Session

from longwave.domain.lifecycle import Messages
from longwave.domain.lifecycle import participant as lifecycle
from longwave.services import outbox, timeline
from longwave.services.participant import hold, hold_open, move, record
from longwave.storage.tables import Participant

_PARTICIPANT = "participant"


def withdraw(
    session: Session,
    participant: Participant,
    *,
    now: datetime,
    actor: str = _PARTICIPANT,
    reason: str | None = None,
) -> None:
    """Withdraw a participant; what was answered is kept, nothing more is asked or sent.

    That is possible at any time, also when the study is locked; then nothing but the
    withdrawal itself is written. Nobody needs a ``reason`` to leave; one that is given enters
    the trail as it is, and must name nobody.
    """
    participant = hold(session, participant)
    move(participant, lifecycle.withdraw)
    participant.withdrawn_at = now
    timeline.end(session, participant, now=now, actor=actor)
    payload = {"reason": reason.strip()} if reason and reason.strip() else {}
    record(session, participant, "participant.withdrew", payload, actor=actor, now=now)


def pause_messages(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send this participant nothing until told otherwise; the study goes on."""
    _set_messages(session, hold(session, participant), Messages.PAUSED, now)


def resume_messages(session: Session, participant: Participant, *, now: datetime) -> None:
    """Send messages again."""
    participant, _ = hold_open(session, participant)
    _set_messages(session, participant, Messages.ON, now)
    outbox.release(session, participant, now=now)


def _set_messages(
    session: Session, participant: Participant, wanted: Messages, now: datetime
) -> None:
    move(participant, partial(lifecycle.want_messages, wanted=wanted))
    record(session, participant, f"participant.messages_{wanted}", {}, actor=_PARTICIPANT, now=now)
