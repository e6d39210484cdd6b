"""The audit trail: one event for each thing that happened, sealed in blocks."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlmodel import Session

from longwave.keys import KeyRing, Purpose
from longwave.storage import trail
from longwave.storage.tables import Event, Participant, Seal, Study
from longwave.storage.tables.base import key

_BLOCK = 10_000
GENESIS = "0" * 64


def record(
    session: Session,
    study: Study | None,
    kind: str,
    payload: dict[str, Any],
    *,
    actor: str,
    now: datetime,
    participant: Participant | None = None,
) -> None:
    """Write one event. ``payload`` must hold no personal value."""
    note(
        session,
        kind,
        payload,
        study_id=study.id if study else None,
        participant_id=participant.id if participant else None,
        actor=actor,
        now=now,
    )


def note(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    study_id: int | None,
    participant_id: int | None,
    actor: str,
    now: datetime,
) -> None:
    """Write one event about rows that only their keys are known of."""
    trail.append(
        session,
        {
            "study_id": study_id,
            "participant_id": participant_id,
            "kind": kind,
            "actor": actor,
            "at": now,
            "payload": payload,
        },
    )


def seal(session: Session, *, upto: int, keys: KeyRing, now: datetime) -> int:
    """Seal the events up to id ``upto`` in blocks; return how many were sealed.

    A block's head is the HMAC-SHA-256, under a key that the database does not hold, of the
    head before it and of every event in it.
    """
    sealed = 0
    if not trail.may_seal(session):
        return sealed
    last = trail.last_seal(session)
    while block := trail.between(session, last.last_event if last else 0, upto, _BLOCK):
        last = Seal(
            number=last.number + 1 if last else 1,
            first_event=key(block[0]),
            last_event=key(block[-1]),
            head=block_head(keys, last.head if last else GENESIS, block),
            sealed_at=now,
        )
        session.add(last)
        session.flush()
        sealed += len(block)
        if last.last_event >= upto:
            break
    return sealed


def has_unsealed(session: Session) -> bool:
    """Whether there are events that no seal covers yet."""
    last = trail.last_seal(session)
    return trail.last_event_id(session) > (last.last_event if last else 0)


def horizon(session: Session) -> int:
    """Return the id up to which the trail is final; call it in a transaction of its own."""
    return trail.horizon(session)


def block_head(keys: KeyRing, previous: str, events: list[Event]) -> str:
    """Return the head of a block that follows a block with head ``previous``."""
    lines = [previous, *(_canonical(event) for event in events)]
    return keys.mac(Purpose.TRAIL, "\n".join(lines))


def head(session: Session) -> str:
    """Return the newest head of the trail."""
    last = trail.last_seal(session)
    return last.head if last else GENESIS


def _canonical(event: Event) -> str:
    return json.dumps(
        [
            event.id,
            event.study_id,
            event.participant_id,
            event.kind,
            event.actor,
            event.at.isoformat(),
            event.payload,
        ],
        sort_keys=True,
    )
